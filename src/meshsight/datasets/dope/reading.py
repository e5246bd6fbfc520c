"""A frame of a DOPE data set as a sample, once it is known what the files mean."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from jaxtyping import Bool, Float

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.kinds import did_you_mean
from meshsight.core.pose import Matrix3, Matrix4, Vector3, invert_pose, make_pose, transform_points
from meshsight.datasets.annotate import cuboid_points
from meshsight.datasets.dope.check import GL_TO_CV, PosedObject, cv_pose, fit, orders_that_fit, scaled_box
from meshsight.datasets.dope.corners import CornerOrder
from meshsight.datasets.dope.files import CameraJson, FolderSettings, FrameFile, FrameJson, ObjectJson, read_frame
from meshsight.datasets.dope.habits import Habits, frame_camera
from meshsight.datasets.dope.objects import RawObject, class_of, raw_objects
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample, StatedVisibility

SEEN, UNSEEN, UNKNOWN = 2, 1, 0

ModelBox = tuple[Vector3, Vector3]
"""Low and high corner of an object's box in its own frame, in the file's unit."""


class FrameReader:
    """Reads the frames of one data set.

    Args:
        root: the data set's folder.
        habits: what its files mean.
        settings: of its folders.
    """

    def __init__(self, root: Path, habits: Habits, settings: FolderSettings) -> None:
        self._root = root
        self._habits = habits
        self._settings = settings
        self._class_ids = {name: class_id for class_id, name in enumerate(habits.classes)}
        self._to_cv: Matrix3 = GL_TO_CV if habits.is_gl else np.eye(3)

    def read(self, index: int, file: FrameFile) -> Sample:
        """Returns a frame as a sample.

        Raises:
            DataError: the file is bad, or has a class that the data set's list lacks.
        """
        frame = read_frame(self._root / file.labels)
        size_hw, camera = frame_camera(frame, file, self._root, self._settings)
        return Sample(
            image=file.image,
            size_hw=size_hw,
            objects=self._labels(frame, file, size_hw, camera),
            frame=index,
            group=frame.group or _group_of(file),
            camera=camera,
            T_world_cam=self._camera_pose(frame.camera_data),
        )

    def _labels(
        self, frame: FrameJson, file: FrameFile, size_hw: tuple[int, int], camera: Camera | None
    ) -> tuple[ObjectLabel, ...]:
        where = str(self._root / file.labels)
        things = raw_objects(frame, size_hw, where, Counter())
        poses = [cv_pose(thing, self._habits.is_gl) for thing in things]
        posed = {} if camera is None else self._posed(things, poses, camera, file)
        orders = self._orders(len(things), posed)
        fitted = _fitted_boxes(posed, orders)
        labels: list[ObjectLabel] = []
        for place, (thing, T_cam_object, order) in enumerate(zip(things, poses, orders, strict=True)):
            if order is None:
                continue
            box = None if T_cam_object is None else self._cuboid(thing.row, T_cam_object) or fitted.get(place)
            pose = None if T_cam_object is None or box is None else self._pose(T_cam_object, box, thing.row.model_scale)
            labels.append(self._label(thing, order, pose, size_hw, where))
        return tuple(labels)

    def _posed(
        self, things: Sequence[RawObject], poses: Sequence[Matrix4 | None], camera: Camera, file: FrameFile
    ) -> dict[int, PosedObject]:
        """Returns the objects with a pose by their places in the frame."""
        sizes = {one.class_name: one.cuboid_dimensions for one in self._settings.objects(file).exported_objects}
        return {
            place: PosedObject(
                thing=thing, camera=camera, T_cam_object=pose, size=sizes.get(thing.row.class_name or "")
            )
            for place, (thing, pose) in enumerate(zip(things, poses, strict=True))
            if pose is not None
        }

    def _orders(self, count: int, posed: Mapping[int, PosedObject]) -> list[CornerOrder | None]:
        """Returns the corner order of each object; None for one that is to be left out, as none fits it."""
        orders: list[CornerOrder | None] = [self._habits.order] * count
        if self._habits.remap_within_px is not None:
            found = orders_that_fit(list(posed.values()), self._habits.order, self._habits.remap_within_px)
            for place, order in zip(posed, found, strict=True):
                orders[place] = order
        return orders

    def _cuboid(self, row: ObjectJson, T_cam_object: Matrix4) -> ModelBox | None:
        """Returns the box whose corners in the camera's frame the file gives."""
        if row.cuboid is None or len(row.cuboid) < 8:
            return None
        corners = (np.array(row.cuboid) @ self._to_cv.T - T_cam_object[:3, 3]) @ T_cam_object[:3, :3]
        return corners.min(axis=0), corners.max(axis=0)

    def _pose(self, T_cam_object: Matrix4, box: ModelBox, scale: float) -> Pose:
        unit = self._habits.metres_per_unit
        return Pose(
            T_cam_object=make_pose(T_cam_object[:3, :3], T_cam_object[:3, 3] * unit),
            scale=scale,
            box_low_m=box[0] * unit,
            box_high_m=box[1] * unit,
        )

    def _camera_pose(self, camera: CameraJson) -> Matrix4 | None:
        """Returns `T_world_cam` of a view matrix that acts on row vectors; None if it is not given or not rigid."""
        if camera.camera_view_matrix is None:
            return None
        view = np.array(camera.camera_view_matrix).T
        rotation, location = self._to_cv @ view[:3, :3], self._to_cv @ view[:3, 3]
        if not np.allclose(rotation @ rotation.T, np.eye(3), atol=1e-3) or np.linalg.det(rotation) < 0:
            return None
        return invert_pose(make_pose(rotation, location * self._habits.metres_per_unit))

    def _label(
        self, thing: RawObject, order: CornerOrder, pose: Pose | None, size_hw: tuple[int, int], where: str
    ) -> ObjectLabel:
        name = class_of(thing.row, where)
        if name not in self._class_ids:
            hint = did_you_mean(name, self._class_ids)
            raise DataError(f"{where}: class '{name}' is not in the data set's list of classes{hint}")
        pixels = _pixels(thing.row)
        points = thing.points[list(order.positions)]
        if pose is not None:
            points[_is_behind(pose)] = np.nan
        return ObjectLabel(
            class_id=self._class_ids[name],
            box=thing.box,
            instance_id=_instance_id(thing.row),
            full_box=thing.full_box,
            keypoints=flagged(points, size_hw),
            pixels=pixels,
            stated=_stated(thing.row, self._habits.counts_pixels) if pixels is None else None,
            pose=pose,
        )


