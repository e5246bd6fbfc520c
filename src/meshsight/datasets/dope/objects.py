"""One object of a DOPE file in our terms, as far as it can be told without knowing the rest of the data set.

Lengths are in the file's unit, poses in the file's camera axes, points in the file's order.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.lens import NO_DISTORTION
from meshsight.core.pose import matrix_from_quaternion
from meshsight.datasets.dope.files import CameraJson, FolderSettings, FrameFile, FrameJson, IntrinsicsJson, ObjectJson
from meshsight.records.sample import Box

NOT_SEEN_XY = -100.0
"""Both coordinates of a point that is not there."""
ISAAC_NAMES = ("LUF", "RUF", "RDF", "LDF", "LUB", "RUB", "RDB", "LDB", "Center")
"""Isaac's names of its corners: left or right, up or down, front or back."""
_VISII = ("visii", "nvisii")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawObject:
    """An object that is to be labelled.

    Attributes:
        row: what the file says.
        points: the corners in the file's order, and the centre; NaN where not known. In Isaac's order where the file
            names its corners.
        rotation, location: the pose as it stands in the file, or None.
        box: half-open xyxy within the image; where the file gives none, that of the corners.
        full_box: the box that the file gives, if it leaves the image.
    """

    row: ObjectJson
    points: Float[np.ndarray, "9 2"]
    rotation: Float[np.ndarray, "3 3"] | None
    location: Float[np.ndarray, "3"] | None
    box: Box
    full_box: Box | None


def class_of(row: ObjectJson, where: str) -> str:
    """Returns the name of an object's class as it is written.

    Raises:
        DataError: it has none.
    """
    name = row.class_name or row.name
    if not name:
        raise DataError(f"{where}: an object without 'class'")
    return name


def raw_objects(frame: FrameJson, size_hw: tuple[int, int], where: str, left_out: Counter[str]) -> list[RawObject]:
    """Returns the objects of a frame that can be seen; the others are counted in words.

    Raises:
        DataError: an object has another number of corners than eight, with or without the centre.
    """
    found: list[RawObject] = []
    for row in frame.objects:
        points = _points(row, frame.keypoint_order, where)
        if row.visibility is not None and row.visibility <= 0:
            left_out["with visibility 0"] += 1
            continue
        if np.isnan(points).all():
            left_out["whose corners are all marked as not there"] += 1
            continue
        stated = _box(row)
        box = clip(stated or _around(points), size_hw)
        if not (box[0] < box[2] and box[1] < box[3]):
            left_out["outside their image"] += 1
            continue
        rotation, location = _pose(row)
        full_box = stated if stated != box else None
        found.append(
            RawObject(row=row, points=points, rotation=rotation, location=location, box=box, full_box=full_box)
        )
    return found


def clip(box: Box, size_hw: tuple[int, int]) -> Box:
    """Returns the part of a box that lies within the image."""
    height, width = size_hw
    x1, y1, x2, y2 = box
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))


def camera_of(frame: FrameJson, file: FrameFile, size_hw: tuple[int, int], settings: FolderSettings) -> Camera | None:
    """Returns a frame's camera, or that of its folder.

    A principal point at the corner of the image is one that an old exporter forgot (NVlabs/Deep_Object_Pose#363); the
    centre takes its place.
    """
    found = frame.camera_data.intrinsics or _folder_camera(file, settings)[0]
    if found is None or found.fx <= 0 or found.fy <= 0:
        return None
    height, width = size_hw
    cx, cy = (width / 2, height / 2) if lacks_principal_point(found) else (found.cx, found.cy)
    try:
        distortion = found.distortion or NO_DISTORTION
        return Camera(fx=found.fx, fy=found.fy, cx=cx, cy=cy, size_hw=size_hw, distortion=distortion)
    except ValueError as error:
        raise DataError(f"{file.labels}: camera_data.intrinsics: {error}") from error


def lacks_principal_point(intrinsics: IntrinsicsJson | None) -> bool:
    """Tells whether the principal point is at the image's corner."""
    return intrinsics is not None and intrinsics.cx == 0 and intrinsics.cy == 0


