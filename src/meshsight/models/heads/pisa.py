"""PISA on RetinaNet, Cao et al. 2019 (arXiv 1904.04821); steps 6 and 7 of the walk."""

from typing import Literal

from pydantic import Field

from meshsight.models.heads import retina

GOES_WITH = ("fpg", "fpn", "pafpn")
"""Necks whose levels it can read."""


class Spec(retina.Spec):
    """RetinaNet's head that learns most from each object's prime samples; defaults as mmdetection's PISA."""

    kind: Literal["pisa"] = "pisa"
    box_beta: float = Field(default=0.11, ge=0)
    """Below it the box loss is quadratic (smooth L1); 0 is plain L1."""
    rank_power: float = Field(default=2.0, ge=0)
    """How fast the class weight falls with a positive's rank (ISR-P, k)."""
    rank_bias: float = Field(default=0.0, ge=0, le=1)
    """Class weight that even the last rank keeps (ISR-P, beta)."""
    score_power: float = Field(default=1.0, ge=0)
    """How fast the added box loss grows with the score (CARL, k)."""
    score_bias: float = Field(default=0.2, ge=0, le=1)
    """Weight in the added box loss that a score of 0 keeps (CARL, b)."""
