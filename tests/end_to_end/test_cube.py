"""The smallest whole walk: a cube and a ball become a detector that finds both in scenes it never saw.

Two controls must fail the threshold that it beats: the same detector with its classes exchanged, and one trained on
pictures that show nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.images import RgbImage, write_image
from meshsight.datasets.folder import open_folder
from meshsight.models.backbones import tiny
from meshsight.models.detectors import dense
from meshsight.models.heads import aligned
from meshsight.models.necks import fpn
from meshsight.records.dataset import Dataset
from meshsight.records.detections import Detections, ObjectDetector
from meshsight.specs.evaluation import EvaluationSpec
from meshsight.specs.scene import SceneSpec
from meshsight.specs.training import TrainSpec
from meshsight.workflows.evaluate import measure_opened
from meshsight.workflows.generate import generate
from meshsight.workflows.opening import ModelFacts, OpenedDetector, open_detector
from meshsight.workflows.train import Resources, TrainOptions, train

LEAST_AP50 = 0.7
SIDE = 128
STEPS = 200
ONE_THREAD = TrainOptions(resources=Resources(device="cpu", threads=1))
NO_INTERVALS = EvaluationSpec(num_bootstrap=0)


def scenes(seed: int, frames: int) -> SceneSpec:
    """One to three objects and a cone of any colour, at 128x128, drawn by rays."""
    return SceneSpec.model_validate(
        {
            "seed": seed,
            "frames": frames,
            "image": {"size_hw": [SIDE, SIDE]},
            "renderer": "raycast",
            "objects": [{"name": "cube", "mesh": "builtin:cube"}, {"name": "ball", "mesh": "builtin:sphere"}],
            "count": [1, 3],
            "placement": {"kind": "frustum", "apparent_size": [0.25, 0.6]},
            "distractors": {"count": 1, "meshes": ["builtin:cone"]},
        }
    )


def recipe() -> TrainSpec:
    detector = dense.Spec(
        backbone=tiny.Spec(channels=(16, 32, 48, 64)),
        neck=fpn.Spec(channels=32, num_levels=2, norm="batch"),
        head=aligned.Spec(channels=32),
    )
    return TrainSpec.model_validate(
        {
            "detector": detector,
            "input_hw": (SIDE, SIDE),
            "steps": STEPS,
            "batch_size": 16,
            "optimiser": {"kind": "muon"},
            "warm_up": {"steps": 20},
            "ema_decay": 0.95,
        }
    )


@dataclass(frozen=True)
class ExchangedClasses:
    """A detector that calls every cube a ball, and the reverse."""

    detector: ObjectDetector

    @property
    def classes(self) -> tuple[str, ...]:
        return self.detector.classes

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        return [replace(found, class_ids=1 - found.class_ids) for found in self.detector.predict(images)]


def blank(data: Dataset, root: Path) -> Dataset:
    """The same labels over pictures of noise."""
    rng = np.random.default_rng(0)
    for sample in data.samples():
        write_image(root / sample.image, rng.integers(0, 256, (*sample.size_hw, 3), dtype=np.uint8))
    return replace(data, root=root, name="blank")


def ap50(detector: ObjectDetector, test: Dataset) -> float:
    opened = OpenedDetector(detector=detector, kind="run", facts=ModelFacts(model="cube"))
    return measure_opened(opened, [test], NO_INTERVALS).reports[0].headline.ap50 or 0.0


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Dataset]:
    """Training scenes, and held-out ones of another seed."""
    root = tmp_path_factory.mktemp("cube")
    for name, seed, frames in (("train", 1, 240), ("test", 2, 60)):
        generate(scenes(seed, frames), root / name, root=root, workers=1, progress=False)
    return open_folder(root / "train"), open_folder(root / "test")


def learn(data: Dataset, out: Path) -> ObjectDetector:
    train(recipe(), data=[data], out=out, options=ONE_THREAD)
    return open_detector(out, "cpu")


@pytest.mark.slow
def test_a_cube_becomes_a_detector_and_it_is_the_classes_that_it_learns(
    data: tuple[Dataset, Dataset], tmp_path: Path
) -> None:
    seen, unseen = data
    detector = learn(seen, tmp_path / "run")
    assert ap50(detector, unseen) >= LEAST_AP50
    assert ap50(ExchangedClasses(detector), unseen) < LEAST_AP50 / 2


@pytest.mark.slow
def test_pictures_without_objects_teach_nothing(data: tuple[Dataset, Dataset], tmp_path: Path) -> None:
    seen, unseen = data
    detector = learn(blank(seen, tmp_path / "blank"), tmp_path / "run")
    assert ap50(detector, unseen) < LEAST_AP50 / 2
