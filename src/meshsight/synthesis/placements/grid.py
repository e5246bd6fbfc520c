"""In rows and columns on the ground, as on a shelf or a pallet, never quite exactly."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float
from pydantic import Field

from meshsight.core.pose import Matrix4, rotation_about_z
from meshsight.records.scene import Ground
from meshsight.specs.base import VariantSpec
from meshsight.specs.distributions import Distribution, Uniform
from meshsight.specs.ranges import bounded
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.disc import point_before, point_on_disc
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.placement import Gap, Placement, Region
from meshsight.synthesis.sampling import describe, sample, sample_count
from meshsight.synthesis.standing import draw_stance, stand
from meshsight.synthesis.surface import SurfaceSpec, draw_ground
from meshsight.synthesis.view import View

Lines = Annotated[Distribution, bounded(1.0, 100.0)]


class Spec(VariantSpec):
    """Objects in the cells of a grid on the ground around the world's origin."""

    kind: Literal["grid"] = "grid"
    rows: Lines = Uniform(low=1, high=4)
    """Rows of cells, rounded; there are more where the objects would find no cell."""
    columns: Lines = Uniform(low=2, high=4)
    """Columns of cells, rounded."""
    spacing: Annotated[Distribution, bounded(1.0, 100.0)] = Uniform(low=1.05, high=1.6)
    """Distance of neighbouring rows and columns, in multiples of the largest object's footprint."""
    jitter: float = Field(default=0.05, ge=0, le=0.5)
    """How far an object may be off the middle of its cell along rows and columns, in multiples of their distance."""
    yaw_deg: Annotated[Distribution, bounded(-180.0, 180.0)] = Uniform(low=-10, high=10)
    """Turn of each object against the grid, which as a whole is turned any way."""
    empty: float = Field(default=0.15, ge=0, le=0.9)
    """How often a cell is left free."""
    upright: float = Field(default=1.0, ge=0, le=1)
    """How often an object stands as it was modelled; else it lies on a stable side of its convex hull."""
    gap: Gap = 0.0
    surface: SurfaceSpec = SurfaceSpec()
    """What the ground is made of."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Layout:
    """The grid of one frame.

    Attributes:
        pitch_m: distance of neighbouring rows and columns.
        heading_rad: turn of the grid about the vertical.
        radius_m: of a disc that holds all cells.
        cells: middles of all cells that are not left free.
        own: body -> its cells; no cell is of two bodies.
    """

    pitch_m: float
    heading_rad: float
    radius_m: float
    cells: Float[np.ndarray, "c 2"]
    own: Mapping[Body, Float[np.ndarray, "o 2"]] = field(default_factory=dict)


def build(spec: Spec) -> "GridPlacement":
    """Returns the placement: a single cell, until a frame's grid is drawn."""
    return GridPlacement(spec, Layout(pitch_m=1.0, heading_rad=0.0, radius_m=1.0, cells=np.zeros((1, 2))))


@dataclass(frozen=True, slots=True)
class GridPlacement:
    """Stands bodies in the cells of a layout."""

    spec: Spec
    layout: Layout

    @property
    def gap(self) -> float:
        """Smallest distance between two bodies, as a multiple of the smaller one's diameter."""
        return self.spec.gap

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose."""
        spec = self.spec
        size = f"rows {describe(spec.rows)} x columns {describe(spec.columns)}, spacing {describe(spec.spacing)}"
        place = f"jitter {spec.jitter:g}, yaw_deg {describe(spec.yaw_deg)}, upright {spec.upright:g}"
        return f"placement.grid: a cell of {size}, empty {spec.empty:g}, {place}"

    def arranged(self, bodies: Sequence[Body], draws: Draws) -> Placement:
        """Draws the size of the grid, which cells stay free, and which body may stand in which of the others."""
        rng = draws.stream("placement.grid")
        pitch_m = sample(self.spec.spacing, rng) * max(_footprint_m(body, self.spec.upright) for body in bodies)
        heading = rng.uniform(0.0, 2.0 * np.pi)
        cells = self._cells(len(bodies), rng) * pitch_m
        reach = float(np.linalg.norm(cells, axis=1).max()) + 0.5 * pitch_m
        cells = cells @ rotation_about_z(heading)[:2, :2].T
        own = {body: cells[index :: len(bodies)] for index, body in enumerate(bodies)}
        layout = Layout(pitch_m=pitch_m, heading_rad=heading, radius_m=reach, cells=cells, own=own)
        return replace(self, layout=layout)

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Returns the radius of a disc that holds all cells."""
        return self.layout.radius_m

    def region(self, view: View, extent_m: float) -> Region:
        """Returns the disc that holds all cells."""
        return Region(center=np.zeros(3), radius_m=extent_m)

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws one of the body's own cells, a shift and a stance."""
        cells = self.layout.own.get(body, self.layout.cells)
        jitter = rotation_about_z(self.layout.heading_rad)[:2, :2] @ rng.uniform(-1.0, 1.0, 2)
        xy = cells[rng.integers(0, len(cells))] + self.spec.jitter * self.layout.pitch_m * jitter
        yaw = rotation_about_z(self.layout.heading_rad + np.deg2rad(sample(self.spec.yaw_deg, rng)))
        return stand(body, xy, draw_stance(body, self.spec.upright, yaw, rng))

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a place next to the neighbour on the camera's side of it, turned any way."""
        xy = point_before(neighbour.center, view.eye, body.radius + neighbour.radius, rng)
        return stand(body, xy, draw_stance(body, self.spec.upright, _any_yaw(rng), rng))

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a place on a disc somewhat larger than the grid, turned any way."""
        xy = point_on_disc(1.4 * extent_m, rng)
        return stand(body, xy, draw_stance(body, self.spec.upright, _any_yaw(rng), rng))

    def ground(self, extent_m: float, draws: Draws) -> Ground:
        """Draws the ground's surface."""
        return draw_ground(self.spec.surface, extent_m, draws)

    def _cells(self, num_bodies: int, rng: np.random.Generator) -> Float[np.ndarray, "c 2"]:
        """Draws the cells that are not left free, in random order and in units of their distance, around 0."""
        columns, rows = sample_count(self.spec.columns, rng), sample_count(self.spec.rows, rng)
        is_open = rng.random((max(rows, math.ceil(num_bodies / columns)), columns)) >= self.spec.empty
        while is_open.sum() < num_bodies:
            is_open = np.concatenate([is_open, rng.random((1, columns)) >= self.spec.empty])
        return rng.permutation(np.argwhere(is_open) - 0.5 * (np.array(is_open.shape) - 1.0))


def _footprint_m(body: Body, upright: float) -> float:
    """Returns the diameter of the upright cylinder around a body, or around all its stances if it may lie."""
    if upright < 1.0:
        return 2.0 * body.radius
    return 2.0 * float(np.linalg.norm(body.geometry.half_size[:2])) * body.scale


def _any_yaw(rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    return rotation_about_z(rng.uniform(0.0, 2.0 * np.pi))