def size_of(camera: CameraJson, file: FrameFile, settings: FolderSettings, where: str) -> tuple[int, int] | None:
    """Returns height and width as a frame or its folder says them, or None.

    Raises:
        DataError: they are not positive.
    """
    width, height = camera.width, camera.height
    if width is None or height is None:
        width, height = _folder_camera(file, settings)[1] or (None, None)
    if width is None or height is None:
        return None
    if width <= 0 or height <= 0:
        raise DataError(f"{where}: an image of {width:g} x {height:g} px")
    return round(height), round(width)


def _folder_camera(
    file: FrameFile, settings: FolderSettings
) -> tuple[IntrinsicsJson | None, tuple[float, float] | None]:
    """Returns intrinsics and width and height of the folder's camera, chosen by name where there are several."""
    cameras = settings.cameras(file).camera_settings
    if not cameras:
        return None, None
    named = [camera for camera in cameras if camera.name and file.labels.endswith(f".{camera.name}.json")]
    camera = (named or cameras)[0]
    size = camera.captured_image_size
    return camera.intrinsic_settings, None if size is None else (size.width, size.height)


def _points(row: ObjectJson, names: Sequence[str] | None, where: str) -> Float[np.ndarray, "9 2"]:
    corners = row.projected_cuboid
    if corners is None or len(corners) not in (8, 9):
        found = "none" if corners is None else str(len(corners))
        raise DataError(
            f"{where}: 'projected_cuboid' of {row.name or row.class_name} needs 8 or 9 points, found {found}"
        )
    points = np.full((9, 2), np.nan)
    points[: len(corners)] = corners
    if len(corners) == 8 and row.projected_cuboid_centroid is not None:
        points[8] = row.projected_cuboid_centroid
    points[(points == NOT_SEEN_XY).all(axis=1)] = np.nan
    return points if names is None else points[_listed(names, where)]


def _listed(names: Sequence[str], where: str) -> list[int]:
    """Returns where the file lists each of Isaac's points."""
    places = {name.casefold(): place for place, name in enumerate(names)}
    missing = [name for name in ISAAC_NAMES if name.casefold() not in places]
    if missing:
        raise DataError(
            f"{where}: 'keypoint_order' has no '{missing[0]}'; expected {', '.join(ISAAC_NAMES)} in any order, "
            f"found {', '.join(names)}"
        )
    return [places[name.casefold()] for name in ISAAC_NAMES]


def _pose(row: ObjectJson) -> tuple[Float[np.ndarray, "3 3"] | None, Float[np.ndarray, "3"] | None]:
    if row.location is None or row.quaternion_xyzw is None:
        return None, None
    quaternion, location = np.array(row.quaternion_xyzw), np.array(row.location)
    if not np.isfinite(quaternion).all() or not np.isfinite(location).all() or not np.linalg.norm(quaternion) > 0.5:
        return None, None
    return matrix_from_quaternion(quaternion), location


def _around(points: Float[np.ndarray, "9 2"]) -> Box:
    x1, y1 = np.nanmin(points, axis=0).tolist()
    x2, y2 = np.nanmax(points, axis=0).tolist()
    return x1, y1, x2, y2


def _box(row: ObjectJson) -> Box | None:
    """Returns the box that a file gives.

    NDDS writes edges as y, x. visii wrote the first and last column, but rows counted upwards from the height, which
    puts them one too far down: pixels in the first row have y 1, and those in the last row y = height.
    """
    if row.bounding_box is not None:
        (y1, x1), (y2, x2) = row.bounding_box.top_left, row.bounding_box.bottom_right
        return x1, y1, x2, y2
    if row.bounding_box_minx_maxx_miny_maxy is None:
        return None
    x1, x2, y1, y2 = row.bounding_box_minx_maxx_miny_maxy
    if (x1, x2, y1, y2) == (-1, -1, -1, -1):
        return None
    return (x1, y1 - 1, x2 + 1, y2) if row.provenance in _VISII else (x1, y1, x2, y2)
