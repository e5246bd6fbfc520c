"""Each published network by name: the recipe reads back, and the network has as many parameters as it says."""

from itertools import pairwise

import pytest
import yaml

from meshsight.core.errors import CallError
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.spec import PatchSpec
from meshsight.presets import ball_scenes
from meshsight.presets.patch import VARIANTS
from meshsight.specs.base import parse_spec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.workflows.init import init
from meshsight.workflows.listing import list_kinds


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_variant_reads_back_and_has_its_parameters(variant: str) -> None:
    spec = parse_spec(PatchTrainSpec, yaml.safe_load(init(f"patch/{variant}")), variant)
    assert spec == VARIANTS[variant].make()
    assert isinstance(spec.net, PatchSpec)
    if variant.isdigit():
        assert build_patch_net(spec.net).num_parameters == int(variant)


def test_the_usual_one_is_that_of_1550_parameters() -> None:
    assert init("patch") == init("patch/1550")


def test_a_wrong_variant_is_refused_with_what_is_near() -> None:
    with pytest.raises(CallError, match="preset 'patch' has no variant '1551'; did you mean '1550'"):
        init("patch/1551")


def test_variants_are_listed() -> None:
    kinds = {entry.kind: entry.summary for entry in list_kinds("presets")}
    assert "1,550 parameters" in kinds["patch/1550"] and "patch" in kinds


def test_the_hard_variants_keep_the_published_sizes() -> None:
    sizes = {
        name: build_patch_net(VARIANTS[name].make().net).num_parameters for name in ("1550_hard", "1550_circle_hard")
    }
    assert sizes == {"1550_hard": 1550, "1550_circle_hard": 1615}


def test_no_ball_robot_floor_or_surroundings_is_in_two_sets_of_scenes() -> None:
    casts = (ball_scenes.TRAINING, ball_scenes.VALIDATION, ball_scenes.TEST)
    for field in ("balls", "robots", "floors", "surroundings"):
        names = [name for cast in casts for name in getattr(cast, field)]
        assert len(set(names)) == len(names), field
    ends = sorted(cast.seeds for cast in casts)
    assert all(first[1] < second[0] for first, second in pairwise(ends))
