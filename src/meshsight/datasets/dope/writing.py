"""A sample as DOPE's trainer and NDDS's tools read it: the JSON of one frame, and the settings of the folder."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.pose import Matrix4, invert_pose, quaternion_from_matrix, transform_points
from meshsight.datasets.annotate import cuboid_keypoints, cuboid_points
from meshsight.datasets.dope.corners import ISAAC, CornerOrder
from meshsight.datasets.dope.files import Conventions
from meshsight.datasets.dope.habits import METRES, ORDERS, OURS
from meshsight.datasets.dope.objects import ISAAC_NAMES, NOT_SEEN_XY
from meshsight.datasets.dope.reading import flagged
from meshsight.records.sample import ObjectLabel, Pose, Sample, StatedVisibility

Row = dict[str, object]


def in_dope_words(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Gives an object the nine keypoints of its box, and keeps of its stated visibility what the format can say."""
    stated = label.stated
    if label.pixels is not None or stated is None or (stated.visibility, stated.truncation) == (None, None):
        stated = None
    else:
        stated = StatedVisibility(visibility=stated.visibility, truncation=stated.truncation)
    return replace(label, keypoints=_nine_points(label, sample), stated=stated)


def _nine_points(label: ObjectLabel, sample: Sample) -> Float[np.ndarray, "9 3"] | None:
    if label.keypoints is not None and len(label.keypoints) == 9:
        points = np.where(label.keypoints[:, 2:] > 0, label.keypoints[:, :2], np.nan)
        return flagged(points, sample.size_hw)
    if label.pose is not None and sample.camera is not None:
        return cuboid_keypoints(label.pose, sample.camera)
    return None


