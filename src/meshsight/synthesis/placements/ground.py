"""Standing on the ground, upright or on a stable side, without touching."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field, model_validator

from meshsight.core.pose import Matrix3, Matrix4, make_pose, rotation_about_z
from meshsight.records.scene import Ground
from meshsight.specs.base import Spec as PlainSpec
from meshsight.specs.base import VariantSpec
from meshsight.specs.distributions import Distribution, LogUniform, Uniform
from meshsight.specs.pictures import ProceduralTextures, TextureSource
from meshsight.specs.ranges import Fraction, NonNegative, Positive, bounded
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.colors import color_from_hsv
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.pictures import draw_texture
from meshsight.synthesis.placement import Region
from meshsight.synthesis.rests import rotation_onto
from meshsight.synthesis.sampling import describe, sample, sample_index
from meshsight.synthesis.view import View


class SurfaceSpec(PlainSpec):
    """What the ground is made of."""

    texture_probability: float = Field(default=0.85, ge=0, le=1)
    """How often the ground has a texture; else it has one colour."""
    textures: TextureSource = ProceduralTextures()
    """Where textures come from."""
    tile: Positive = LogUniform(low=0.3, high=1.5)
    """Side of a texture tile, in multiples of the region's radius."""
    hue_deg: Distribution = Uniform(low=0, high=360)
    """Hue of the tint."""
    saturation: Fraction = Uniform(low=0.0, high=0.25)
    """Strength of the tint."""
    brightness: NonNegative = Uniform(low=0.25, high=0.85)
    """Factor on the texture's colours, or brightness of the plain ground."""
    roughness: Fraction = Uniform(low=0.4, high=1.0)
    """Roughness."""
    half_size: Annotated[Distribution, bounded(2.0, 1000.0)] = LogUniform(low=2.5, high=40.0)
    """Half the ground's side, in multiples of the region's radius: a table top, or a floor to the horizon."""


class Spec(VariantSpec):
    """Objects that stand on the ground around the world's origin."""

    kind: Literal["ground"] = "ground"
    density: Annotated[Positive, bounded(0.0, 0.35)] | None = Uniform(low=0.1, high=0.3)
    """Share of the region, a disc, that the bounding spheres of its labelled objects cover; gives the disc's radius."""
    radius_m: Positive | None = None
    """Radius of the region, instead of `density`."""
    upright: float = Field(default=0.6, ge=0, le=1)
    """How often an object stands as it was modelled; else it lies on a stable side of its convex hull."""
    gap: float = Field(default=0.02, ge=0)
    """Smallest distance between two bodies, in multiples of the smaller one's diameter."""
    surface: SurfaceSpec = SurfaceSpec()
    """What the ground is made of."""

    @model_validator(mode="after")
    def _one_size(self) -> "Spec":
        if (self.density is None) == (self.radius_m is None):
            raise ValueError("give either density or radius_m, and null for the other")
        return self


def build(spec: Spec) -> "GroundPlacement":
    """Returns the placement."""
    return GroundPlacement(spec)


@dataclass(frozen=True, slots=True)
class GroundPlacement:
    """Stands bodies on the plane z = 0."""

    spec: Spec

    @property
    def gap(self) -> float:
        """Smallest distance between two bodies, as a multiple of the smaller one's diameter."""
        return self.spec.gap

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose."""
        parts = {"density": self.spec.density, "radius_m": self.spec.radius_m}
        region = ", ".join(f"{name} {describe(drawn)}" for name, drawn in parts.items() if drawn is not None)
        return f"placement.ground: uniform over a disc of {region}, upright {self.spec.upright:g}, yaw uniform(0, 360)"

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Draws the radius of the disc."""
        rng = draws.stream("placement.region")
        if self.spec.radius_m is not None:
            return sample(self.spec.radius_m, rng)
        assert self.spec.density is not None
        density = sample(self.spec.density, rng)
        return float(np.sqrt(sum(radius * radius for radius in radii_m) / density))

    def region(self, view: View, extent_m: float) -> Region:
        """Returns the disc."""
        return Region(center=np.zeros(3), radius_m=extent_m)

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws a place on the disc and a stance."""
        return _stand(body, _point_on_disc(extent_m, rng), self._rotation(body, rng))

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a place next to the neighbour on the camera's side of it."""
        towards = view.eye[:2] - neighbour.center[:2]
        towards = towards / max(float(np.linalg.norm(towards)), 1e-9)
        sideways = np.array([-towards[1], towards[0]])
        reach = body.radius + neighbour.radius
        step = towards * rng.uniform(0.7, 2.5) + sideways * rng.uniform(-0.9, 0.9)
        return _stand(body, neighbour.center[:2] + reach * step, self._rotation(body, rng))

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a place on a disc somewhat larger than that of the objects."""
        return _stand(body, _point_on_disc(1.4 * extent_m, rng), self._rotation(body, rng))

    def ground(self, extent_m: float, draws: Draws) -> Ground:
        """Draws the ground's surface."""
        surface, rng = self.spec.surface, draws.stream("ground")
        hue, saturation, brightness = (
            sample(distribution, rng) for distribution in (surface.hue_deg, surface.saturation, surface.brightness)
        )
        draws.note("ground.tint", f"placement.surface: {_tint_origin(surface)}")
        tile = draws.number("ground.tile_m", "placement.surface.tile", surface.tile, rng) * extent_m
        half_size = draws.number("ground.half_size_m", "placement.surface.half_size", surface.half_size, rng) * extent_m
        roughness = draws.number("ground.roughness", "placement.surface.roughness", surface.roughness, rng)
        texture = draw_texture(surface.textures, rng) if rng.random() < surface.texture_probability else None
        draws.note("ground.texture", f"placement.surface.textures with probability {surface.texture_probability:g}")
        return Ground(
            z_m=0.0,
            half_size_m=half_size,
            tint=color_from_hsv(hue, saturation, brightness),
            roughness=roughness,
            texture=texture,
            tile_m=tile,
        )

    def _rotation(self, body: Body, rng: np.random.Generator) -> Matrix3:
        yaw = rotation_about_z(rng.uniform(0.0, 2.0 * np.pi))
        if rng.random() < self.spec.upright:
            return yaw
        rests = body.geometry.rests
        return yaw @ rotation_onto(rests.normals[sample_index(rests.weights, rng)])


def _point_on_disc(radius_m: float, rng: np.random.Generator) -> Float[np.ndarray, "2"]:
    distance, angle = radius_m * np.sqrt(rng.random()), rng.uniform(0.0, 2.0 * np.pi)
    return np.array([distance * np.cos(angle), distance * np.sin(angle)])


def _stand(body: Body, xy: Float[np.ndarray, "2"], rotation: Matrix3) -> Matrix4:
    """Returns the pose whose bounding sphere is over a point of the plane z = 0 and whose lowest vertex lies in it."""
    lowest = float((body.geometry.hull_points @ rotation[2]).min()) * body.scale
    offset = rotation @ body.center
    return make_pose(rotation, np.array([xy[0] - offset[0], xy[1] - offset[1], -lowest]))


def _tint_origin(surface: SurfaceSpec) -> str:
    parts = {"hue_deg": surface.hue_deg, "saturation": surface.saturation, "brightness": surface.brightness}
    return ", ".join(f"{name} {describe(distribution)}" for name, distribution in parts.items())
