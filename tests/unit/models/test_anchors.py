import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder, Matcher
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import box_iou

from meshsight.models.anchor_spec import AnchorSpec
from meshsight.models.anchors import BACKGROUND, NEUTRAL, apply_deltas, assign_by_iou, encode, make_anchors

CPU = torch.device("cpu")
STRIDES = (8, 16, 32, 64, 128)


def random_boxes(seed: int, count: int, side: float = 128) -> Tensor:
    g = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=g) * side * 0.7
    return torch.cat([corner, corner + 4 + torch.rand(count, 2, generator=g) * side * 0.5], dim=1)


def test_a_full_size_image_has_201600_anchors() -> None:
    levels = make_anchors(AnchorSpec(), (800, 1344), STRIDES, CPU)
    assert [len(level) // 9 for level in levels] == [100 * 168, 50 * 84, 25 * 42, 13 * 21, 7 * 11]
    assert sum(map(len, levels)) == 201_600


def test_sides_run_from_32_to_over_800() -> None:
    anchors = torch.cat(make_anchors(AnchorSpec(), (128, 128), STRIDES, CPU))
    sides = (anchors[:, 2:] - anchors[:, :2]).prod(dim=1).sqrt()
    assert sides.min().item() == pytest.approx(32)
    assert sides.max().item() == pytest.approx(512 * 2 ** (2 / 3))


def test_anchors_equal_torchvisions() -> None:
    """torchvision rounds sides to whole pixels and runs scale by scale within a ratio, as we do."""
    sizes = tuple(tuple(4 * s * 2 ** (i / 3) for i in range(3)) for s in STRIDES)
    theirs = AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * 5)
    maps = [torch.zeros(1, 1, math.ceil(128 / s), math.ceil(256 / s)) for s in STRIDES]
    (expected,) = theirs(ImageList(torch.zeros(1, 3, 128, 256), [(128, 256)]), maps)
    # The sides of a cell are found by rounding up: 3 cells of stride 64 would be taken for a stride of 85.
    assert 128 % STRIDES[-1] == 256 % STRIDES[-1] == 0
    found = torch.cat(make_anchors(AnchorSpec(), (128, 256), STRIDES, CPU))
    assert found.shape == expected.shape
    assert (found - expected).abs().max().item() <= 0.5 + 1e-3


@given(seed=st.integers(0, 1000))
def test_coding_equals_torchvisions_and_comes_back(seed: int) -> None:
    anchors, boxes = random_boxes(seed, 20), random_boxes(seed + 1, 20)
    coder = BoxCoder((1.0, 1.0, 1.0, 1.0))
    deltas = encode(anchors, boxes)
    torch.testing.assert_close(deltas, coder.encode_single(boxes, anchors), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(apply_deltas(anchors, deltas), boxes, rtol=1e-4, atol=1e-3)
    wild = torch.randn(20, 4, generator=torch.Generator().manual_seed(seed)) * 5
    wild[:, 2:] = wild[:, 2:].abs()
    torch.testing.assert_close(apply_deltas(anchors, wild), coder.decode_single(wild, anchors), rtol=1e-4, atol=1e-2)


@given(seed=st.integers(0, 1000))
def test_assignment_equals_torchvisions(seed: int) -> None:
    anchors, boxes = random_boxes(seed, 60), random_boxes(seed + 1, 4)
    iou = box_iou(boxes, anchors)
    if not bool((iou.amax(dim=1) > 0).all()):
        return
    expected = Matcher(0.5, 0.4, allow_low_quality_matches=True)(iou)
    # Where an anchor is the best of a box that is not its own best, torchvision keeps that, mmdetection does not.
    lifted = (iou == iou.amax(dim=1, keepdim=True)).any(dim=0)
    found = assign_by_iou(anchors, boxes, torch.zeros(4, dtype=torch.bool), 0.5, 0.4)
    assert torch.equal(found[~lifted], expected[~lifted])
    assert bool((found[lifted] >= 0).all()) and bool((expected[lifted] >= 0).all())
    best = iou.argmax(dim=1)
    assert all(iou[found[best[i]], best[i]] == iou[found[best[i]]].max() for i in range(4))


def test_between_the_thresholds_nothing_is_learnt() -> None:
    box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    # IoU 1, 0.5, 0.45 and 0.3 with the box.
    anchors = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 4.5], [0, 0, 10, 3]])
    owners = assign_by_iou(anchors, box, torch.tensor([False]), 0.5, 0.4)
    assert owners.tolist() == [0, 0, NEUTRAL, BACKGROUND]


def test_of_two_boxes_with_the_same_best_anchor_the_last_wins() -> None:
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10]])
    anchors = torch.tensor([[0.0, 0, 10, 3]])
    assert assign_by_iou(anchors, boxes, torch.tensor([False, False]), 0.5, 0.4).tolist() == [1]


def test_a_box_that_no_anchor_meets_is_learnt_by_none() -> None:
    anchors = torch.tensor([[0.0, 0, 10, 10]])
    assert assign_by_iou(anchors, torch.tensor([[50.0, 50, 51, 51]]), torch.tensor([False]), 0.5, 0.4).tolist() == [-1]


def test_anchors_in_or_on_an_ignored_region_are_neutral() -> None:
    region = torch.tensor([[0.0, 0, 20, 20]])
    # Inside; over the edge by less and by more than half; around the region with IoU 0.5; far away.
    anchors = torch.tensor([[2.0, 2, 6, 6], [16, 0, 22, 6], [18, 0, 24, 6], [0, 0, 40, 20], [60, 60, 70, 70]])
    owners = assign_by_iou(anchors, region, torch.tensor([True]), 0.5, 0.4)
    assert owners.tolist() == [NEUTRAL, NEUTRAL, BACKGROUND, NEUTRAL, BACKGROUND]


def test_an_object_in_an_ignored_region_is_learnt() -> None:
    boxes = torch.tensor([[0.0, 0, 20, 20], [2, 2, 6, 6]])
    anchors = torch.tensor([[2.0, 2, 6, 6], [8, 8, 12, 12]])
    assert assign_by_iou(anchors, boxes, torch.tensor([True, False]), 0.5, 0.4).tolist() == [1, NEUTRAL]
