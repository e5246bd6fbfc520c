"""Our necks against numbers that mmdetection 3.3.0 computed on random inputs (tests/golden/README.md)."""

import pytest
import torch

from meshsight.models.importing import mmdet_names as names
from meshsight.models.importing.renaming import Rule
from meshsight.models.kinds import NECK_KINDS
from meshsight.models.necks import fpg, fpn, pafpn
from meshsight.models.parts import FeatureSpec
from meshsight.specs.base import VariantSpec

from .mmdet import SIZE_HW, Golden, assert_near

BACKBONE = tuple(FeatureSpec(c, s) for c, s in zip((16, 32, 64, 128), (4, 8, 16, 32), strict=True))


@pytest.mark.parametrize(
    ("name", "spec", "rules"),
    [
        ("fpn_on_input", fpn.Spec(channels=32, extra_levels="on_input"), names.fpn(3)),
        ("fpn_on_output", fpn.Spec(channels=32, extra_levels="on_output"), names.fpn(3)),
        ("fpn_pool", fpn.Spec(channels=32, first_stride=4, extra_levels="pool"), names.fpn(4)),
        ("pafpn", pafpn.Spec(channels=32, first_stride=4, extra_levels="pool"), names.pafpn(4)),
        ("fpg", fpg.Spec(channels=16), names.fpg()),
    ],
)
def test_a_neck_equals_mmdet(name: str, spec: VariantSpec, rules: list[Rule]) -> None:
    golden = Golden(name)
    neck = NECK_KINDS.builder(spec.kind)(spec, BACKBONE).eval()
    golden.load_into(neck, rules)
    with torch.no_grad():
        levels = neck(golden.series("feat"))
    assert [level.shape[-1] for level in levels] == [SIZE_HW[0] // feature.stride for feature in neck.features]
    for ours, theirs in zip(levels, golden.series("out."), strict=True):
        assert_near(ours, theirs)
