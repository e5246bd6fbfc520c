import pytest
import torch
from torch import nn

from meshsight.specs.optimisation import AdamWSpec, SgdSpec
from meshsight.training.optimiser import build_optimiser, set_learning_rate


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.head = nn.Conv2d(4, 2, 1)
        self.frozen = nn.Conv2d(1, 1, 1).requires_grad_(False)


def groups_of(network: Network, optimiser: torch.optim.Optimizer) -> dict[str, tuple[float, float]]:
    names = {parameter: name for name, parameter in network.named_parameters()}
    return {
        names[parameter]: (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }


def test_backbone_learns_slower_and_norms_and_biases_do_not_decay() -> None:
    network = Network()
    spec = AdamWSpec(learning_rate=0.01, weight_decay=0.05, backbone_factor=0.1)
    assert groups_of(network, build_optimiser(spec, network)) == {
        "backbone.0.weight": (pytest.approx(0.001), 0.05),
        "backbone.0.bias": (pytest.approx(0.001), 0),
        "backbone.1.weight": (pytest.approx(0.001), 0),
        "backbone.1.bias": (pytest.approx(0.001), 0),
        "head.weight": (0.01, 0.05),
        "head.bias": (0.01, 0),
    }


def test_everything_decays_on_wish() -> None:
    network = Network()
    groups = groups_of(network, build_optimiser(SgdSpec(weight_decay=0.1, decay_norms_and_biases=True), network))
    assert {decay for _, decay in groups.values()} == {0.1}


def test_the_factor_scales_every_groups_own_peak() -> None:
    network = Network()
    optimiser = build_optimiser(SgdSpec(learning_rate=0.2, backbone_factor=0.5), network)
    for factor in (0.3, 0.1):
        assert set_learning_rate(optimiser, factor) == pytest.approx(0.2 * factor)
    rates = {round(rate, 9) for rate, _ in groups_of(network, optimiser).values()}
    assert rates == {0.02, 0.01}


@pytest.mark.parametrize(
    ("spec", "plain"),
    [
        (
            SgdSpec(learning_rate=0.1, momentum=0.9, weight_decay=0.01, nesterov=True),
            lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True, foreach=False),
        ),
        (
            AdamWSpec(learning_rate=0.1, weight_decay=0.01, beta1=0.8, beta2=0.9),
            lambda p: torch.optim.AdamW(p, lr=0.1, betas=(0.8, 0.9), weight_decay=0.01, foreach=False),
        ),
    ],
)
def test_fused_steps_equal_plain_ones(spec, plain) -> None:
    torch.manual_seed(0)
    ours, theirs = nn.Linear(4, 3, bias=False), nn.Linear(4, 3, bias=False)
    theirs.load_state_dict(ours.state_dict())
    for network, optimiser in ((ours, build_optimiser(spec, ours)), (theirs, plain(theirs.parameters()))):
        for step in range(5):
            optimiser.zero_grad()
            network(torch.full((2, 4), 0.3 + step)).square().mean().backward()
            optimiser.step()
    torch.testing.assert_close(ours.weight, theirs.weight)
