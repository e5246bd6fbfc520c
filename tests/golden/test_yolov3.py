"""YOLOv3's neck and head against numbers of mmdetection 3.3.0 (tests/golden/README.md), whose levels run backwards."""

import pytest
import torch
from torch import Tensor

from meshsight.models.detector import Candidates
from meshsight.models.heads import yolov3 as yolov3_head
from meshsight.models.heads._yolov3 import Yolov3Head
from meshsight.models.heads._yolov3 import build as build_head
from meshsight.models.importing import mmdet_names
from meshsight.models.necks import yolov3 as yolov3_neck
from meshsight.models.necks._yolov3 import build as build_neck
from meshsight.models.parts import FeatureSpec
from meshsight.specs.decoding import DecodeSpec

from .mmdet import SIZE_HW, Golden, assert_near, assert_predictions_near, golden_targets


def test_the_neck() -> None:
    golden = Golden("yolov3_neck")
    inputs = tuple(FeatureSpec(c, s) for c, s in ((32, 8), (64, 16), (128, 32)))
    neck = build_neck(yolov3_neck.Spec(channels=16), inputs).eval()
    golden.load_into(neck, mmdet_names.yolov3_neck())
    with torch.no_grad():
        levels = neck(golden.series("feat"))
    assert [level.shape[1] for level in levels] == [feature.channels for feature in neck.features]
    for ours, theirs in zip(levels, reversed(golden.series("out.")), strict=True):
        assert_near(ours, theirs)


@pytest.fixture(scope="module")
def case() -> tuple[Golden, Yolov3Head, list[Tensor]]:
    golden = Golden("yolov3")
    inputs = tuple(FeatureSpec(channels, stride) for channels, stride in ((16, 8), (32, 16), (64, 32)))
    head = build_head(yolov3_head.Spec(), inputs, 3)
    golden.load_into(head, mmdet_names.yolov3_head())
    return golden, head, golden.series("feat")[::-1]


def test_outputs(case: tuple[Golden, Yolov3Head, list[Tensor]]) -> None:
    golden, head, features = case
    with torch.no_grad():
        raw = head.eval()(features)
    rows = [m.permute(0, 2, 3, 1).reshape(2, -1, 8) for m in reversed(golden.series("out.0."))]
    ours = torch.cat([raw.offsets, raw.objectness_logits, raw.class_logits], dim=-1)
    assert_near(ours, torch.cat(rows, dim=1))


def test_predictions(case: tuple[Golden, Yolov3Head, list[Tensor]]) -> None:
    """mmdetection chooses 1,000 by the class alone and does not clip; with that choice, all that follows is equal."""
    golden, head, features = case
    spec = DecodeSpec(score_threshold=0.05, nms_iou=0.45)
    with torch.no_grad():
        raw = head.eval()(features)
    likely = raw.class_logits.sigmoid().flatten(1)
    scores = (raw.class_logits.sigmoid() * raw.objectness_logits.sigmoid()).flatten(1)
    chosen = torch.where(likely >= likely.topk(1000, dim=1).values[:, -1:], scores, 0.0)
    boxes = head.boxes(raw, SIZE_HW).repeat_interleave(3, dim=1)
    class_ids = torch.arange(3).repeat(2, raw.offsets.shape[1])
    assert_predictions_near(golden, Candidates(boxes, chosen, class_ids), spec)
    found = head.decode(raw, SIZE_HW, spec)
    assert set(found.scores[found.scores > 0].tolist()) <= set(scores.flatten().tolist())


def test_losses(case: tuple[Golden, Yolov3Head, list[Tensor]]) -> None:
    golden, head, features = case
    losses = head.train().loss(head(features), golden_targets(golden), SIZE_HW)
    theirs = {"class": "cls", "objectness": "conf", "centre": "xy", "sides": "wh"}
    for name, term in losses.items():
        assert_near(term, torch.stack(golden.series(f"loss.loss_{theirs[name]}.")).sum())
