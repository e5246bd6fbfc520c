"""Our feature pyramid against numbers that mmdetection 3.3.0 computed on random inputs (tests/golden/README.md)."""

import pytest
import torch

from meshsight.models.necks import fpn
from meshsight.models.necks._fpn import build as build_fpn
from meshsight.models.parts import FeatureSpec

from .mmdet import SIZE_HW, Golden, assert_near


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
