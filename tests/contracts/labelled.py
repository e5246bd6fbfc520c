"""Labelled images whose every label follows from geometry: boxes of cuboids, seen by an awkward camera."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from meshsight.core.camera import Camera, project
from meshsight.core.images import write_image
from meshsight.core.lens import NO_DISTORTION, Coefficients
from meshsight.core.masks import encode_mask, tight_box
from meshsight.core.pose import make_pose, sample_rotation, transform_points
from meshsight.datasets.annotate import cuboid_keypoints, cuboid_points
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample

CLASSES = ("Stop sign", "ball", "Gehäuse")
HALF_SIZES_M = np.array([[0.30, 0.20, 0.10], [0.15, 0.15, 0.15], [0.10, 0.35, 0.05]])
SIZE_HW = (96, 128)


LENS = (-0.2, 0.05, 0.002, -0.001, 0.004)


def camera_of(size_hw: tuple[int, int], distortion: Coefficients = NO_DISTORTION) -> Camera:
    """A camera with fx != fy and a principal point off the centre."""
    height, width = size_hw
    return Camera(
        fx=1.1 * width, fy=1.3 * width, cx=0.45 * width, cy=0.58 * height, size_hw=size_hw, distortion=distortion
    )


def dataset_of(samples: Sequence[Sample], root: Path, classes: tuple[str, ...] = CLASSES) -> Dataset:
    kept = tuple(samples)
    return Dataset(
        root=root,
        classes=classes,
        num_samples=len(kept),
        samples=lambda: iter(kept),
        name="handmade",
        fingerprint=None,
    )


def labelled_sample(
    rng: np.random.Generator,
    frame: int,
    size_hw: tuple[int, int] = SIZE_HW,
    most: int = 4,
    distortion: Coefficients = NO_DISTORTION,
) -> Sample:
    """Cuboids at random poses, some over the border; later ones hide earlier ones. Frame 2 of each seed is empty."""
    camera = camera_of(size_hw, distortion)
    wanted = 0 if frame == 2 else int(rng.integers(1, most + 1))
    poses: list[tuple[int, Pose]] = []
    while len(poses) < wanted:
        class_id = int(rng.integers(0, len(CLASSES)))
        position = rng.uniform([-0.6, -0.4, 1.4], [0.6, 0.4, 3.0])
        poses.append(
            (
                class_id,
                Pose(
                    T_cam_object=make_pose(sample_rotation(rng), position),
                    scale=1.0,
                    box_low_m=-HALF_SIZES_M[class_id],
                    box_high_m=HALF_SIZES_M[class_id],
                ),
            )
        )
    owner = np.zeros(size_hw, np.int32)
    outlines = []
    for number, (_, pose) in enumerate(poses, start=1):
        canvas = _outline(pose, camera)
        height, width = size_hw
        owner[canvas[height : 2 * height, width : 2 * width]] = number
        outlines.append(canvas)
    objects, hidden = [], []
    for number, ((class_id, pose), canvas) in enumerate(zip(poses, outlines, strict=True), start=1):
        label = _label(number, class_id, pose, canvas, owner == number, camera)
        if label is None:
            inside = canvas[size_hw[0] : 2 * size_hw[0], size_hw[1] : 2 * size_hw[1]]
            hidden.append((number, PixelCounts(full=int(canvas.sum()), inside=int(inside.sum()), visible=0)))
        else:
            objects.append(label)
    return Sample(
        image=f"images/{frame:06d}.png",
        size_hw=size_hw,
        objects=tuple(objects),
        hidden=tuple(hidden),
        frame=frame,
        group=f"scene-{frame:06d}",
        camera=camera,
        T_world_cam=make_pose(sample_rotation(rng), rng.normal(size=3)),
    )


def labelled_folder(
    folder: Path, seed: int, count: int = 4, most: int = 4, distortion: Coefficients = NO_DISTORTION
) -> Dataset:
    """A data set of noise images that lie in `folder`, with the labels of `labelled_sample`."""
    rng = np.random.default_rng(seed)
    samples = [labelled_sample(rng, frame, most=most, distortion=distortion) for frame in range(count)]
    for sample in samples:
        write_image(folder / sample.image, rng.integers(0, 255, (*sample.size_hw, 3), dtype=np.uint8))
    return dataset_of(samples, folder)


def _outline(pose: Pose, camera: Camera) -> np.ndarray:
    """The full silhouette on a canvas of three image sizes, as the hull of the corners."""
    height, width = camera.size_hw
    corners = project(camera, transform_points(pose.T_cam_object, cuboid_points(pose)[:8]))
    hull = cv2.convexHull((corners + np.array([width, height])).astype(np.float32)).round().astype(np.int32)
    canvas = np.zeros((3 * height, 3 * width), np.uint8)
    cv2.fillConvexPoly(canvas, hull, 1)
    return canvas.astype(bool)


def _label(
    number: int, class_id: int, pose: Pose, canvas: np.ndarray, visible: np.ndarray, camera: Camera
) -> ObjectLabel | None:
    height, width = camera.size_hw
    box, full_box = tight_box(visible), tight_box(canvas)
    if box is None or full_box is None:
        return None
    inside = canvas[height : 2 * height, width : 2 * width]
    x1, y1, x2, y2 = full_box.tolist()
    return ObjectLabel(
        class_id=class_id,
        box=tuple(box.tolist()),
        instance_id=number,
        full_box=(x1 - width, y1 - height, x2 - width, y2 - height),
        mask=encode_mask(visible),
        full_mask=encode_mask(inside),
        keypoints=cuboid_keypoints(pose, camera),
        pixels=PixelCounts(full=int(canvas.sum()), inside=int(inside.sum()), visible=int(visible.sum())),
        pose=pose,
        mesh=f"builtin:{class_id}",
        is_ignored=bool(number == 4),
    )
