"""Frames and samples made by hand."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from meshsight.core.camera import Camera
from meshsight.core.masks import encode_mask
from meshsight.core.pose import make_pose, sample_rotation
from meshsight.records.frame import Frame, Silhouette
from meshsight.records.mesh import Bounds
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample
from meshsight.records.scene import Environment, PlainBackground, Scene, SceneObject, SensorDraw


@pytest.fixture
def bounds() -> dict[str, Bounds]:
    return {"builtin:cube": Bounds(low=np.array([-0.1, -0.2, -0.3]), high=np.array([0.1, 0.2, 0.5]))}


@pytest.fixture
def make_scene() -> Callable[..., Scene]:
    """Builds a scene of cubes with given ids (None as class makes a distractor) before an unturned camera."""

    def make(camera: Camera, classes: dict[int, int | None], T_world_cam: np.ndarray | None = None) -> Scene:
        def pose(depth_m: float) -> np.ndarray:
            return make_pose(np.eye(3), np.array([0.0, 0.0, depth_m]))

        return Scene(
            frame=7,
            camera=camera,
            T_world_cam=np.eye(4) if T_world_cam is None else T_world_cam,
            objects=tuple(
                SceneObject(instance_id=i, mesh="builtin:cube", class_id=c, T_world_object=pose(2.0), scale=2.0)
                for i, c in classes.items()
            ),
            ground=None,
            environment=Environment(ref="environment:sky/0", strength=1.0, rotation_rad=0.0),
            suns=(),
            point_lights=(),
            background=PlainBackground(color=(0.0, 0.0, 0.0)),
            sensor=SensorDraw(),
            origins={},
        )

    return make


@pytest.fixture
def make_frame() -> Callable[..., Frame]:
    def make(instance_id: np.ndarray, silhouettes: tuple[Silhouette, ...]) -> Frame:
        height, width = instance_id.shape
        return Frame(
            rgb=np.zeros((height, width, 3), np.uint8),
            depth_m=np.zeros((height, width), np.float32),
            instance_id=instance_id.astype(np.int32),
            silhouettes=silhouettes,
        )

    return make


def random_label(rng: np.random.Generator, size_hw: tuple[int, int], number: int) -> ObjectLabel:
    mask = rng.random(size_hw) < 0.5
    x, y = (float(v) for v in rng.uniform(0, 5, 2))
    return ObjectLabel(
        class_id=int(rng.integers(0, 2)),
        box=(x, y, x + float(rng.uniform(1, 3)), y + 1 / 3),
        instance_id=number,
        full_box=(-0.1, y, x + 1e-17, 1e300),
        mask=encode_mask(mask),
        keypoints=np.column_stack([rng.normal(size=(9, 2)) * 1e3, rng.integers(0, 3, 9)]),
        pixels=PixelCounts(full=99, inside=50, visible=int(mask.sum())),
        pose=Pose(
            T_cam_object=make_pose(sample_rotation(rng), rng.normal(size=3)),
            scale=float(rng.uniform(0.1, 2)),
            box_low_m=rng.normal(size=3),
            box_high_m=rng.normal(size=3),
        ),
        mesh="parts/Gehäuse 1.glb",
        is_ignored=bool(rng.random() < 0.5),
        is_cut=bool(rng.random() < 0.5),
    )


@pytest.fixture
def random_sample() -> Callable[[int, int], Sample]:
    """Builds a sample in which everything is known, from a seed, for a frame."""

    def make(seed: int, frame: int) -> Sample:
        rng = np.random.default_rng(seed)
        size_hw = (int(rng.integers(6, 20)), int(rng.integers(6, 20)))
        return Sample(
            image=f"images/{frame:06d}.png",
            size_hw=size_hw,
            objects=tuple(random_label(rng, size_hw, number + 1) for number in range(int(rng.integers(0, 4)))),
            hidden=((9, PixelCounts(full=3, inside=0, visible=0)),),
            frame=frame,
            group=f"scene-{frame:06d}",
            camera=Camera(fx=rng.uniform(50, 60), fy=1e3, cx=0.1, cy=-7.0, size_hw=size_hw),
            T_world_cam=make_pose(sample_rotation(rng), rng.normal(size=3)),
        )

    return make


@pytest.fixture
def write_picture() -> Callable[[Path, tuple[int, int]], None]:
    def write(path: Path, size_hw: tuple[int, int]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), np.zeros((*size_hw, 3), np.uint8))

    return write
