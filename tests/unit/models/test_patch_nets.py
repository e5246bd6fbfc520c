"""One battery over every family of patch networks, and the published ones by their size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from meshsight.models.kinds import PATCH_KINDS
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.entry import position_channel
from meshsight.models.patch.families import circle, classifier, early_exit, joint
from meshsight.models.patch.losses import class_loss
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.published import (
    NAOTH_DENSE,
    NAOTH_FILTERS,
    naoth_circle,
    naoth_classifier,
    naoth_go24,
    naoth_tiny,
)
from meshsight.models.patch.spec import CircleLossSpec, ClassLossSpec, PatchSpec, PenaltySpec
from meshsight.models.patch.targets import PatchTargets
from meshsight.models.weights import load_weights, save_weights
from meshsight.specs.base import parse_spec

NETS: dict[str, PatchSpec] = {
    "classifier": classifier.Spec(),
    "classifier-sigmoid-position": classifier.Spec(output="sigmoid", has_position=True, dense=()),
    "classifier-go24": naoth_go24(),
    "circle": circle.Spec(),
    "circle-sigmoid": circle.Spec(circle_activation="sigmoid", circle_loss=CircleLossSpec(kind="huber")),
    "joint-rgb": joint.Spec(channels=3, input_hw=(16, 20), circle_loss=CircleLossSpec(kind="iou")),
    "early-exit": early_exit.Spec(has_position=True, exit_dense=(8,), exit_threshold=0.5),
}
PUBLISHED = (
    ((4, 4, 4, 4), (582, 694, 918, 1366)),
    ((4, 4, 8, 8), (1022, 1198, 1550, 2254)),
    ((8, 8, 16, 16), (3370, 3674, 4282, 5498)),
    ((8, 16, 32, 64), (15698, 16770, 18914, 23202)),
)
"""Numbers of parameters for dense widths of 16, 32, 64 and 128."""


def make(spec: PatchSpec) -> PatchNet:
    torch.manual_seed(0)
    return build_patch_net(spec)


@pytest.fixture(params=sorted(NETS))
def spec(request: pytest.FixtureRequest) -> PatchSpec:
    return NETS[request.param]


def make_patches(spec: PatchSpec, count: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    patches = torch.randint(0, 256, (count, spec.channels, *spec.input_hw), generator=generator).float()
    return patches, torch.rand(count, 4, generator=generator)


def make_targets(count: int = 6) -> PatchTargets:
    circles = torch.rand(count, 3, generator=torch.Generator().manual_seed(2)) * 0.5 + 0.25
    balls = (torch.arange(count) % 2).float()
    return PatchTargets(balls, circles, balls > 0)


def total_loss(net: PatchNet, targets: PatchTargets) -> Tensor:
    patches, places = make_patches(net.spec, len(targets.balls))
    return torch.stack(list(net.loss(net(patches, places), targets).values())).sum()


def test_every_family_is_in_the_battery() -> None:
    assert {spec.kind for spec in NETS.values()} == set(PATCH_KINDS.names)


@pytest.mark.parametrize(("filters", "expected"), PUBLISHED)
def test_the_published_nets_have_their_published_size(filters: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert filters in NAOTH_FILTERS
    found = [build_patch_net(naoth_classifier(filters, dense)).num_parameters for dense in NAOTH_DENSE]
    assert tuple(found) == expected


def test_other_published_nets_have_their_size() -> None:
    large = naoth_classifier((8, 8, 16, 16)).evolve(input_hw=(32, 32))
    specs = (large, naoth_go24(), naoth_tiny(1), naoth_tiny(2), naoth_tiny(3), naoth_circle())
    assert [build_patch_net(spec).num_parameters for spec in specs] == [12474, 36402, 1285, 629, 1357, 1615]


def test_a_spec_survives_json(spec: PatchSpec) -> None:
    assert parse_spec(type(spec), spec.model_dump(mode="json"), "here") == spec


@pytest.mark.parametrize(
    ("make_wrong", "words"),
    [
        (lambda: classifier.Spec(input_hw=(8, 16)), "height 8 shrinks to nothing"),
        (lambda: early_exit.Spec(exit_after=4), "exit_after: must be less than the 4 blocks"),
        (lambda: classifier.Spec.model_validate({"blocks": [{"filters": 4, "kernel": 2}]}), "must be odd"),
    ],
)
def test_what_cannot_be_built_is_refused(make_wrong, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        make_wrong()


def test_outputs_and_answers_keep_their_promises(spec: PatchSpec) -> None:
    net = make(spec)
    patches, places = make_patches(spec)
    raw = net.train()(patches, places)
    assert type(raw) is type(net.eval()(patches, places)) is net.outputs
    assert all(bool(part.isfinite().all()) and part.dtype == torch.float32 for part in raw)
    scores, circles = net.decode(raw)
    assert (scores is None) == (spec.kind == "circle") and (circles is None) == (spec.kind == "classifier")
    if scores is not None:
        assert bool(((scores >= 0) & (scores <= 1)).all())
    if circles is not None and spec.kind != "early_exit":
        height, width = spec.input_hw
        assert torch.equal(circles, raw.circles * torch.tensor([width, width, height]))


def test_a_softmax_is_a_softmax() -> None:
    net = make(classifier.Spec()).eval()
    raw = net(make_patches(net.spec)[0])
    torch.testing.assert_close(net.decode(raw).scores, raw.class_logits.softmax(dim=1)[:, 1])


def test_the_loss_falls(spec: PatchSpec) -> None:
    net = make(spec).train()
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    first = total_loss(net, make_targets()).item()
    for _ in range(60):
        optimiser.zero_grad()
        loss = total_loss(net, make_targets())
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.6 * first


def test_a_step_is_the_same_each_time(spec: PatchSpec) -> None:
    def gradients() -> list[Tensor]:
        net = make(spec).train()
        total_loss(net, make_targets()).backward()
        return [p.grad for p in net.parameters() if p.grad is not None]

    one, two = gradients(), gradients()
    assert len(one) == len(list(make(spec).parameters()))
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_patches_of_a_batch_do_not_meet_in_evaluation(spec: PatchSpec) -> None:
    net = make(spec).eval()
    patches, places = make_patches(spec)
    together = net(patches, places)
    for index in range(len(patches)):
        alone = net(patches[index : index + 1], places[index : index + 1])
        for a, b in zip(alone, together, strict=True):
            torch.testing.assert_close(a[0], b[index])


def test_weights_survive_a_file(spec: PatchSpec, tmp_path: Path) -> None:
    net = make(spec).train()
    net.entry.mean.fill_(0.4)
    total_loss(net, make_targets()).backward()
    torch.optim.SGD(net.parameters(), lr=0.1).step()
    save_weights(tmp_path / "w.safetensors", net, ("ball",))
    other = build_patch_net(spec)
    load_weights(tmp_path / "w.safetensors", other)
    patches, places = make_patches(spec)
    pairs = zip(net.eval()(patches, places), other.eval()(patches, places), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_balls_without_a_circle_still_teach_the_class() -> None:
    net = make(joint.Spec(penalty=None))
    targets = make_targets()._replace(circles=torch.full((6, 3), torch.nan), has_circle=torch.zeros(6).bool())
    raw = net(make_patches(net.spec)[0])
    terms = net.loss(raw, targets)
    assert terms["circle"].item() == 0 and terms["class"].item() > 0
    sum(terms.values(), torch.zeros(())).backward()
    assert all(bool(p.grad.isfinite().all()) for p in net.parameters() if p.grad is not None)


def test_class_losses_by_hand() -> None:
    logits, balls = torch.tensor([[2.0], [-1.0]]), torch.tensor([1.0, 0.0])
    p, q = torch.sigmoid(torch.tensor(2.0)), torch.sigmoid(torch.tensor(-1.0))
    spec = ClassLossSpec(false_positive_cost=1000, false_negative_cost=10, focal_gamma=2)
    expected = (10 * (1 - p) ** 2 * -p.log() + 1000 * q**2 * -(1 - q).log()) / 2
    torch.testing.assert_close(class_loss(logits, balls, spec), expected)
    two = torch.tensor([[0.0, 2.0], [1.0, 0.0]])
    torch.testing.assert_close(class_loss(two, balls, spec), expected)
    plain = ClassLossSpec(false_negative_cost=1)
    torch.testing.assert_close(class_loss(two, balls, plain), nn.functional.cross_entropy(two, balls.long()))


def test_a_hardly_visible_ball_wants_a_middling_score() -> None:
    logits = torch.zeros(1, 1, requires_grad=True)
    optimiser = torch.optim.SGD([logits], lr=1.0)
    for _ in range(100):
        optimiser.zero_grad()
        class_loss(logits, torch.tensor([0.3]), ClassLossSpec(false_negative_cost=1)).backward()
        optimiser.step()
    assert torch.sigmoid(logits).item() == pytest.approx(0.3, abs=1e-3)


def test_an_expensive_false_positive_lowers_the_score_that_is_learnt() -> None:
    """Of equal odds, the best answer to a weighted cross-entropy is the share of the ball's weight."""
    logits = torch.zeros(2, 1, requires_grad=True)
    optimiser = torch.optim.SGD([logits], lr=0.1)
    spec = ClassLossSpec(false_positive_cost=9, false_negative_cost=1)
    for _ in range(300):
        optimiser.zero_grad()
        class_loss(logits.mean().expand(2, 1), torch.tensor([1.0, 0.0]), spec).backward()
        optimiser.step()
    assert torch.sigmoid(logits.mean()).item() == pytest.approx(0.1, abs=1e-3)