def flagged(points: Float[np.ndarray, "9 2"], size_hw: tuple[int, int]) -> Float[np.ndarray, "9 3"]:
    """Returns keypoints of a visible object: 2 within the image, 1 outside it, 0 where a point is NaN."""
    height, width = size_hw
    is_known = np.all(np.isfinite(points), axis=1)
    is_inside = np.all((points >= 0) & (points < (width, height)), axis=1)
    v = np.where(is_inside, SEEN, np.where(is_known, UNSEEN, UNKNOWN))
    return np.column_stack([np.where(is_known[:, None], points, 0.0), v])


def _is_behind(pose: Pose) -> Bool[np.ndarray, "9"]:
    """Tells which points of an object's box lie behind the camera, where they have no pixel."""
    reach = float(np.linalg.norm(np.maximum(np.abs(pose.box_low_m), np.abs(pose.box_high_m))))
    if pose.T_cam_object[2, 3] > reach:
        return np.zeros(9, dtype=bool)
    return transform_points(pose.T_cam_object, cuboid_points(pose))[:, 2] <= 0


def _fitted_boxes(posed: Mapping[int, PosedObject], orders: Sequence[CornerOrder | None]) -> dict[int, ModelBox]:
    """Returns boxes that project onto the corners, for the objects whose file gives none in the camera's frame."""
    found: dict[int, ModelBox] = {}
    for order in dict.fromkeys(orders):
        places = [place for place, one in posed.items() if orders[place] == order and one.thing.row.cuboid is None]
        if order is None or not places:
            continue
        boxes = fit([posed[place] for place in places], order)
        for index, place in enumerate(places):
            half, centre = scaled_box(boxes, index, posed[place])
            found[place] = (centre - half, centre + half)
    return found


def _group_of(file: FrameFile) -> str:
    """Names a frame's group: a folder is one run of one scene; without folders, a stereo pair is one."""
    path = PurePosixPath(file.labels)
    return path.parent.as_posix() if len(path.parts) > 1 else path.name.partition(".")[0]


def _instance_id(row: ObjectJson) -> int | None:
    for number in (row.instance_id, row.segmentation_id):
        if isinstance(number, int) and number >= 0:
            return number
    return None


def _pixels(row: ObjectJson) -> PixelCounts | None:
    """Returns exact counts, which only we write: others count all pixels within the image only."""
    if row.px_count_inside is None or row.px_count_all is None or row.px_count_visib is None:
        return None
    return PixelCounts(full=row.px_count_all, inside=row.px_count_inside, visible=row.px_count_visib)


def _stated(row: ObjectJson, counts_pixels: bool) -> StatedVisibility | None:
    """Returns what is said of visibility.

    NVISII writes visibility 1 and no pixels where it did not compute them; its forerunner wrote 1 for every object in
    the picture; one generator writes the number of visible pixels instead of their share.
    """
    is_computed = row.px_count_all != 0 and not (row.px_count_all is None and row.provenance in ("visii", "nvisii"))
    visibility = row.visibility if is_computed and not counts_pixels else None
    if visibility is None and row.truncation_ratio is None:
        return None
    return StatedVisibility(visibility=visibility, truncation=row.truncation_ratio)
