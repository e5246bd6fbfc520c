"""DetectNet_v2's head, a grid of coverage and boxes (NVIDIA TAO Toolkit); steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]


GOES_WITH = ("level",)
"""Necks whose levels it can read."""


class Spec(VariantSpec):
    """Every cell says how much it belongs to an object of each class, and where its box ends; cells are clustered.

    Defaults as TAO's example specifications (`resnet18`, 960x544).
    """

    kind: Literal["coverage"] = "coverage"
    box_scale: Positive = 35.0
    """Pixels to the box's edges are predicted in units of this."""
    box_offset: float = 0.5
    """Where in its first pixel a cell counts from."""
    coverage_radius: tuple[Positive, Positive] = (1.0, 1.0)
    """Semi-axes of the ellipse whose cells belong to an object, in halves of its width and height."""
    min_radius: Positive = 1.0
    """Shortest semi-axis in cells; a smaller ellipse grows, its shape kept."""
    dead_zone: Share = 0.4
    """How far towards the box's edges an ellipse reaches whose cells belong to no object behind this one and, outside
    of the coverage, learn nothing; 0 is the coverage itself, 1 the box."""
    foreground_weight: Share = 0.05
    """Weight of covered cells in the loss of the coverage; the others have the rest."""
    class_weights: tuple[Positive, ...] | None = None
    """Weight of each class; none: all alike."""
    first_weights: tuple[Positive, Positive] = (1.0, 10.0)
    """Weights of the losses of coverage and boxes at the start; only their ratio counts."""
    target_weights: tuple[Positive, Positive] = (1.0, 10.0)
    """What the weighted losses of coverage and boxes should be to each other later on."""
    num_updates: int = Field(default=100, ge=0)
    """How often in a training the weights are set anew, each time by the mean losses since; 0: they stay."""
    coverage_threshold: Share = 0.005
    """Cells that cover less take no part in a cluster."""
    eps: Positive = 0.15
    """Boxes whose overlap (IoU) is at least one minus this are neighbours (DBSCAN)."""
    min_coverage: float = Field(default=1.0, ge=0)
    """Coverage that a cell and its neighbours have together, for the cell to found a cluster."""
    min_height_px: float = Field(default=20.0, ge=0)
    """Found boxes must be higher, in pixels of the input."""
    confidence: Literal["aggregate", "mean"] = "aggregate"
    """`aggregate` scores a cluster by the sum s of its coverage, which has no upper end, as s / (1 + s); TAO's
    confidence of 0.9 is a score of 0.474. `mean` scores it by the mean."""
