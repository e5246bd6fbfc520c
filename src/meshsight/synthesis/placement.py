"""What every kind of placement can do; the kinds are the files of `placements/`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, runtime_checkable

import numpy as np
from pydantic import Field

from meshsight.core.pose import Matrix4, Vector3
from meshsight.records.scene import Ground
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.view import View

Gap = Annotated[
    float,
    Field(ge=0, description="Smallest distance between two bodies, in multiples of the smaller one's diameter."),
]

OptionalGap = Annotated[
    float | None,
    Field(
        ge=0,
        description="Smallest distance between two bodies, in multiples of the smaller one's diameter; null lets them "
        "stand in each other.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Region:
    """Where things happen: lamps stand around it."""

    center: Vector3
    radius_m: float


@runtime_checkable
class Placement(Protocol):
    """Proposes poses; the stage says which of them can stay."""

    @property
    def gap(self) -> float | None:
        """Smallest distance between two bodies, as a multiple of the smaller one's diameter; None for any."""
        ...

    @property
    def origin(self) -> str:
        """Which randomiser and distributions make a pose, in the words of the recipe."""
        ...

    def extent_m(self, radii_m: Sequence[float], draws: Draws) -> float:
        """Draws the radius around the world's origin that bounding spheres of these radii need (at least one)."""
        ...

    def region(self, view: View, extent_m: float) -> Region:
        """Returns where things happen in a view."""
        ...

    def propose(self, body: Body, view: View, extent_m: float, rng: np.random.Generator) -> Matrix4:
        """Draws a pose `T_world_object`."""
        ...

    def propose_before(self, body: Body, neighbour: PlacedBody, view: View, rng: np.random.Generator) -> Matrix4:
        """Draws a pose between the camera and a neighbour, so that the body may hide a part of it."""
        ...

    def propose_among(
        self, body: Body, neighbour: PlacedBody, view: View, extent_m: float, rng: np.random.Generator
    ) -> Matrix4:
        """Draws a pose of clutter in the surroundings of a neighbour, anywhere in the image."""
        ...

    def ground(self, extent_m: float, draws: Draws) -> Ground | None:
        """Draws the ground, if there is one."""
        ...


@runtime_checkable
class Arranging(Protocol):
    """A placement that draws one layout for all objects of a frame before their poses."""

    def arranged(self, bodies: Sequence[Body], draws: Draws) -> Placement:
        """Draws the layout of these bodies (at least one) and returns the placement that keeps to it."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A placement whose proposals are only where bodies start: then all of them move together until they rest."""

    def settle(self, bodies: Sequence[PlacedBody], draws: Draws) -> list[PlacedBody]:
        """Returns the bodies, in order, where they come to rest.

        Raises:
            RejectedScene: they do not.
        """
        ...
