"""On a shell around the scene: a distance, an elevation and an azimuth."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from meshsight.core.camera import Camera
from meshsight.specs.base import VariantSpec
from meshsight.specs.camera import EulerAngles, FieldOfView, Intrinsics, LookAt
from meshsight.specs.distributions import Distribution, Uniform, support
from meshsight.specs.ranges import Elevation, Positive
from meshsight.synthesis.directions import direction
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.rig import (
    Aim,
    PosedCamera,
    describe_aim,
    draw_intrinsics,
    draw_up,
    half_view_slope,
    place_target,
)
from meshsight.synthesis.sampling import describe, sample


class Spec(VariantSpec):
    """A camera on a shell around what it looks at."""

    kind: Literal["shell"] = "shell"
    framing: Positive | None = Uniform(low=0.6, high=1.15)
    """Share of the image's shorter side that the region of the objects fills; gives the distance."""
    distance_m: Positive | None = None
    """Distance from the target, instead of `framing`."""
    elevation_deg: Elevation = Uniform(low=10, high=70)
    """Height above the horizontal plane through the target."""
    spread: Literal["angle", "area"] = "angle"
    """How the elevation is drawn: as its distribution says, which crowds the poles, or uniformly over the shell's area
    between its lowest and highest."""
    azimuth_deg: Distribution = Uniform(low=0, high=360)
    """Direction about the vertical."""
    jitter: float = Field(default=0.15, ge=0)
    """The target lies uniformly in a ball around what is looked at, of this many radii of the region of the objects."""
    look_at: LookAt = "region"
    """What the camera looks at: the region of the objects, one of the objects, or a point of the world [x, y, z]."""
    up_euler_deg: EulerAngles | None = None
    """Turns of a frame about x, then y, then z, whose z axis is then up in the image instead of the world's."""
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
        elevation = self._elevation(rng)
        azimuth, roll = (np.deg2rad(sample(drawn, rng)) for drawn in (spec.azimuth_deg, spec.roll_deg))
        target = place_target(spec.look_at, spec.jitter * extent_m, rng)
        offset = distance * direction(float(azimuth), elevation)
        up = draw_up(spec.up_euler_deg, draws)
        aim = Aim(from_target=offset, eye=target + offset, roll_rad=float(roll), up=up)
        draws.note("T_world_cam", self._origin())
        return PosedCamera(camera=camera, T_world_cam=aim.at(target), aim=aim if spec.look_at == "object" else None)

    def _elevation(self, rng: np.random.Generator) -> float:
        """Draws the elevation; over the area its sine is uniform (Archimedes)."""
        if self.spec.spread == "angle":
            return float(np.deg2rad(sample(self.spec.elevation_deg, rng)))
        low, high = np.sin(np.deg2rad(support(self.spec.elevation_deg)))
        return float(np.arcsin(rng.uniform(low, high)))

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
        area = ", spread over the area" if self.spec.spread == "area" else ""
        aim = describe_aim(self.spec.look_at, self.spec.up_euler_deg)
        return f"camera.shell: {drawn}{area}, jitter {self.spec.jitter:g}{aim}"