@dataclass(slots=True)
class FrameWriter:
    """Turns samples into rows of JSON, and remembers what the settings files must say.

    Attributes:
        classes: names by class id.
        conventions: unit and corner order of what is written.
        sizes: box of the first object of each class along x, y and z, in that unit.
        cameras: the first two different cameras; None where a frame has none.
        num_other_sizes: objects whose size is not that of their class's first.
    """

    classes: Sequence[str]
    conventions: Conventions
    sizes: dict[int, Float[np.ndarray, "3"]] = field(default_factory=dict[int, Float[np.ndarray, "3"]])
    cameras: list[Camera | None] = field(default_factory=list[Camera | None])
    num_other_sizes: int = 0

    @property
    def _order(self) -> CornerOrder:
        return ORDERS[self.conventions.corner_order]

    @property
    def _units_per_metre(self) -> float:
        return 1 / METRES[self.conventions.units]

    def frame(self, sample: Sample) -> Row:
        """Returns the labels of one image."""
        if sample.camera not in self.cameras and len(self.cameras) < 2:
            self.cameras.append(sample.camera)
        names = {} if self._order != ISAAC else {"keypoint_order": ISAAC_NAMES}
        things = [self._object(number, label, sample) for number, label in enumerate(sample.objects)]
        return {"camera_data": self._camera(sample), **names, "group": sample.group, "objects": things}

    def camera_settings(self) -> Row | None:
        """Returns `_camera_settings.json`, or None if the frames have no camera in common."""
        if len(self.cameras) != 1 or self.cameras[0] is None:
            return None
        camera = self.cameras[0]
        height, width = camera.size_hw
        intrinsics = {"resX": width, "resY": height, **_intrinsics(camera), "s": 0}
        size = {"width": width, "height": height}
        return {"camera_settings": [{"name": "camera", "intrinsic_settings": intrinsics, "captured_image_size": size}]}

    def object_settings(self) -> Row:
        """Returns `_object_settings.json`."""
        exported: list[Row] = []
        for class_id, name in enumerate(self.classes):
            size = {} if class_id not in self.sizes else {"cuboid_dimensions": self.sizes[class_id].tolist()}
            exported.append({"class": name, "segmentation_class_id": class_id + 1, **size})
        return {"exported_object_classes": list(self.classes), "exported_objects": exported}

    def _camera(self, sample: Sample) -> Row:
        height, width = sample.size_hw
        row: Row = {"width": width, "height": height}
        if sample.camera is not None:
            row["intrinsics"] = _intrinsics(sample.camera)
        if sample.T_world_cam is not None:
            row["camera_view_matrix"] = self._row_vectors(invert_pose(sample.T_world_cam))
            row |= self._placed(sample.T_world_cam, "_worldframe")
        return row

    def _object(self, number: int, label: ObjectLabel, sample: Sample) -> Row:
        assert label.keypoints is not None, "the capacity needs keypoints"
        name = self.classes[label.class_id]
        x1, y1, x2, y2 = label.box
        row: Row = {"class": name, "name": f"{name}_{number}", "provenance": OURS}
        if label.instance_id is not None:
            row |= {"instance_id": label.instance_id, "segmentation_id": label.instance_id}
        row |= _visibility(label)
        if label.pose is not None:
            row |= self._pose(label.pose, label.class_id, sample.T_world_cam)
        points = np.where(label.keypoints[:, 2:] > 0, label.keypoints[:, :2], NOT_SEEN_XY)
        points = points[np.argsort(self._order.positions)].tolist()
        return row | {
            "projected_cuboid": points,
            "projected_cuboid_centroid": points[8],
            "bounding_box": {"top_left": [y1, x1], "bottom_right": [y2, x2]},
            "bounding_box_minx_maxx_miny_maxy": [x1, x2, y1, y2],
        }

    def _pose(self, pose: Pose, class_id: int, T_world_cam: Matrix4 | None) -> Row:
        size = (pose.box_high_m - pose.box_low_m) * self._units_per_metre
        first = self.sizes.setdefault(class_id, size)
        self.num_other_sizes += not np.allclose(size, first, rtol=1e-3)
        corners = transform_points(pose.T_cam_object, cuboid_points(pose)) * self._units_per_metre
        corners = corners[np.argsort(self._order.positions)].tolist()
        row: Row = {
            **self._placed(pose.T_cam_object, ""),
            "pose_transform": self._row_vectors(pose.T_cam_object),
            "cuboid": corners[:8],
            "cuboid_centroid": corners[8],
            "local_cuboid": None,
            "model_scale": pose.scale,
        }
        if T_world_cam is not None:
            T_world_object = T_world_cam @ pose.T_cam_object
            row |= self._placed(T_world_object, "_worldframe")
            row["local_to_world_matrix"] = self._row_vectors(T_world_object)
        return row

    def _placed(self, T_a_b: Matrix4, suffix: str) -> Row:
        location = (T_a_b[:3, 3] * self._units_per_metre).tolist()
        quaternion = quaternion_from_matrix(T_a_b[:3, :3]).tolist()
        return {f"location{suffix}": location, f"quaternion_xyzw{suffix}": quaternion}

    def _row_vectors(self, T_a_b: Matrix4) -> list[list[float]]:
        """Returns the matrix that acts on row vectors: its last row is the translation."""
        matrix = T_a_b.T.copy()
        matrix[3, :3] *= self._units_per_metre
        return matrix.tolist()


def _intrinsics(camera: Camera) -> Row:
    bent = {} if camera.lens is None else {"distortion": list(camera.distortion)}
    return {"fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy, **bent}


def _visibility(label: ObjectLabel) -> Row:
    """Returns the share that is seen; NVISII's way to say that it is not known is a 1 with no pixels."""
    if label.pixels is not None:
        return {
            "visibility": label.pixels.visibility,
            "truncation_ratio": label.pixels.truncation,
            "px_count_all": label.pixels.full,
            "px_count_inside": label.pixels.inside,
            "px_count_visib": label.pixels.visible,
        }
    stated = label.stated or StatedVisibility()
    known: Row = {} if stated.truncation is None else {"truncation_ratio": stated.truncation}
    if stated.visibility is None:
        return {"visibility": 1, "px_count_all": 0, "px_count_visib": 0, **known}
    return {"visibility": stated.visibility, **known}
