import torch
from torch import nn

from meshsight.training.ema import WeightAverage


def test_the_average_equals_the_slow_formula_for_parameters_and_running_statistics() -> None:
    torch.manual_seed(0)
    source = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)
    average = WeightAverage(source, decay=0.6)
    slow = {name: tensor.clone().double() for name, tensor in source.state_dict().items()}
    for step in range(8):
        with torch.no_grad():
            for parameter in source.parameters():
                parameter.add_(torch.randn_like(parameter))
        source(torch.randn(2, 3, 8, 8))  # moves the running statistics
        average.update(step)
        decay = min(0.6, (1 + step) / (10 + step))
        for name, tensor in source.state_dict().items():
            slow[name] = decay * slow[name] + (1 - decay) * tensor.double()
    for name, tensor in average.network.state_dict().items():
        if name == "1.num_batches_tracked":
            assert tensor == 8
        else:
            torch.testing.assert_close(tensor.double(), slow[name], rtol=1e-5, atol=1e-6)


def test_the_copy_neither_learns_nor_trains() -> None:
    average = WeightAverage(nn.BatchNorm2d(3).train(), decay=0.9)
    assert not average.network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
