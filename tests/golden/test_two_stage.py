"""Faster R-CNN's two stages against numbers of mmdetection 3.3.0 (tests/golden/README.md)."""

import pytest
import torch
from torch import Tensor

from meshsight.models.anchor_head import each_image
from meshsight.models.anchors import assign_by_iou, make_anchors
from meshsight.models.detectors.two_stage import ProposalSpec, RegionSpec
from meshsight.models.importing import mmdet_names
from meshsight.models.importing.renaming import under
from meshsight.models.parts import FeatureSpec
from meshsight.models.proposals import ProposalNetwork, Proposals
from meshsight.models.regions import RegionNetwork
from meshsight.specs.decoding import DecodeSpec

from .mmdet import NUM_IMAGES, SIZE_HW, Golden, assert_near, assert_predictions_near, golden_targets

INPUTS = tuple(FeatureSpec(32, 4 << i) for i in range(5))


@pytest.fixture(scope="module")
def first() -> tuple[Golden, ProposalNetwork, tuple[Tensor, Tensor]]:
    golden = Golden("rpn")
    network = ProposalNetwork(ProposalSpec(channels=32, num_samples=None), INPUTS).eval()
    golden.load_into(network, mmdet_names.RPN)
    with torch.no_grad():
        return golden, network, network(golden.series("feat"))


def test_outputs_of_the_first_stage(first: tuple[Golden, ProposalNetwork, tuple[Tensor, Tensor]]) -> None:
    golden, _, raw = first
    for ours, prefix, width in zip(raw, ("out.0.", "out.1."), (1, 4), strict=True):
        rows = [m.permute(0, 2, 3, 1).reshape(2, -1, width) for m in golden.series(prefix)]
        assert_near(ours, torch.cat(rows, dim=1))


def test_losses_of_the_first_stage(first: tuple[Golden, ProposalNetwork, tuple[Tensor, Tensor]]) -> None:
    """mmdetection's head was given the objects' classes, and its one class is 0: it took the others for background."""
    golden, network, raw = first
    targets = golden_targets(golden)
    losses = network.loss(*raw, targets, SIZE_HW)
    anchors = torch.cat(make_anchors(network.spec.anchors, SIZE_HW, network.strides, raw[0].device))
    taken_for_background, num_positives = 0.0, 0
    for logits, one in zip(raw[0], each_image(targets), strict=True):
        owner = assign_by_iou(anchors, one.boxes, one.is_ignored, 0.7, 0.3, 0.3)
        learns = owner >= 0
        num_positives += int(learns.sum())
        taken_for_background += logits[learns, 0][one.class_ids[owner[learns]] > 0].sum().item()
    theirs = torch.stack(golden.series("loss.loss_rpn_cls.")).sum()
    assert_near(losses["proposal_class"], theirs - taken_for_background / num_positives)
    assert_near(losses["proposal_box"], torch.stack(golden.series("loss.loss_rpn_bbox.")).sum())


def test_proposals(first: tuple[Golden, ProposalNetwork, tuple[Tensor, Tensor]]) -> None:
    golden, network, raw = first
    found = network.propose(*raw, SIZE_HW)
    for image in range(NUM_IMAGES):
        scores, boxes = golden.arrays[f"pred.{image}.scores"], golden.arrays[f"pred.{image}.bboxes"]
        assert_near(found.scores[image, : len(scores)], scores)
        ours = {(*row,) for row in found.boxes[image, : len(scores)].round(decimals=1).tolist()}
        theirs = {(*row,) for row in boxes.round(decimals=1).tolist()}
        assert len(ours ^ theirs) <= 0.01 * len(scores)  # the last digit may round the other way


@pytest.fixture(scope="module")
def second() -> tuple[Golden, RegionNetwork, Proposals]:
    golden = Golden("roi")
    network = RegionNetwork(RegionSpec(channels=32, num_samples=None), INPUTS[:4], 3).eval()
    golden.load_into(network, under("bbox_head", "", mmdet_names.ROI))
    count = max(len(golden.arrays[f"proposals{image}"]) for image in range(NUM_IMAGES))
    boxes, scores = torch.zeros(NUM_IMAGES, count, 4), torch.zeros(NUM_IMAGES, count)
    for image in range(NUM_IMAGES):
        given = golden.arrays[f"proposals{image}"]
        boxes[image, : len(given)], scores[image, : len(given)] = given, 1.0
    return golden, network, Proposals(boxes, scores)


def test_losses_of_the_second_stage(second: tuple[Golden, RegionNetwork, Proposals]) -> None:
    golden, network, proposals = second
    losses = network.loss(golden.series("feat"), proposals, golden_targets(golden))
    assert_near(losses["class"], golden.arrays["loss.loss_cls"])
    assert_near(losses["box"], golden.arrays["loss.loss_bbox"])


def test_predictions(second: tuple[Golden, RegionNetwork, Proposals]) -> None:
    golden, network, proposals = second
    spec = DecodeSpec()
    with torch.no_grad():
        candidates = network.decode(golden.series("feat"), proposals, SIZE_HW, spec)
    assert_predictions_near(golden, candidates, spec)
