"""Our heads and necks against numbers that mmdetection 3.3.0 computed on random inputs (tests/golden/README.md)."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from meshsight.core.boxes import class_wise_nms
from meshsight.models.batch import PADDING, Targets
from meshsight.models.heads import retina
from meshsight.models.heads._retina import build as build_retina
from meshsight.models.necks import fpn
from meshsight.models.necks._fpn import build as build_fpn
from meshsight.models.parts import FeatureSpec
from meshsight.specs.decoding import DecodeSpec

SIZE_HW = (128, 128)


class Golden:
    def __init__(self, name: str):
        with np.load(Path(__file__).parent / f"{name}.npz") as file:
            self.arrays = {key: torch.from_numpy(file[key]) for key in file.files}

    def series(self, prefix: str) -> list[Tensor]:
        count = sum(key.startswith(prefix) for key in self.arrays)
        return [self.arrays[f"{prefix}{i}"] for i in range(count)]

    def load_into(self, module: nn.Module, names: dict[str, str]) -> None:
        """Loads every weight; `names` maps the start of mmdet's names to ours."""
        state = {}
        for key, value in self.arrays.items():
            if key.startswith("w."):
                old = next(old for old in names if key.startswith(f"w.{old}."))
                state[key.replace(f"w.{old}", names[old]).replace(".conv.", ".")] = value
        module.load_state_dict(state)


def assert_near(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.abs().max().item())


@pytest.mark.parametrize(
    ("name", "spec", "num_extra"),
    [
        ("fpn_on_input", fpn.Spec(channels=32, extra_levels="on_input"), 2),
        ("fpn_on_output", fpn.Spec(channels=32, extra_levels="on_output"), 2),
        ("fpn_pool", fpn.Spec(channels=32, first_stride=4, extra_levels="pool"), 0),
    ],
)
def test_fpn_equals_mmdet(name: str, spec: fpn.Spec, num_extra: int) -> None:
    golden = Golden(name)
    neck = build_fpn(spec, tuple(FeatureSpec(c, s) for c, s in zip((16, 32, 64, 128), (4, 8, 16, 32), strict=True)))
    used = neck.num_used
    names = {f"fpn_convs.{used + i}": f"extra.{i}" for i in range(num_extra)}
    golden.load_into(neck, {**names, "fpn_convs": "output", "lateral_convs": "lateral"})
    with torch.no_grad():
        levels = neck(golden.series("feat"))
    assert [level.shape[-1] for level in levels] == [SIZE_HW[0] // feature.stride for feature in neck.features]
    for ours, theirs in zip(levels, golden.series("out."), strict=True):
        assert_near(ours, theirs)


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden("retina")


@pytest.fixture(scope="module")
def head(golden: Golden):
    inputs = tuple(FeatureSpec(32, 8 << i) for i in range(5))
    head = build_retina(retina.Spec(channels=32), inputs, num_classes=3)
    names = {
        f"{old}_convs.{i}": f"{new}_tower.{2 * i}" for old, new in (("cls", "class"), ("reg", "box")) for i in range(4)
    }
    golden.load_into(head, {**names, "retina_cls": "class_out", "retina_reg": "box_out"})
    return head


@pytest.fixture(scope="module")
def raw(golden: Golden, head):
    with torch.no_grad():
        return head(golden.series("feat"))


def test_retina_outputs_equal_mmdet(golden: Golden, raw) -> None:
    def rows(prefix: str, width: int) -> Tensor:
        return torch.cat([m.permute(0, 2, 3, 1).reshape(2, -1, width) for m in golden.series(prefix)], dim=1)

    assert_near(raw.class_logits, rows("out.0.", 3))
    assert_near(raw.deltas, rows("out.1.", 4))


def test_retina_losses_equal_mmdet(golden: Golden, head, raw) -> None:
    boxes = torch.zeros(2, 4, 4)
    class_ids = torch.full((2, 4), PADDING)
    for image in range(2):
        count = len(golden.arrays[f"gt_boxes{image}"])
        boxes[image, :count] = golden.arrays[f"gt_boxes{image}"]
        class_ids[image, :count] = golden.arrays[f"gt_labels{image}"]
    losses = head.loss(raw, Targets(boxes, class_ids, torch.zeros(2, 4, dtype=torch.bool)), SIZE_HW)
    assert_near(losses["class"], sum(golden.series("loss.loss_cls.")))
    assert_near(losses["box"], sum(golden.series("loss.loss_bbox.")))


def test_retina_predictions_equal_mmdet(golden: Golden, head, raw) -> None:
    spec = DecodeSpec()
    candidates = head.decode(raw, SIZE_HW, spec)
    for image in range(2):
        boxes, scores, class_ids = (part[image].numpy() for part in candidates)
        kept = np.flatnonzero(scores > spec.score_threshold)
        kept = kept[class_wise_nms(boxes[kept], scores[kept], class_ids[kept], spec.nms_iou)][: spec.max_detections]
        theirs = [golden.arrays[f"pred.{image}.{field}"].numpy() for field in ("bboxes", "scores", "labels")]
        np.testing.assert_allclose(scores[kept], theirs[1], rtol=1e-4)
        np.testing.assert_array_equal(class_ids[kept], theirs[2])
        np.testing.assert_allclose(boxes[kept], theirs[0], rtol=1e-4, atol=0.0128)
