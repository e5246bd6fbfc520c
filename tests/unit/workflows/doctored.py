"""A data set with nothing wrong, to break in one way at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from meshsight.core.images import encode_png
from meshsight.core.masks import decode_mask
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import FORMAT_KINDS, WHOLE
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

from ...contracts.labelled import CLASSES, SIZE_HW, dataset_of, labelled_sample

COUNTS = {"train": 26, "val": 14}


@dataclass
class Doctored:
    """Samples and image files of each split; both may be changed before they are written.

    Attributes:
        samples: of each split.
        files: the bytes of each image by its name in the labels.
    """

    samples: dict[str, list[Sample]]
    files: dict[str, bytes]
    classes: tuple[str, ...] = CLASSES

    def change(self, index: int, split: str = "train", **changes: object) -> None:
        """Changes fields of one sample."""
        self.samples[split][index] = replace(self.samples[split][index], **changes)

    def change_object(self, change: Callable[[ObjectLabel], ObjectLabel], index: int = 0, thing: int = 0) -> None:
        """Changes one object of a sample of the first split."""
        objects = list(self.samples["train"][index].objects)
        objects[thing] = change(objects[thing])
        self.change(index, objects=tuple(objects))

    def change_objects(self, change: Callable[[ObjectLabel], ObjectLabel | None]) -> None:
        """Changes every object of all samples, or drops it."""
        for split, samples in self.samples.items():
            for index, sample in enumerate(samples):
                objects = tuple(new for label in sample.objects if (new := change(label)) is not None)
                self.change(index, split, objects=objects)

    def image(self, index: int, split: str = "train") -> str:
        """Returns the name of an image."""
        return self.samples[split][index].image

    def write(self, root: Path, kind: str = "webdataset") -> Path:
        """Writes the splits in a format, or the first where it has none, and returns the folder."""
        for name, data in self.files.items():
            path = root / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        writer = FORMAT_KINDS.builder(kind)(FORMAT_KINDS.module(kind).Spec())
        parts = self.parts(root / "source")
        if not writer.capacity.keeps_splits:
            parts = {WHOLE: next(iter(parts.values()))}
        reduced = {split: reduce_dataset(part, writer.capacity)[0] for split, part in parts.items()}
        writer.write(reduced, Target(root / "written"))
        return root / "written"

    def parts(self, root: Path) -> Mapping[str, Dataset]:
        """Returns the splits as data sets whose images lie in a folder."""
        return {split: dataset_of(samples, root, self.classes) for split, samples in self.samples.items()}


def sound() -> Doctored:
    """Returns a data set in which the doctor must find nothing."""
    samples, files = _drawn()
    return Doctored(samples={split: list(some) for split, some in samples.items()}, files=dict(files))


@cache
def _drawn() -> tuple[dict[str, list[Sample]], dict[str, bytes]]:
    rng = np.random.default_rng(5)
    samples: dict[str, list[Sample]] = {}
    files: dict[str, bytes] = {}
    frame = 0
    for split, count in COUNTS.items():
        samples[split] = []
        while len(samples[split]) < count:
            sample = _sound_sample(rng, frame)
            samples[split].append(sample)
            files[sample.image] = encode_png(picture(rng))
            frame += 1
    return samples, files


def picture(rng: np.random.Generator) -> np.ndarray:
    """Draws a picture of smooth noise, of its own brightness."""
    coarse = rng.uniform(0, 1, (8, 10, 3)).astype(np.float32)
    height, width = SIZE_HW
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(rng.uniform(20, 60) + rng.uniform(90, 150) * smooth, 0, 255).astype(np.uint8)


def _sound_sample(rng: np.random.Generator, frame: int) -> Sample:
    """Returns a sample with at least one object, each of a size that can be seen."""
    while True:
        sample = labelled_sample(rng, frame + 100, most=3)  # its frame 2 is always empty
        objects = tuple(label for label in sample.objects if is_plain(label))
        if objects:
            return replace(sample, frame=frame, image=f"images/{frame:06d}.png", objects=objects)


def is_plain(label: ObjectLabel) -> bool:
    """Tells whether an object is large enough and not that near the border."""
    assert label.mask is not None
    x1, y1, x2, y2 = label.box
    return min(x2 - x1, y2 - y1) >= 8 and bool(decode_mask(label.mask).any())
