"""TOOD's head, with ATSS and task-aligned, against numbers of mmdetection 3.3.0 (tests/golden/README.md)."""

import pytest
import torch
from torch import Tensor

from meshsight.models.detector import Candidates
from meshsight.models.heads import tood
from meshsight.models.heads._tood import ToodHead, build
from meshsight.models.importing import mmdet_names
from meshsight.models.importing.mmdet import join_scales
from meshsight.models.parts import FeatureSpec
from meshsight.specs.decoding import DecodeSpec

from .mmdet import SIZE_HW, Golden, assert_near, assert_predictions_near, golden_targets

STRIDES = (8, 16, 32, 64, 128)


@pytest.fixture(scope="module", params=[("tood_atss", 0.0), ("tood", 4 / 12)], ids=["atss", "aligned"])
def case(request: pytest.FixtureRequest) -> tuple[Golden, ToodHead]:
    name, progress = request.param
    golden = Golden(name)
    head = build(tood.Spec(channels=32, num_groups=8), tuple(FeatureSpec(32, s) for s in STRIDES), 3)
    head.set_progress(progress)
    head.load_state_dict(join_scales(golden.state(mmdet_names.tood()), "scales"))
    return golden, head


def test_outputs(case: tuple[Golden, ToodHead]) -> None:
    def rows(prefix: str, width: int, strides: tuple[int, ...]) -> Tensor:
        levels = zip(golden.series(prefix), strides, strict=True)
        return torch.cat([(m * s).permute(0, 2, 3, 1).reshape(2, -1, width) for m, s in levels], dim=1)

    golden, head = case
    with torch.no_grad():
        raw = head(golden.series("feat"))
    assert_near(raw.scores, rows("out.0.", 3, (1,) * 5))
    assert_near(raw.boxes, rows("out.1.", 4, STRIDES))


def test_losses(case: tuple[Golden, ToodHead]) -> None:
    golden, head = case
    losses = head.loss(head(golden.series("feat")), golden_targets(golden), SIZE_HW)
    assert_near(losses["class"], torch.stack(golden.series("loss.loss_cls.")).sum())
    assert_near(losses["box"], torch.stack(golden.series("loss.loss_bbox.")).sum())


def test_predictions(case: tuple[Golden, ToodHead]) -> None:
    """mmdetection does not clip this head's boxes before suppression, and we do: so compare what is not yet clipped."""
    golden, head = case
    spec = DecodeSpec(nms_iou=0.6)
    with torch.no_grad():
        raw = head(golden.series("feat"))
    class_ids = torch.arange(3).repeat(2, raw.scores.shape[1])
    unclipped = Candidates(raw.boxes.repeat_interleave(3, dim=1), raw.scores.flatten(1), class_ids)
    assert_predictions_near(golden, unclipped, spec)
    found = head.decode(raw, SIZE_HW, spec)
    assert set(found.scores[found.scores > 0].tolist()) <= set(raw.scores.flatten().tolist())
