import pytest
import torch
from torch import nn

from meshsight.core.errors import SpecError
from meshsight.models.backbones import timm
from meshsight.models.build import build_detector
from meshsight.models.detectors import dense
from meshsight.models.heads import retina
from meshsight.models.necks import fpn
from meshsight.specs.optimisation import AdamWSpec, SgdSpec
from meshsight.training.freezing import freeze, train
from meshsight.training.optimiser import build_optimiser, describe_groups, scaled_rate, set_learning_rate


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.head = nn.Conv2d(4, 2, 1)
        self.frozen = nn.Conv2d(1, 1, 1).requires_grad_(False)


def groups_of(network: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, tuple[float, float]]:
    names = {parameter: name for name, parameter in network.named_parameters()}
    return {
        names[parameter]: (group["lr"], group["weight_decay"])
        for group in optimiser.param_groups
        for parameter in group["params"]
    }


def test_backbone_learns_slower_and_norms_and_biases_do_not_decay() -> None:
    network = Network()
    spec = AdamWSpec(learning_rate=0.01, weight_decay=0.05, backbone_factor=0.1)
    assert groups_of(network, build_optimiser(spec, network, 16)) == {
        "backbone.0.weight": (pytest.approx(0.001), 0.05),
        "backbone.0.bias": (pytest.approx(0.001), 0),
        "backbone.1.weight": (pytest.approx(0.001), 0),
        "backbone.1.bias": (pytest.approx(0.001), 0),
        "head.weight": (0.01, 0.05),
        "head.bias": (0.01, 0),
    }


def test_everything_decays_on_wish() -> None:
    network = Network()
    groups = groups_of(network, build_optimiser(SgdSpec(weight_decay=0.1, decay_norms_and_biases=True), network, 16))
    assert {decay for _, decay in groups.values()} == {0.1}


def test_the_factor_scales_every_groups_own_peak() -> None:
    network = Network()
    optimiser = build_optimiser(SgdSpec(learning_rate=0.2, backbone_factor=0.5), network, 16)
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
    for network, optimiser in ((ours, build_optimiser(spec, ours, 16)), (theirs, plain(theirs.parameters()))):
        for step in range(5):
            optimiser.zero_grad()
            network(torch.full((2, 4), 0.3 + step)).square().mean().backward()
            optimiser.step()
    torch.testing.assert_close(ours.weight, theirs.weight)


def test_the_rate_follows_the_batch_by_the_recipes_rule() -> None:
    for rule, expected in (("linear", 0.04), ("sqrt", 0.02)):
        spec = SgdSpec(learning_rate=0.01, base_batch_size=16, batch_rule=rule)
        assert scaled_rate(spec, 64) == pytest.approx(expected)
        assert scaled_rate(spec, 16) == 0.01
    assert scaled_rate(SgdSpec(learning_rate=0.01), 64) == 0.01


def test_norms_and_biases_may_decay_apart_and_parts_have_factors() -> None:
    network = Network()
    spec = SgdSpec(learning_rate=1, weight_decay=0.1, decay_biases=True, factors={"head": 0.5, "bias": 2})
    assert groups_of(network, build_optimiser(spec, network, 1)) == {
        "backbone.0.weight": (1, 0.1),
        "backbone.0.bias": (2, 0.1),
        "backbone.1.weight": (1, 0),
        "backbone.1.bias": (2, 0),
        "head.weight": (0.5, 0.1),
        "head.bias": (1, 0.1),
    }


def test_layer_decay_merges_groups_and_leaves_the_head_alone() -> None:
    detector = build_detector(
        dense.Spec(backbone=timm.Spec(name="resnet50", pretrained=False), neck=fpn.Spec(), head=retina.Spec()), 2
    )
    spec = AdamWSpec(learning_rate=1, layer_decay={"rate": 0.5})
    optimiser = build_optimiser(spec, detector, 1)
    # Six layers and the stem, with and without weight decay, and the head's two.
    assert len(optimiser.param_groups) == 2 * (7 + 1)
    rows = describe_groups(optimiser)
    assert rows[0][0] == 1
    assert rows[-1][0] == 0.5**7
    rates = groups_of(detector, optimiser)
    assert rates["backbone.network.conv1.weight"][0] == 0.5**7
    assert rates["backbone.network.layer4.2.conv3.weight"][0] == 0.5
    assert {rate for name, (rate, _) in rates.items() if not name.startswith("backbone")} == {1}


def test_frozen_parts_rest_and_unknown_ones_are_named() -> None:
    network = Network()
    resting = freeze(network, ("backbone.1",))
    train(network, resting)
    assert network.training
    assert not network.backbone[1].training
    assert not any(part.requires_grad for part in network.backbone[1].parameters())
    assert "backbone.1.weight" not in groups_of(network, build_optimiser(SgdSpec(), network, 1))
    with pytest.raises(SpecError, match=r"no part 'bakbone'; did you mean 'backbone'"):
        freeze(network, ("bakbone",))
