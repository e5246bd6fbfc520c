"""Radius and centre of the ball: NaoTH's regressor."""

from typing import Literal

from meshsight.models.patch.spec import LocatingSpec


class Spec(LocatingSpec):
    """Says where the ball's circle is; learns from patches whose circle is known."""

    kind: Literal["circle"] = "circle"
