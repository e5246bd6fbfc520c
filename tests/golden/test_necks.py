"""Our necks against numbers that mmdetection 3.3.0 computed on random inputs (tests/golden/README.md)."""

import pytest
import torch

from meshsight.models.kinds import NECK_KINDS
from meshsight.models.necks import fpg, fpn, pafpn
from meshsight.models.parts import FeatureSpec
from meshsight.specs.base import VariantSpec

from .mmdet import SIZE_HW, Golden, assert_near

BACKBONE = tuple(FeatureSpec(c, s) for c, s in zip((16, 32, 64, 128), (4, 8, 16, 32), strict=True))
FPN_NAMES = {"fpn_convs": "output", "lateral_convs": "lateral"}
PAFPN_NAMES = {**FPN_NAMES, "downsample_convs": "down", "pafpn_convs": "path_output"}


def extra_names(first: int) -> dict[str, str]:
    return {f"fpn_convs.{first + i}": f"extra.{i}" for i in range(2)}


def fpg_names() -> dict[str, str]:
    names = {"lateral_convs": "lateral", "extra_downsamples": "extra"}
    kinds = {"same_up": "same_up", "across_lateral": "lateral", "across_down.conv": "down", "across_skip": "skip"}
    for p in range(9):
        for j in range(5):
            for old, new in kinds.items():
                theirs, ours = f"fpn_transitions.{p}.{j}.{old}", f"grid.{p}.{j}.{new}"
                names |= {f"{theirs}.conv": f"{ours}.1", f"{theirs}.bn": f"{ours}.2"}
    return names | {f"output_transition.{j}.conv_out.conv": f"output.{j}" for j in range(5)}


@pytest.mark.parametrize(
    ("name", "spec", "names"),
    [
        ("fpn_on_input", fpn.Spec(channels=32, extra_levels="on_input"), {**extra_names(3), **FPN_NAMES}),
        ("fpn_on_output", fpn.Spec(channels=32, extra_levels="on_output"), {**extra_names(3), **FPN_NAMES}),
        ("fpn_pool", fpn.Spec(channels=32, first_stride=4, extra_levels="pool"), FPN_NAMES),
        ("pafpn", pafpn.Spec(channels=32, first_stride=4, extra_levels="pool"), PAFPN_NAMES),
        ("fpg", fpg.Spec(channels=16), fpg_names()),
    ],
)
def test_a_neck_equals_mmdet(name: str, spec: VariantSpec, names: dict[str, str]) -> None:
    golden = Golden(name)
    neck = NECK_KINDS.builder(spec.kind)(spec, BACKBONE).eval()
    golden.load_into(neck, names)
    with torch.no_grad():
        levels = neck(golden.series("feat"))
    assert [level.shape[-1] for level in levels] == [SIZE_HW[0] // feature.stride for feature in neck.features]
    for ours, theirs in zip(levels, golden.series("out."), strict=True):
        assert_near(ours, theirs)
