"""The one camera of all images that blender-gen writes: `info["camera matrix K"]` with fx, cx, fy, cy.

Its principal point counts from the corner of the first pixel, as ours does. Its focal lengths are negative by mistake.
"""

import math
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from meshsight.core.camera import Camera
from meshsight.datasets.coco.repairs import Repairs

_KEY = "camera matrix K"


class Intrinsics(NamedTuple):
    """Focal lengths and principal point in pixels."""

    fx: float
    fy: float
    cx: float
    cy: float

    def camera(self, size_hw: tuple[int, int]) -> Camera:
        """Returns the camera of an image of a size."""
        return Camera(**self._asdict(), size_hw=size_hw)


class _MatrixRow(BaseModel):
    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    fx: float
    fy: float
    cx: float
    cy: float


def read_intrinsics(info: Any, repairs: Repairs) -> Intrinsics | None:
    """Returns what `info` says of the camera: negative focal lengths become positive, a broken matrix is left out."""
    if not isinstance(info, dict) or _KEY not in info:
        return None
    try:
        row = _MatrixRow.model_validate(info[_KEY])
    except ValidationError:
        row = None
    if row is None or row.fx == 0 or row.fy == 0:
        repairs.add("camera matrix that cannot be, left out")
        return None
    repairs.add("negative focal lengths", sum(math.copysign(1, focal) < 0 for focal in (row.fx, row.fy)))
    return Intrinsics(fx=abs(row.fx), fy=abs(row.fy), cx=row.cx, cy=row.cy)
