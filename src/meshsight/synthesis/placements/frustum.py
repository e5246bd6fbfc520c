"""Free-floating: anywhere in the image at any size, turned any way."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from meshsight.core.pose import Matrix3, Matrix4, sample_rotation
from meshsight.records.scene import Ground
from meshsight.specs.alternatives import check_one_of
from meshsight.specs.base import VariantSpec
from meshsight.specs.distributions import Distribution, LogUniform
from meshsight.specs.ranges import Positive, bounded
from meshsight.specs.rotations import RotationSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.placement import OptionalGap, Region
from meshsight.synthesis.sampling import describe, describe_given, sample
from meshsight.synthesis.turning import describe_rotation, draw_rotation, draw_tilt
from meshsight.synthesis.view import View, depth_for_size

_BEFORE = (0.45, 0.85)
_AMONG = (0.8, 2.5)


class Spec(VariantSpec):
    """Free-floating objects, spread over the image."""

    kind: Literal["frustum"] = "frustum"
    apparent_size: Positive | None = LogUniform(low=0.08, high=0.5)
    """Longest side of the projected bounding sphere, as a fraction of the image's longest side."""
    distance_m: Positive | None = None
    """Depth along the optical axis, instead of `apparent_size`."""
    x: Distribution | None = None
    """Middle of an object along the image's width, as a share of it: 0 the image's middle, -0.5 its left border; null
    for anywhere that `overhang` allows."""
    y: Distribution | None = None
    """Middle of an object along the image's height, as a share of it: 0 the image's middle, -0.5 its upper border; null
    for anywhere that `overhang` allows."""
    overhang: float = Field(default=0.2, ge=0, le=0.5)
    """How much of the bounding sphere's side may stick out of the image: 0 none, 0.5 half of it."""
    tilt_deg: Annotated[Distribution, bounded(0.0, 180.0)] | None = None
    """Lean away from upright about a random horizontal axis, after a random turn about the vertical; null turns objects
    any way, uniformly over all rotations."""
    rotation: RotationSpec | None = None
    """How objects are turned in the world (any, yaw, tilt or euler), instead of `tilt_deg`."""
    faces_camera: bool = False
    """Whether `rotation` counts in the camera's frame (x right, y down, z forward) instead of the world's."""
    gap: OptionalGap = Field(default=0.02)

    @model_validator(mode="after")
    def _one_depth(self) -> "Spec":
        check_one_of(apparent_size=self.apparent_size, distance_m=self.distance_m)
        return self


def build(spec: Spec) -> "FrustumPlacement":
    """Returns the placement."""
    return FrustumPlacement(spec)


@dataclass(frozen=True, slots=True)
class FrustumPlacement:
    """Puts bodies into the view frustum."""

    spec: Spec

    @property
    def gap(self) -> float | None:
        """Smallest distance between two bodies, as a multiple of the smaller one's diameter; None for any."""
        return self.spec.gap

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose."""
        depth = describe_given(apparent_size=self.spec.apparent_size, distance_m=self.spec.distance_m)
        turn = "uniform over SO(3)" if self.spec.tilt_deg is None else f"tilt_deg {describe(self.spec.tilt_deg)}"
        turn = f"rotation {turn}" if self.spec.rotation is None else describe_rotation(self.spec.rotation)
        middle = describe_given(x=self.spec.x, y=self.spec.y) or "uniform over the image"
        return f"placement.frustum: {depth}, middle {middle}, {turn}"

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Returns a radius to stand back from; the objects keep to the camera wherever it is."""
        return 4.0 * max(radii_m)

    def region(self, view: View, extent_m: float) -> Region:
        """Returns the part of the optical axis around which objects float."""
        center_px = np.array([0.5 * view.camera.size_hw[1], 0.5 * view.camera.size_hw[0]])
        depth = extent_m * view.camera.fx / (0.5 * view.longest_side_px)
        return Region(center=view.point(center_px, depth), radius_m=extent_m)

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws size or depth, then the place in the image, then the rotation."""
        if self.spec.apparent_size is not None:
            side = sample(self.spec.apparent_size, rng) * view.longest_side_px
            pixel = self._pixel(view, side, rng)
            depth = depth_for_size(view, pixel, body.radius, side)
        else:
            assert self.spec.distance_m is not None
            depth = sample(self.spec.distance_m, rng)
            pixel = self._pixel(view, 2.0 * view.camera.fx * body.radius / depth, rng)
        return body.pose_at(view.point(pixel, depth), self._rotation(view, rng))

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a place at 0.45 to 0.85 of the neighbour's depth whose image overlaps the neighbour's border."""
        depth = view.depth_of(neighbour.center)
        before = depth * rng.uniform(*_BEFORE)
        x, y, _ = view.T_cam_world[:3, :3] @ neighbour.center + view.T_cam_world[:3, 3]
        camera = view.camera
        reach = camera.fx * (neighbour.radius / depth + body.radius / before)
        angle, shift = rng.uniform(0.0, 2.0 * np.pi), reach * rng.uniform(0.35, 0.9)
        middle = view.pixel(np.array([x, y, depth]))
        pixel = middle + shift * np.array([np.cos(angle), np.sin(angle)])
        return body.pose_at(view.point(pixel, before), sample_rotation(rng))

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a place anywhere in the image, at 0.8 to 2.5 times the neighbour's depth."""
        depth = view.depth_of(neighbour.center) * rng.uniform(*_AMONG)
        pixel = self._pixel(view, 2.0 * view.camera.fx * body.radius / depth, rng)
        return body.pose_at(view.point(pixel, depth), sample_rotation(rng))

    def ground(self, extent_m: float, draws: Draws) -> Ground | None:
        """Returns none: objects float."""
        return None

    def _pixel(self, view: View, side_px: float, rng: np.random.Generator) -> Float[np.ndarray, "2"]:
        """Draws the middle of a body's image; one larger than the image covers all of it."""
        height, width = view.camera.size_hw
        size = np.array([width, height], dtype=np.float64)
        inset = np.minimum(side_px * (0.5 - self.spec.overhang), 0.5 * size)
        pixel = rng.uniform(inset, size - inset)
        for axis, given in enumerate((self.spec.x, self.spec.y)):
            if given is not None:
                pixel[axis] = (0.5 + sample(given, rng)) * size[axis]
        return pixel

    def _rotation(self, view: View, rng: np.random.Generator) -> Matrix3:
        if self.spec.rotation is not None:
            rotation = draw_rotation(self.spec.rotation, rng)
            return view.T_world_cam[:3, :3] @ rotation if self.spec.faces_camera else rotation
        return sample_rotation(rng) if self.spec.tilt_deg is None else draw_tilt(self.spec.tilt_deg, rng)
