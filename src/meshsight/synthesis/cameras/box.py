"""In a box of the world, looking at the middle of the scene, an object or a point."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from meshsight.specs.base import VariantSpec
from meshsight.specs.camera import EulerAngles, FieldOfView, Intrinsics, LookAt
from meshsight.specs.distributions import Distribution, Uniform
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.rig import Aim, PosedCamera, describe_aim, draw_intrinsics, draw_up, place_target
from meshsight.synthesis.sampling import describe, sample


class Spec(VariantSpec):
    """A camera in a box of the world."""

    kind: Literal["box"] = "box"
    x_m: Distribution = Uniform(low=-1.0, high=1.0)
    """Position along the world's x."""
    y_m: Distribution = Uniform(low=-1.0, high=1.0)
    """Position along the world's y."""
    z_m: Distribution = Uniform(low=0.3, high=1.2)
    """Height."""
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


def build(spec: Spec) -> "BoxCamera":
    """Returns the camera rig."""
    return BoxCamera(spec)


@dataclass(frozen=True, slots=True)
class BoxCamera:
    """Draws cameras in a box."""

    spec: Spec

    def draw(self, size_hw: tuple[int, int], extent_m: float, draws: Draws) -> PosedCamera:
        """Draws a camera for a region of a radius around the world's origin."""
        spec, rng = self.spec, draws.stream("camera.pose")
        camera = draw_intrinsics(spec.intrinsics, size_hw, draws)
        eye = np.array([sample(drawn, rng) for drawn in (spec.x_m, spec.y_m, spec.z_m)])
        roll = float(np.deg2rad(sample(spec.roll_deg, rng)))
        target = place_target(spec.look_at, spec.jitter * extent_m, rng)
        aim = Aim(from_target=None, eye=eye, roll_rad=roll, up=draw_up(spec.up_euler_deg, draws))
        draws.note("T_world_cam", self._origin())
        return PosedCamera(camera=camera, T_world_cam=aim.at(target), aim=aim if spec.look_at == "object" else None)

    def _origin(self) -> str:
        parts = {"x_m": self.spec.x_m, "y_m": self.spec.y_m, "z_m": self.spec.z_m, "roll_deg": self.spec.roll_deg}
        drawn = ", ".join(f"{name} {describe(value)}" for name, value in parts.items())
        aim = describe_aim(self.spec.look_at, self.spec.up_euler_deg)
        return f"camera.box: {drawn}, jitter {self.spec.jitter:g}{aim}"
