"""YOLOX's backbone, neck and head against numbers of mmdetection 3.3.0 (tests/golden/README.md)."""

import pytest
import torch
from torch import Tensor

from meshsight.models.backbones import csp_darknet
from meshsight.models.backbones._csp_darknet import build as build_backbone
from meshsight.models.detector import Candidates
from meshsight.models.heads import yolox as yolox_head
from meshsight.models.heads._yolox import YoloxHead
from meshsight.models.heads._yolox import build as build_head
from meshsight.models.importing import mmdet_names
from meshsight.models.necks import yolox as yolox_neck
from meshsight.models.necks._yolox import build as build_neck
from meshsight.models.parts import FeatureSpec
from meshsight.specs.decoding import DecodeSpec

from .mmdet import SIZE_HW, Golden, assert_near, assert_predictions_near, golden_targets


def test_the_backbone() -> None:
    golden = Golden("cspdarknet")
    backbone = build_backbone(csp_darknet.Spec(depth=0.33, width=0.125), False).eval()
    golden.load_into(backbone, mmdet_names.csp_darknet())
    with torch.no_grad():
        levels = backbone(golden.arrays["img"])
    for ours, theirs in zip(levels, golden.series("out."), strict=True):
        assert_near(ours, theirs)


def test_the_neck() -> None:
    golden = Golden("yolox_pafpn")
    inputs = tuple(FeatureSpec(c, s) for c, s in ((32, 8), (64, 16), (128, 32)))
    neck = build_neck(yolox_neck.Spec(channels=32), inputs).eval()
    golden.load_into(neck, mmdet_names.yolox_neck())
    with torch.no_grad():
        levels = neck(golden.series("feat"))
    for ours, theirs in zip(levels, golden.series("out."), strict=True):
        assert_near(ours, theirs)


@pytest.fixture(scope="module", params=[("yolox", 0.0), ("yolox_l1", 0.95)], ids=["early", "late"])
def case(request: pytest.FixtureRequest) -> tuple[Golden, YoloxHead]:
    name, progress = request.param
    golden = Golden(name)
    inputs = tuple(FeatureSpec(32, stride) for stride in (8, 16, 32))
    head = build_head(yolox_head.Spec(channels=32), inputs, 3)
    golden.load_into(head, mmdet_names.yolox_head())
    head.set_progress(progress)
    return golden, head


def test_outputs(case: tuple[Golden, YoloxHead]) -> None:
    def rows(prefix: str) -> Tensor:
        return torch.cat([level.flatten(2).transpose(1, 2) for level in golden.series(prefix)], dim=1)

    golden, head = case
    with torch.no_grad():
        raw = head.eval()(golden.series("feat"))
    for ours, prefix in zip(raw, ("out.0.", "out.1.", "out.2."), strict=True):
        assert_near(ours, rows(prefix))


def test_predictions(case: tuple[Golden, YoloxHead]) -> None:
    """mmdetection does not clip this head's boxes, and we do: so compare what is not yet clipped."""
    golden, head = case
    spec = DecodeSpec(score_threshold=0.01, nms_iou=0.65, num_candidates=1000, max_detections=1000)
    with torch.no_grad():
        raw = head.eval()(golden.series("feat"))
    scores, class_ids = (raw.class_logits.sigmoid() * raw.objectness_logits.sigmoid()).max(dim=-1)
    assert_predictions_near(golden, Candidates(head.boxes(raw, SIZE_HW), scores, class_ids), spec)
    found = head.decode(raw, SIZE_HW, spec)
    assert set(found.scores[found.scores > 0].tolist()) <= set(scores.flatten().tolist())


def test_losses(case: tuple[Golden, YoloxHead]) -> None:
    golden, head = case
    losses = head.train().loss(head(golden.series("feat")), golden_targets(golden), SIZE_HW)
    theirs = {"class": "cls", "box": "bbox", "objectness": "obj", "l1": "l1"}
    assert len(losses) == sum(key.startswith("loss.") for key in golden.arrays)
    for name, term in losses.items():
        assert_near(term, golden.arrays[f"loss.loss_{theirs[name]}"])
