import pytest
import torch

from meshsight.core.errors import SpecError
from meshsight.models.necks import fpn
from meshsight.models.necks._fpn import build
from meshsight.models.parts import FeatureSpec

INPUTS = (FeatureSpec(8, 4), FeatureSpec(12, 8), FeatureSpec(16, 16))


@pytest.mark.parametrize("extra_levels", ["on_input", "on_output", "pool"])
@pytest.mark.parametrize("norm", ["none", "batch"])
def test_levels_are_what_they_promise(extra_levels: str, norm: str) -> None:
    neck = build(fpn.Spec.model_validate(dict(channels=8, num_levels=4, extra_levels=extra_levels, norm=norm)), INPUTS)
    levels = neck(tuple(torch.rand(2, level.channels, 96 // level.stride, 160 // level.stride) for level in INPUTS))
    assert [f.stride for f in neck.features] == [8, 16, 32, 64]
    for feature, level in zip(neck.features, levels, strict=True):
        assert level.shape == (2, 8, -(-96 // feature.stride), -(-160 // feature.stride))


def test_fewer_levels_than_the_backbone_gives() -> None:
    neck = build(fpn.Spec(channels=8, first_stride=4, num_levels=2), INPUTS)
    assert [f.stride for f in neck.features] == [4, 8]


def test_a_stride_that_the_backbone_lacks_is_refused() -> None:
    with pytest.raises(SpecError, match=r"neck.first_stride: the backbone gives no stride 2; it gives 4, 8, 16"):
        build(fpn.Spec(first_stride=2), INPUTS)
