"""KITTI's calibration files: one line for each matrix, row by row (KITTI object devkit, readme.txt).

`P2` projects points of the rectified reference camera into the image of the left colour camera. KITTI puts pixel
centres at whole numbers, we put them at +0.5: its principal point is ours less half a pixel.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.pose import Vector3

Matrix34 = Float[np.ndarray, "3 4"]

_CENTRE_PX = 0.5
_PROJECTION = "P2"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """What a calibration file says.

    Attributes:
        camera: the camera that took the image.
        offset_m: adds to a point of the reference camera to give it in this camera; metres.
    """

    camera: Camera
    offset_m: Vector3


def calibration_text(camera: Camera) -> str:
    """Returns a file for a camera that is its own reference: all four projections are its own."""
    projection = np.zeros((3, 4))
    projection[:, :3] = camera.K
    projection[:2, 2] -= _CENTRE_PX
    still = np.eye(3, 4)
    rows = {f"P{number}": projection for number in range(4)}
    rows |= {"R0_rect": np.eye(3), "Tr_velo_to_cam": still, "Tr_imu_to_velo": still}
    return "".join(f"{name}: {' '.join(f'{v:.12e}' for v in matrix.ravel())}\n" for name, matrix in rows.items())


def read_calibration(path: Path, size_hw: tuple[int, int]) -> Calibration | None:
    """Reads the camera of an image, or returns None where it has no calibration file.

    Raises:
        DataError: the file is damaged, or its P2 is no projection of a rectified pinhole camera.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    P = _projection(text, path)
    if P[0, 1] or P[1, 0] or list(P[2, :3]) != [0, 0, 1]:
        raise DataError(f"{path}: {_PROJECTION} is not fx 0 cx tx / 0 fy cy ty / 0 0 1 tz of a rectified camera")
    try:
        camera = Camera(
            fx=float(P[0, 0]),
            fy=float(P[1, 1]),
            cx=float(P[0, 2]) + _CENTRE_PX,
            cy=float(P[1, 2]) + _CENTRE_PX,
            size_hw=size_hw,
        )
    except ValueError as error:
        raise DataError(f"{path}: {_PROJECTION}: {error}") from error
    return Calibration(camera=camera, offset_m=np.linalg.solve(P[:, :3], P[:, 3]))


def _projection(text: str, path: Path) -> Matrix34:
    line = next((line for line in text.splitlines() if line.startswith(f"{_PROJECTION}:")), "")
    try:
        numbers = [float(cell) for cell in line.partition(":")[2].split()]
    except ValueError:
        numbers = []
    if len(numbers) != 12 or not np.isfinite(numbers).all():
        raise DataError(f"{path}: expected a line '{_PROJECTION}:' with 12 numbers, found '{line[:60]}'")
    return np.array(numbers).reshape(3, 4)
