"""Our heads and necks against numbers that mmdetection 3.3.0 computed on random inputs (tests/golden/README.md)."""

import pytest
import torch
from torch import Tensor

from meshsight.models.heads import retina
from meshsight.models.heads._retina import build as build_retina
from meshsight.models.necks import fpn
from meshsight.models.necks._fpn import build as build_fpn
from meshsight.models.parts import FeatureSpec
from meshsight.specs.decoding import DecodeSpec

from .mmdet import SIZE_HW, Golden, assert_near, assert_predictions_near, golden_targets


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
    losses = head.loss(raw, golden_targets(golden), SIZE_HW)
    assert_near(losses["class"], sum(golden.series("loss.loss_cls.")))
    assert_near(losses["box"], sum(golden.series("loss.loss_bbox.")))


def test_retina_predictions_equal_mmdet(golden: Golden, head, raw) -> None:
    spec = DecodeSpec()
    assert_predictions_near(golden, head.decode(raw, SIZE_HW, spec), spec)
