"""Symmetries of an object, and which of its equal poses is the one that is labelled.

A can that is turned about its axis looks the same, so the same picture would have many poses and many sets of corners:
a network that is shown all of them learns none. The label is the one pose whose axes come nearest to the camera's.
"""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from meshsight.specs.base import Spec

Vec3 = tuple[float, float, float]
_RIGID = 1e-2
"""How far a row of a rotation may be off unit length: files round to three decimals."""


def _check_direction(vector: Vec3) -> Vec3:
    if not any(vector):
        raise ValueError("expected a direction, found 0, 0, 0")
    return vector


Direction = Annotated[Vec3, AfterValidator(_check_direction)]


def _check_rigid(pose: tuple[float, ...]) -> tuple[float, ...]:
    rows = [pose[start : start + 3] for start in (0, 4, 8)]
    for k, row in enumerate(rows):
        for j, other in enumerate(rows[: k + 1]):
            product = sum(a * b for a, b in zip(row, other, strict=True))
            if abs(product - (k == j)) > _RIGID:
                raise ValueError("expected a rotation and a translation, row by row")
    if any(abs(found - wanted) > _RIGID for found, wanted in zip(pose[12:], (0, 0, 0, 1), strict=True)):
        raise ValueError("expected 0, 0, 0, 1 as the last row")
    return pose


RigidPose = Annotated[tuple[float, ...], Field(min_length=16, max_length=16), AfterValidator(_check_rigid)]


class ContinuousSymmetry(Spec):
    """Any turn about an axis."""

    axis: Direction
    """Direction of the axis in the mesh's frame."""
    offset: Vec3 = (0.0, 0.0, 0.0)
    """A point on the axis, in metres of the mesh before `scale`."""


class AlignedAxes(Spec):
    """An axis of the object that is to point as an axis of the camera (x right, y down, z forward) does."""

    object: Direction
    camera: Direction


class SymmetrySpec(Spec):
    """Which turns leave an object as it looks, in the words of BOP's and DOPE's `model_info.json`."""

    discrete: tuple[RigidPose, ...] = ()
    """Poses of the mesh in itself, row by row, in metres before `scale`; that at rest may be left out."""
    continuous: tuple[ContinuousSymmetry, ...] = ()
    """Axes about which every turn looks the same."""
    align: Annotated[tuple[AlignedAxes, ...], Field(min_length=1, max_length=2)] = (
        AlignedAxes(object=(1, 0, 0), camera=(0, 0, 1)),
    )
    """Of all equal poses the one is labelled that brings the first pair of axes nearest; the second settles ties."""

    @model_validator(mode="after")
    def _something(self) -> "SymmetrySpec":
        if not self.discrete and not self.continuous:
            raise ValueError("expected a discrete or continuous symmetry; leave `symmetry` out for none")
        return self
