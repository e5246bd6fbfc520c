"""On a shell around the scene: a distance, an elevation and an azimuth."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from meshsight.core.camera import Camera
from meshsight.core.pose import look_at
from meshsight.specs.base import VariantSpec
from meshsight.specs.camera import FieldOfView, Intrinsics
from meshsight.specs.distributions import Distribution, Uniform
from meshsight.specs.ranges import Elevation, Positive
from meshsight.synthesis.directions import direction, draw_in_ball
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.rig import PosedCamera, draw_intrinsics, half_view_slope
from meshsight.synthesis.sampling import describe, sample


class Spec(VariantSpec):
    """A camera on a shell, looking at the middle of the scene."""

    kind: Literal["shell"] = "shell"
    framing: Positive | None = Uniform(low=0.6, high=1.15)
    """Share of the image's shorter side that the region of the objects fills; gives the distance."""
    distance_m: Positive | None = None
    """Distance from the target, instead of `framing`."""
    elevation_deg: Elevation = Uniform(low=10, high=70)
    """Height above the horizontal plane through the target."""
    azimuth_deg: Distribution = Uniform(low=0, high=360)
    """Direction about the vertical."""
    jitter: float = Field(default=0.15, ge=0)
    """The target lies uniformly in a ball around the origin, of this many radii of the region of the objects."""
    roll_deg: Distribution = Uniform(low=-15, high=15)
    """Turn about the optical axis."""
    intrinsics: Intrinsics = FieldOfView()
    """Field of view, or a calibration."""

    @model_validator(mode="after")
    def _one_distance(self) -> "Spec":
        if (self.framing is None) == (self.distance_m is None):
            raise ValueError("give either framing or distance_m, and null for the other")
        return self


def build(spec: Spec) -> "ShellCamera":
    """Returns the camera rig."""
    return ShellCamera(spec)


@dataclass(frozen=True, slots=True)
class ShellCamera:
    """Draws cameras on a shell."""

    spec: Spec

    def draw(self, size_hw: tuple[int, int], extent_m: float, draws: Draws) -> PosedCamera:
        """Draws a camera for a region of a radius around the world's origin."""
        spec, rng = self.spec, draws.stream("camera.pose")
        camera = draw_intrinsics(spec.intrinsics, size_hw, draws)
        distance = self._distance(camera, extent_m, rng)
        elevation, azimuth, roll = (
            np.deg2rad(sample(drawn, rng)) for drawn in (spec.elevation_deg, spec.azimuth_deg, spec.roll_deg)
        )
        target = draw_in_ball(spec.jitter * extent_m, rng)
        draws.note("T_world_cam", self._origin())
        return PosedCamera(
            camera=camera,
            T_world_cam=look_at(target + distance * direction(azimuth, elevation), target, float(roll)),
        )

    def _distance(self, camera: Camera, extent_m: float, rng: np.random.Generator) -> float:
        if self.spec.distance_m is not None:
            return sample(self.spec.distance_m, rng)
        assert self.spec.framing is not None
        return extent_m / (sample(self.spec.framing, rng) * half_view_slope(camera))

    def _origin(self) -> str:
        parts = {
            "framing": self.spec.framing,
            "distance_m": self.spec.distance_m,
            "elevation_deg": self.spec.elevation_deg,
            "azimuth_deg": self.spec.azimuth_deg,
            "roll_deg": self.spec.roll_deg,
        }
        drawn = ", ".join(f"{name} {describe(value)}" for name, value in parts.items() if value is not None)
        return f"camera.shell: {drawn}, jitter {self.spec.jitter:g}"
