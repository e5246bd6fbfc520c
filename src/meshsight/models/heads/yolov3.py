"""YOLOv3's head, Redmon and Farhadi 2018 (arXiv 1804.02767); steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

Positive = Annotated[float, Field(gt=0)]
Side = tuple[Positive, Positive]


GOES_WITH = ("yolov3",)
"""Necks whose levels it can read."""


class Spec(VariantSpec):
    """Three anchors in each cell, with class, box and objectness; defaults as mmdetection's YOLOv3."""

    kind: Literal["yolov3"] = "yolov3"
    anchors: tuple[tuple[Side, ...], ...] = (
        ((10, 13), (16, 30), (33, 23)),
        ((30, 61), (62, 45), (59, 119)),
        ((116, 90), (156, 198), (373, 326)),
    )
    """Width and height of the anchors of each level in pixels, finest level first; all levels have as many."""
    positive_iou: float = Field(default=0.5, gt=0, le=1)
    """Of the anchors in the cell of an object's centre, those above this IoU learn it; the best one always does."""
    negative_iou: float = Field(default=0.5, gt=0, le=1)
    """An anchor up to this IoU with every object learns that there is none; the others that learn no object rest."""
    box_weight: float = Field(default=2.0, ge=0)
    """Weight of the two box losses."""
