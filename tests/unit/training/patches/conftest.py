"""Patches of a bright disc on noise, as HDF5, made on the spot."""

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from meshsight.datasets.opening import open_dataset
from meshsight.models.patch.families import circle, classifier, joint
from meshsight.records.dataset import Dataset
from meshsight.specs.patch_training import PatchTrainSpec

MakePatches = Callable[..., Dataset]
MakeRecipe = Callable[..., PatchTrainSpec]


def draw_patches(count: int, seed: int, side: int = 16) -> tuple[np.ndarray, np.ndarray]:
    """Every second patch shows a disc with a dark core; returns pixels and circles as shares of the patch."""
    rng = np.random.default_rng(seed)
    pixels, circles = rng.normal(110, 30, (count, side, side)), np.zeros((count, 3))
    y, x = np.mgrid[:side, :side] + 0.5
    for index in range(1, count, 2):
        radius, cx, cy = rng.uniform(0.25, 0.45), *rng.uniform(0.35, 0.65, 2)
        distance = np.hypot(x - side * cx, y - side * cy) / side
        pixels[index] += 90 * (distance < radius) - 60 * (distance < radius / 3)
        circles[index] = radius, cx, cy
    return np.clip(pixels, 0, 255).astype(np.uint8)[..., None], circles


@pytest.fixture
def make_patches(tmp_path: Path) -> MakePatches:
    def make(name: str = "toy", count: int = 200, seed: int = 0, has_circles: bool = True) -> Dataset:
        pixels, circles = draw_patches(count, seed)
        path = tmp_path / f"{name}.h5"
        with h5py.File(path, "w") as file:
            file["X"] = pixels
            file["y"] = circles if has_circles else (circles[:, 0] > 0).astype(np.float64)
            file["group"] = [f"{index // 4}" for index in range(count)]
        return open_dataset(path)

    return make


@pytest.fixture
def make_recipe() -> MakeRecipe:
    def make(family: str = "classifier", **changes: object) -> PatchTrainSpec:
        net = {"circle": circle, "classifier": classifier, "joint": joint}[family].Spec()
        plain = {"net": net, "steps": 60, "batch_size": 64, "optimiser": {"kind": "adamw", "learning_rate": 0.01}}
        return PatchTrainSpec.model_validate({**plain, **changes})

    return make