def test_the_penalty_counts_hidden_layers_after_the_first() -> None:
    net = make(joint.Spec(penalty=PenaltySpec(l1=0.5, l2=0.25)))
    layers = [layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    assert len(layers) == 7
    counted = [(layer.weight.detach().numpy(), layer.bias) for layer in layers[1:5]]
    for _, bias in counted:
        assert bias is not None
        nn.init.constant_(bias, 0.1)
    expected = sum(0.5 * np.abs(w).sum() + 0.25 * (w**2).sum() + 0.25 * 0.01 * w.shape[0] for w, _ in counted)
    terms = net.loss(net(make_patches(net.spec)[0]), make_targets())
    assert terms["penalty"].item() == pytest.approx(expected, rel=1e-5)


def test_the_mean_is_taken_out_before_the_border_is_added() -> None:
    net = make(classifier.Spec(channels=2))
    net.entry.mean.copy_(torch.tensor([0.25, 0.5]))
    values = net.entry(torch.full((1, 2, 16, 16), 255.0))
    assert torch.equal(values[:, 0], torch.full((1, 16, 16), 0.75))
    assert torch.equal(values[:, 1], torch.full((1, 16, 16), 0.5))


def test_the_position_is_tiled_as_naoth_tiles_it() -> None:
    place = np.array([0.1, 0.2, 0.3, 0.4], dtype=np.float32)
    found = position_channel(torch.from_numpy(place[None]), 16, 16)
    np.testing.assert_array_equal(found[0, 0].numpy(), np.tile(place.reshape(2, 2), (8, 8)))
    odd = position_channel(torch.from_numpy(place[None]), 5, 3)
    np.testing.assert_array_equal(odd[0, 0].numpy(), np.tile(place.reshape(2, 2), (3, 2))[:5, :3])


def test_the_early_exit_answers_with_the_early_score() -> None:
    net = make(early_exit.Spec())
    early = torch.tensor([[0.0, -4.0], [0.0, 4.0]])
    raw = net.outputs(early, torch.tensor([[0.0, 1.0], [0.0, 1.0]]), torch.full((2, 3), 0.5))
    scores, circles = net.decode(raw)
    assert scores is not None and circles is not None
    torch.testing.assert_close(scores, torch.sigmoid(torch.tensor([-4.0, 1.0])))
    assert circles.tolist() == [[0, 0, 0], [8, 8, 8]]
