"""Whether the corners of a DOPE data set fit its poses, and in which order; counted object by object."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.pose import Matrix4, Vector3, make_pose
from meshsight.datasets.dope.corners import ALL_ORDERS, Boxes, CornerOrder, fit_boxes, order_errors
from meshsight.datasets.dope.objects import RawObject

GL_TO_CV = np.diag([1.0, -1.0, -1.0])
_BATCH = 500
_NUM_MEASURED = 1000
_TOO_SMALL = 4.0
"""Corners that are less than this many times the allowed error apart tell nothing: any order would fit them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PosedObject:
    """An object whose corners can be checked.

    Attributes:
        T_cam_object: in OpenCV's axes, in the file's unit.
        size: of its class along x, y and z, as the settings say, or None.
    """

    thing: RawObject
    camera: Camera
    T_cam_object: Matrix4
    size: tuple[float, float, float] | None = None


@dataclass(slots=True)
class CornerCheck:
    """Takes in objects and counts which orders fit.

    Attributes:
        within_px: how far a corner may be off.
        leading: the order that fits most objects so far, of several the first in `ALL_ORDERS`.
        num_fitting: objects that the leading order fits.
        others: objects that it does not, by the first order that does.
        num_misfits: objects that no order fits.
        distances, ratios: of the first objects: distance from the camera; found size over the settings' size.
    """

    within_px: float
    leading: CornerOrder | None = None
    num_fitting: int = 0
    others: Counter[CornerOrder] = field(default_factory=Counter[CornerOrder])
    num_misfits: int = 0
    distances: list[float] = field(default_factory=list[float])
    ratios: list[float] = field(default_factory=list[float])
    _waiting: list[PosedObject] = field(default_factory=list[PosedObject])

    def add(self, one: PosedObject) -> None:
        """Takes in an object, unless it is too small to tell anything; `finish` must follow the last."""
        points = one.thing.points
        if np.nanmax(np.nanmax(points, axis=0) - np.nanmin(points, axis=0)) < _TOO_SMALL * self.within_px:
            return
        self._waiting.append(one)
        if len(self._waiting) == _BATCH:
            self.finish()

    def finish(self) -> None:
        """Checks the objects that are waiting."""
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        if self.leading is None:
            fits = _errors(batch) <= self.within_px
            self.leading = ALL_ORDERS[int(fits.sum(axis=0).argmax())]
        boxes = fit(batch, self.leading)
        self._measure(batch, boxes)
        strange = [one for one, error in zip(batch, boxes.error_px, strict=True) if not error <= self.within_px]
        self.num_fitting += len(batch) - len(strange)
        for order in orders_that_fit(strange, self.leading, self.within_px):
            if order is None:
                self.num_misfits += 1
            else:
                self.others[order] += 1

    def _measure(self, batch: Sequence[PosedObject], boxes: Boxes) -> None:
        for index, one in enumerate(batch[: _NUM_MEASURED - len(self.distances)]):
            self.distances.append(float(np.linalg.norm(one.T_cam_object[:3, 3])))
            if one.size is not None and boxes.error_px[index] <= self.within_px and min(one.size) > 0:
                half, _ = scaled_box(boxes, index, replace(one, size=None))
                self.ratios.append(float(2 * half.sum() / sum(one.size)))


def cv_pose(thing: RawObject, is_gl: bool) -> Matrix4 | None:
    """Returns an object's pose in OpenCV's axes, in the file's unit, or None."""
    if thing.rotation is None or thing.location is None:
        return None
    flip = GL_TO_CV if is_gl else np.eye(3)
    return make_pose(flip @ thing.rotation, flip @ thing.location)


def fit(objects: Sequence[PosedObject], order: CornerOrder) -> Boxes:
    """Fits boxes to objects under one corner order."""
    return fit_boxes(*_geometry(objects), order)


def orders_that_fit(objects: Sequence[PosedObject], usual: CornerOrder, within_px: float) -> list[CornerOrder | None]:
    """Returns a corner order that fits each object: the usual one if it does, else the first; None if none does."""
    if not objects:
        return []
    fits = _errors(objects) <= within_px
    first = [ALL_ORDERS[int(row.argmax())] if row.any() else None for row in fits]
    is_usual = fits[:, ALL_ORDERS.index(usual)]
    return [usual if fits_too else order for order, fits_too in zip(first, is_usual, strict=True)]


def scaled_box(boxes: Boxes, index: int, one: PosedObject) -> tuple[Vector3, Vector3]:
    """Returns half size and centre in the object's frame of a fitted box, in the unit of the pose.

    The size that the settings give fixes the scale, whether in the poses' unit or a hundred times off, if it comes
    within a quarter. Otherwise the scale is the one that brings the centre nearest to the object's origin: they
    coincide in most models, and where not, the box is off along the line of sight only, and projects the same.
    """
    centre, location = boxes.centre[index], one.T_cam_object[:3, 3]
    scale = float(centre @ location / (centre @ centre))
    half = boxes.half[index] * scale
    if one.size is not None and min(one.size) > 0 and half.sum() > 0:
        ratio = sum(one.size) / float(2 * half.sum())
        ratio *= next((unit for unit in (1.0, 100.0, 0.01) if 0.8 < ratio * unit < 1.25), 1 / ratio)
        scale, half = scale * ratio, half * ratio
    return half, one.T_cam_object[:3, :3].T @ (centre * scale - location)


def _errors(objects: Sequence[PosedObject]) -> Float[np.ndarray, "n 24"]:
    return order_errors(*_geometry(objects))


def _geometry(
    objects: Sequence[PosedObject],
) -> tuple[Float[np.ndarray, "n 9 2"], Float[np.ndarray, "n 2"], Float[np.ndarray, "n 3 3"]]:
    points = np.stack([one.thing.points for one in objects])
    focal = np.array([(one.camera.fx, one.camera.fy) for one in objects])
    principal = np.array([(one.camera.cx, one.camera.cy) for one in objects])
    rotations = np.stack([one.T_cam_object[:3, :3] for one in objects])
    rays = (points - principal[:, None]) / focal[:, None]
    for index, one in enumerate(objects):
        if one.camera.lens is not None:
            rays[index] = one.camera.lens.undistort(rays[index])
    return rays, focal, rotations
