from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from timm.layers import BatchNormAct2d, SyncBatchNormAct
from torch import nn

from meshsight.core.errors import SpecError
from meshsight.training.shared_norm import SharedBatchNorm2d, SharedBatchNormAct2d, share_norms


@pytest.fixture
def group_of_one(tmp_path: Path) -> Iterator[None]:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.usefixtures("group_of_one")
@pytest.mark.parametrize("mean", [0.0, 30.0])
def test_it_equals_torchs_batch_norm_forwards_backwards_and_in_what_it_remembers(mean: float) -> None:
    torch.manual_seed(0)
    ours, theirs = SharedBatchNorm2d(8), nn.BatchNorm2d(8)
    target = torch.randn(4, 8, 3, 3)
    for _ in range(3):
        x = torch.randn(4, 8, 3, 3) + mean
        inputs = [x.clone().requires_grad_() for _ in range(2)]
        outputs = [norm(each) for norm, each in zip((ours, theirs), inputs, strict=True)]
        torch.testing.assert_close(*outputs, rtol=1e-4, atol=1e-5)
        for output in outputs:
            (output - target).square().sum().backward()
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())
    torch.testing.assert_close(ours.weight.grad, theirs.weight.grad, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_layers_keep_their_weights_when_they_become_shared() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    share_norms(network, torch.device("cpu"))
    assert isinstance(network[1], SharedBatchNorm2d)
    torch.testing.assert_close(dict(network.state_dict()), before)
    x = torch.randn(2, 3, 4, 4)
    assert network(x).shape == (2, 4, 4, 4)  # alone, it is plain batch normalisation


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_layers_change_in_place_and_keep_what_comes_after(kind: str) -> None:
    """On CUDA only the change can be seen here: its layers normalise on such a device alone."""
    network = nn.Sequential(nn.Conv2d(3, 4, 1), BatchNormAct2d(4, act_layer=nn.ReLU6), nn.BatchNorm2d(4))
    layers, x = list(network), torch.randn(2, 3, 4, 4) * 9
    before = network.eval()(x)
    share_norms(network, torch.device(kind))
    assert list(network) == layers
    torch.testing.assert_close(network(x), before)
    kinds = {"cpu": [SharedBatchNormAct2d, SharedBatchNorm2d], "cuda": [SyncBatchNormAct, nn.SyncBatchNorm]}
    assert [type(part) for part in layers[1:]] == kinds[kind]


@pytest.mark.usefixtures("group_of_one")
def test_timms_layer_activates_after_the_shared_statistics() -> None:
    torch.manual_seed(0)
    ours, theirs = BatchNormAct2d(4), BatchNormAct2d(4)
    share_norms(nn.Sequential(ours), torch.device("cpu"))
    x = torch.randn(2, 4, 3, 3)
    torch.testing.assert_close(ours(x), theirs(x), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())


def test_a_layer_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(SpecError, match="'0' is of a kind"):
        share_norms(nn.Sequential(nn.BatchNorm3d(2)), torch.device("cpu"))
