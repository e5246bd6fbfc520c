"""The disc of ground on which objects are: how a recipe sizes it, and places on it."""

from collections.abc import Sequence
from typing import Annotated

import numpy as np
from jaxtyping import Float
from pydantic import model_validator

from meshsight.core.pose import Vector3
from meshsight.specs.alternatives import check_one_of
from meshsight.specs.base import VariantSpec
from meshsight.specs.distributions import Uniform
from meshsight.specs.ranges import Positive, bounded
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.sampling import describe_given, sample


class DiscSpec(VariantSpec):
    """Objects on a disc around the world's origin; the base of placements that have one."""

    density: Annotated[Positive, bounded(0.0, 0.35)] | None = Uniform(low=0.1, high=0.3)
    """Share of the region, a disc, that the bounding spheres of its labelled objects cover; gives the disc's radius."""
    radius_m: Positive | None = None
    """Radius of the region, instead of `density`."""

    @model_validator(mode="after")
    def _one_size(self) -> "DiscSpec":
        check_one_of(density=self.density, radius_m=self.radius_m)
        return self


def describe_disc(spec: DiscSpec) -> str:
    """Returns what sizes the disc, in the words of the recipe."""
    return describe_given(density=spec.density, radius_m=spec.radius_m)


def draw_radius_m(spec: DiscSpec, radii_m: Sequence[float], draws: Draws) -> float:
    """Draws the disc's radius for bounding spheres of these radii."""
    rng = draws.stream("placement.region")
    if spec.radius_m is not None:
        return sample(spec.radius_m, rng)
    assert spec.density is not None
    density = sample(spec.density, rng)
    return float(np.sqrt(sum(radius * radius for radius in radii_m) / density))


def point_on_disc(radius_m: float, rng: np.random.Generator) -> Float[np.ndarray, "2"]:
    """Draws a point uniformly over a disc around the origin."""
    distance, angle = radius_m * np.sqrt(rng.random()), rng.uniform(0.0, 2.0 * np.pi)
    return np.array([distance * np.cos(angle), distance * np.sin(angle)])


def point_before(center: Vector3, eye: Vector3, reach_m: float, rng: np.random.Generator) -> Float[np.ndarray, "2"]:
    """Draws a point of the ground next to a place, on the camera's side of it.

    Args:
        center: the place.
        eye: position of the camera.
        reach_m: a step; the point lies 0.7 to 2.5 of them nearer and up to 0.9 aside.
        rng: where to draw from.
    """
    towards = eye[:2] - center[:2]
    towards = towards / max(float(np.linalg.norm(towards)), 1e-9)
    sideways = np.array([-towards[1], towards[0]])
    step = towards * rng.uniform(0.7, 2.5) + sideways * rng.uniform(-0.9, 0.9)
    return center[:2] + reach_m * step
