"""Small data sets for the tests of BOP, made by hand, and their writing."""

import json
from pathlib import Path

import numpy as np

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.core.camera import Camera
from meshsight.core.images import write_image
from meshsight.core.masks import encode_mask
from meshsight.core.pose import make_pose, sample_rotation
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import FORMAT_KINDS, WHOLE
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.mesh import bounds_of
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample

SIZE_HW = (40, 60)


def rectangle(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros(SIZE_HW, bool)
    mask[y1:y2, x1:x2] = True
    return mask


def put_json(path: Path, content: object) -> None:
    put(path, json.dumps(content).encode())


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


MUG = bounds_of(make_builtin("mug"))


def posed(name: str = "mug", class_id: int = 0, scale: float = 1.0, x: int = 4) -> ObjectLabel:
    bounds = bounds_of(make_builtin(name))
    place = make_pose(sample_rotation(np.random.default_rng(x)), np.array([0.1, 0.0, 1.0]))
    mask = rectangle(x, 5, x + 10, 25)
    return ObjectLabel(
        class_id=class_id,
        box=(float(x), 5.0, float(x + 10), 25.0),
        full_box=(float(x), 5.0, float(x + 10), 25.0),
        mask=encode_mask(mask),
        full_mask=encode_mask(mask),
        pixels=PixelCounts(full=200, inside=200, visible=200),
        pose=Pose(T_cam_object=place, scale=scale, box_low_m=bounds.low * scale, box_high_m=bounds.high * scale),
        mesh=f"builtin:{name}",
    )


def dataset(folder: Path, *frames: tuple[ObjectLabel, ...], classes: tuple[str, ...] = ("mug", "cube")) -> Dataset:
    camera = Camera(fx=80.0, fy=90.0, cx=31.0, cy=22.0, size_hw=SIZE_HW)
    samples = [
        Sample(image=f"{i}.png", size_hw=SIZE_HW, objects=labels, frame=i, group=f"g{i}", camera=camera)
        for i, labels in enumerate(frames)
    ]
    for sample in samples:
        write_image(folder / sample.image, np.zeros((*SIZE_HW, 3), np.uint8))
    return Dataset(
        root=folder,
        classes=classes,
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="made",
        fingerprint=None,
    )


def write(kind: str, source: Dataset, folder: Path, target: Target | None = None, **settings) -> Dataset:
    spec = FORMAT_KINDS.module(kind).Spec.model_validate({"kind": kind, **settings})
    writer = FORMAT_KINDS.builder(kind)(spec)
    writer.write({WHOLE: reduce_dataset(source, writer.capacity)[0]}, target or Target(folder))
    return open_dataset(folder)
