import math

import pytest
import torch

from meshsight.models.anchor_head import AnchorOutputs
from meshsight.models.anchor_spec import AnchorSpec
from meshsight.models.assignment import Assignment
from meshsight.models.batch import Targets
from meshsight.models.heads import aligned, freeanchor, pisa, retina
from meshsight.models.heads._aligned import AlignedOutputs, class_loss, distribution_loss
from meshsight.models.heads._aligned import build as build_aligned
from meshsight.models.heads._freeanchor import build as build_freeanchor
from meshsight.models.heads._pisa import build as build_pisa
from meshsight.models.heads._retina import Positives
from meshsight.models.heads._retina import build as build_retina
from meshsight.models.parts import FeatureSpec

NOTHING = Targets(torch.zeros(1, 0, 4), torch.zeros(1, 0, dtype=torch.int64), torch.zeros(1, 0, dtype=torch.bool))


def test_retina_starts_at_one_percent() -> None:
    head = build_retina(retina.Spec(channels=16), (FeatureSpec(16, 8),), num_classes=80)
    assert head.class_out.bias.unique().item() == pytest.approx(-math.log(99))


def test_focal_loss_of_untrained_scores_is_as_worked_out_on_paper() -> None:
    """At p = 0.01 a negative costs 0.75 * 0.01^2 * -ln 0.99, a positive 0.25 * 0.99^2 * -ln 0.01."""
    spec = retina.Spec(channels=16, anchors=AnchorSpec(num_octave_scales=1, ratios=(1.0,)))
    head = build_retina(spec, (FeatureSpec(16, 32),), num_classes=2)
    logits = torch.full((1, 4, 2), -math.log(99))
    raw = AnchorOutputs(logits, torch.zeros(1, 4, 4))
    negative, positive = 0.75 * 1e-4 * -math.log(0.99), 0.25 * 0.99**2 * -math.log(0.01)
    assert head.loss(raw, NOTHING, (64, 64))["class"].item() == pytest.approx(8 * negative, rel=1e-4)
    # The anchor at the origin, and the object is exactly it.
    target = Targets(torch.tensor([[[-64.0, -64, 64, 64]]]), torch.tensor([[1]]), torch.tensor([[False]]))
    losses = head.loss(raw, target, (64, 64))
    neutral = 0  # The neighbours' IoU is (128 - 32) / (128 + 32) = 0.6: positive too; the diagonal one's 0.391.
    assert losses["class"].item() == pytest.approx((3 * positive + (8 - 3 - neutral) * negative) / 3, rel=1e-4)
    # Each of the two neighbours is off by 32 / 128 along one axis.
    assert losses["box"].item() == pytest.approx(2 * 0.25 / 3, rel=1e-4)


def test_the_first_class_loss_of_a_full_size_image_lies_between_1_2_and_1_4() -> None:
    """With 80 classes the 201,600 anchors cost 12.2 as background; each positive costs 1.13, and they divide."""
    head = build_retina(retina.Spec(channels=16), (FeatureSpec(16, 32),), num_classes=80)
    raw = AnchorOutputs(torch.full((1, 9, 80), -math.log(99)), torch.zeros(1, 9, 4))
    background = head.loss(raw, NOTHING, (32, 32))["class"].item() * 201_600 / 9
    assert background == pytest.approx(12.2, abs=0.05)
    positive = 0.25 * 0.99**2 * -math.log(0.01)
    assert positive == pytest.approx(1.13, abs=0.005)
    assert 1.2 < positive + background / 100 < positive + background / 50 < 1.4


def free_anchor(score: float) -> float:
    """The positive loss of an object that every anchor places exactly and finds with one score."""
    head = build_freeanchor(freeanchor.Spec(channels=16), (FeatureSpec(16, 8),), num_classes=2)
    boxes = torch.tensor([[[10.0, 12.0, 40.0, 50.0]]])
    anchors = torch.cat(head.anchors((64, 64), boxes.device))
    deltas = head.wanted_deltas(anchors, boxes[0].expand(len(anchors), 4))
    raw = AnchorOutputs(torch.full((1, len(anchors), 2), score).logit(), deltas[None])
    targets = Targets(boxes, torch.tensor([[1]]), torch.tensor([[False]]))
    return head.loss(raw, targets, (64, 64))["positive_bag"].item()


