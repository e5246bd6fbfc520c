"""Small data sets made on the spot, and a detector small enough to train in a second."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from meshsight.core.images import encode_png
from meshsight.models.backbones import tiny
from meshsight.models.detectors import dense
from meshsight.models.heads import aligned
from meshsight.models.necks import fpn
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.training import TrainSpec

CLASSES = ("red", "green")
COLOURS = np.array([(220, 40, 40), (40, 200, 40)])

MakeDataset = Callable[..., Dataset]
MakeSpec = Callable[..., TrainSpec]


def draw_sample(root: Path, index: int, size_hw: tuple[int, int], seed: int) -> Sample:
    """One image of plain rectangles on coarse noise, stored as PNG."""
    rng = np.random.default_rng((seed, index))
    height, width = size_hw
    noise = rng.integers(60, 180, (height // 8, width // 8, 3), dtype=np.uint8)
    image = cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR)
    objects = []
    for column in range(rng.integers(1, 3)):
        w, h = (int(side) for side in rng.integers(12, 26, 2))
        x = int(rng.integers(0, width // 2 - w)) + column * width // 2
        y = int(rng.integers(0, height - h))
        class_id = int(rng.integers(0, 2))
        image[y : y + h, x : x + w] = COLOURS[class_id]
        objects.append(ObjectLabel(class_id=class_id, box=(float(x), float(y), float(x + w), float(y + h))))
    name = f"images/{index:04d}.png"
    (root / "images").mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(encode_png(image))
    return Sample(image=name, size_hw=size_hw, objects=tuple(objects), frame=index, group=str(index))


@pytest.fixture
def make_dataset(tmp_path: Path) -> MakeDataset:
    def make(name: str = "toy", num: int = 12, seed: int = 0, size_hw: tuple[int, int] = (64, 64)) -> Dataset:
        root = tmp_path / name
        samples = [draw_sample(root, index, size_hw, seed) for index in range(num)]
        return Dataset(
            root=root,
            classes=CLASSES,
            num_samples=num,
            samples=lambda: iter(samples),
            name=name,
            fingerprint=None,
        )

    return make


@pytest.fixture
def make_spec() -> MakeSpec:
    def make(**changes: object) -> TrainSpec:
        detector = dense.Spec(
            backbone=tiny.Spec(channels=(8, 8, 16, 16)),
            neck=fpn.Spec(channels=16, num_levels=2, norm="batch"),
            head=aligned.Spec(channels=16),
        )
        plain = {"detector": detector, "input_hw": (64, 64), "batch_size": 4, "steps": 8, "warm_up": {"steps": 2}}
        return TrainSpec.model_validate({**plain, "precision": "float32", **changes})

    return make
