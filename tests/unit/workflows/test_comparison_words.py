"""What a comparison says in words: directions, units, and settings that exist."""

import re

import pytest
from pydantic import BaseModel

from meshsight.presets.basic import basic
from meshsight.specs.camera import CAMERA_KINDS
from meshsight.specs.scene import PLACEMENT_KINDS
from meshsight.workflows.comparison_words import ATTRIBUTES, Attribute, amount, describe, describe_variety

BY_KEY = {attribute.key: attribute for attribute in ATTRIBUTES}


def exists(path: str) -> bool:
    """Whether a recipe has a setting; of placements and cameras, whether any kind has it."""
    first, *rest = path.split(".")
    kinds = {"placement": PLACEMENT_KINDS, "camera": CAMERA_KINDS}
    if first in kinds:
        return any(rest[0] in kinds[first].module(kind).Spec.model_fields for kind in kinds[first].names)
    value: object = basic()
    for name in (first, *rest):
        if not isinstance(value, BaseModel) or name not in type(value).model_fields:
            return False
        value = getattr(value, name)
    return True


@pytest.mark.parametrize("attribute", ATTRIBUTES, ids=lambda attribute: attribute.key)
def test_every_setting_that_is_advised_exists(attribute: Attribute) -> None:
    for advice in (attribute.raise_it, attribute.lower_it):
        settings = re.findall(r"`([^`]+)`", advice)
        assert [path for path in settings if not exists(path)] == []
    assert "{}" in attribute.more and "{}" in attribute.less


def test_the_check_of_settings_can_fail() -> None:
    assert exists("sensor.exposure_ev") and exists("camera.framing")
    assert not exists("sensor.exposure") and not exists("camera.zoom") and not exists("sensor.exposure_ev.low.x")


@pytest.mark.parametrize(
    ("key", "difference", "interval", "words"),
    [
        ("brightness", 0.181, (0.12, 0.24), "0.18 brighter (95 %: 0.12 to 0.24)"),
        ("brightness", -0.181, (-0.24, -0.12), "0.18 darker (95 %: 0.12 to 0.24)"),
        ("noise", -1.0, (-2.5, 0.5), "1.00 levels cleaner (95 %: -0.50 to 2.50)"),
        ("box_scale", 2.0, (1.5, 2.5), "2.00 times larger boxes (95 %: 1.50 to 2.50)"),
        ("box_scale", 0.5, (0.4, 0.8), "2.00 times smaller boxes (95 %: 1.25 to 2.50)"),
        ("warmth", -3.0, None, "3.0 CIELAB bluer"),
        ("objects_per_image", 0.0, None, "0.0 more objects in an image"),
    ],
)
def test_a_difference_has_a_direction(
    key: str, difference: float, interval: tuple[float, float] | None, words: str
) -> None:
    assert describe(BY_KEY[key], difference, interval) == words


def test_values_have_units() -> None:
    assert amount(BY_KEY["blur_px"], 0.5) == "0.50 px"
    assert amount(BY_KEY["brightness"], 0.5) == "0.50"


@pytest.mark.parametrize(
    ("ours", "real", "words"),
    [
        (0.01, 0.1, "Yours vary only 0.10 times as much: widen the range."),
        (0.1, 0.1, ""),
        (0.4, 0.1, "Yours vary 4.0 times as much."),
        (0.0, 0.0, ""),
        (0.0, 0.005, ""),
    ],
)
def test_variety(ours: float, real: float, words: str) -> None:
    assert describe_variety(ours, real, 0.01) == words