def test_free_anchor_has_nothing_to_say_of_a_bag_that_is_certain() -> None:
    assert free_anchor(1.0) == pytest.approx(0, abs=1e-6)
    assert free_anchor(0.01) == pytest.approx(0.5 * 4.605, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_pisa_leaves_the_sum_of_the_positives_losses(seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    head = build_pisa(pisa.Spec(channels=16), (FeatureSpec(16, 8),), num_classes=3)
    anchors = torch.cat(head.anchors((64, 64), torch.device("cpu")))
    raw = AnchorOutputs(
        torch.randn(1, len(anchors), 3, generator=g), torch.randn(1, len(anchors), 4, generator=g) * 0.3
    )
    chosen, owner = torch.randperm(len(anchors), generator=g)[:40], torch.randint(5, (40,), generator=g)
    boxes = anchors[chosen] + torch.randn(40, 4, generator=g)
    positives = Positives(
        image=torch.zeros(40, dtype=torch.int64),
        anchor=chosen,
        owner=owner,
        anchor_boxes=anchors[chosen],
        boxes=boxes,
        class_ids=owner % 3,
    )
    losses = torch.rand(40, generator=g)
    weights = head._rank_weights(raw, positives, losses)
    assert weights.std().item() > 0.1
    assert (weights * losses).sum().item() == pytest.approx(losses.sum().item(), rel=1e-5)


def test_aligned_boxes_lie_around_their_cells() -> None:
    head = build_aligned(aligned.Spec(), (FeatureSpec(16, 8), FeatureSpec(16, 16)), num_classes=1)
    certain = 100 * torch.nn.functional.one_hot(torch.tensor([1, 2, 3, 4]), 17).float()
    boxes = head.boxes(AlignedOutputs(torch.zeros(1, 10, 1), certain.expand(1, 10, 4, 17)), (16, 32))
    assert boxes[0, 0].tolist() == [4 - 8, 4 - 16, 4 + 24, 4 + 32]
    assert boxes[0, 9].tolist() == [24 - 16, 8 - 32, 24 + 48, 8 + 64]


@pytest.mark.parametrize("focus", [0.0, 1.0, 2.0])
def test_quality_focal_loss_is_as_worked_out_on_paper(focus: float) -> None:
    score, quality = 0.2, 0.7
    assignment = Assignment(
        is_positive=torch.tensor([[True, False, False]]),
        is_neutral=torch.tensor([[False, False, True]]),
        class_ids=torch.tensor([[1, 0, 0]]),
        boxes=torch.zeros(1, 3, 4),
        quality=torch.tensor([[quality, 0.0, 0.0]]),
    )
    logits = torch.full((1, 3, 2), math.log(score / (1 - score)))
    entropy = -quality * math.log(score) - (1 - quality) * math.log(1 - score)
    expected = abs(quality - score) ** focus * entropy + 3 * score**focus * -math.log(1 - score)
    assert class_loss(logits, assignment, focus).item() == pytest.approx(expected, rel=1e-5)


def test_distribution_loss_is_as_worked_out_on_paper() -> None:
    """Distances of 1, 2.25, 0.5 and (cut to the last bin) 3 strides of 8 pixels, from the point (20, 20)."""
    assignment = Assignment(
        is_positive=torch.tensor([[True, False]]),
        is_neutral=torch.zeros(1, 2, dtype=torch.bool),
        class_ids=torch.zeros(1, 2, dtype=torch.int64),
        boxes=torch.tensor([[[12.0, 2.0, 24.0, 90.0], [0, 0, 0, 0]]]),
        quality=torch.tensor([[0.5, 0.0]]),
    )
    cells = torch.tensor([[20.0, 20.0], [28.0, 20.0]]), torch.tensor([8.0, 8.0])
    shares = torch.tensor([0.1, 0.2, 0.3, 0.4])
    logits = shares.log().expand(1, 2, 4, 4)
    low, one, two, high = (-math.log(share) for share in (0.1, 0.2, 0.3, 0.4))
    sides = (one, 0.75 * two + 0.25 * high, 0.5 * low + 0.5 * one, high)
    assert distribution_loss(logits, cells, assignment).item() == pytest.approx(0.5 * sum(sides) / 4, rel=1e-5)


def test_an_untrained_head_sees_boxes_of_about_four_strides() -> None:
    head = build_aligned(aligned.Spec(), (FeatureSpec(16, 8),), num_classes=1)
    with torch.no_grad():
        raw = head([torch.zeros(1, 16, 4, 4)])
    boxes = head.boxes(raw, (32, 32))
    sides = boxes[0, :, 2:] - boxes[0, :, :2]
    assert 4 * 8 <= sides.min().item() <= sides.max().item() <= 6 * 8
