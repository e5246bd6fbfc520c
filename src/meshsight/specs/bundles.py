"""Correlated choices: bundles of settings of which one is taken for each frame, and frames that share their draws."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from meshsight.specs.base import Spec
from meshsight.specs.ranges import NOT_EMPTY

FIXED = ("version", "seed", "frames", "image", "renderer", "objects", "rejection", "bundles", "worlds")

Aspect = Literal[
    "objects",
    "placement",
    "distractors",
    "occluders",
    "camera",
    "room",
    "environment",
    "suns",
    "point_lights",
    "lamps",
    "background",
]


class BundleSpec(Spec):
    """Settings that go together."""

    name: str = Field(min_length=1)
    """What `meshsight explain` calls it."""
    weight: float = Field(default=1.0, gt=0)
    """How often it is taken, relative to the others."""
    settings: dict[str, JsonValue]
    """What it sets, by path, such as `environment.strength: [0.1, 0.4]`."""


class WorldsSpec(Spec):
    """Several frames of one world: what they share is drawn once for all of them."""

    frames: int = Field(default=10, ge=1)
    """Consecutive frames that share a world."""
    share: Annotated[tuple[Aspect, ...], NOT_EMPTY] = ("objects", "environment", "lamps", "room")
    """What they share, of: objects (which, how large, of what material), placement (where they are; with the placement
    `shuffle` where they start, and the frames are moments of one simulation), distractors, occluders, camera, room,
    environment, suns, point_lights, lamps, background."""
