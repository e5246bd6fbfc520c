"""Batch k of a run as a pure function of (seed, k), so that a resumed run sees exactly what an unbroken one sees.

The run reads one endless sequence of samples: the permutation of epoch 0, then that of epoch 1, and so on. Position p
of it draws its augmentation from its own random stream; batch k is the batch_size positions from k * batch_size on.
"""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64

from meshsight.core.images import RgbImage
from meshsight.core.rng import stream
from meshsight.models.batch import PADDING, Batch, Targets
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.training.colour import apply_colour, draw_colour
from meshsight.training.geometry import crop_boxes, draw_affine, warp_boxes, warp_image
from meshsight.training.images import ImageStore, reduction_for
from meshsight.training.labels import LabelTable

BATCHES_AHEAD_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class BoxCounts:
    """What became of the objects of a batch; nothing is dropped without being counted.

    Attributes:
        asked: to be found.
        ignored: ignore regions already in the labels.
        cut, tiny: became ignore regions because too little of them is left, or they are too small at the input.
        outside: left the input altogether.
    """

    asked: int = 0
    ignored: int = 0
    cut: int = 0
    tiny: int = 0
    outside: int = 0

    def plus(self, other: "BoxCounts") -> "BoxCounts":
        """Adds two counts, field by field."""
        return BoxCounts(
            asked=self.asked + other.asked,
            ignored=self.ignored + other.ignored,
            cut=self.cut + other.cut,
            tiny=self.tiny + other.tiny,
            outside=self.outside + other.outside,
        )


class TrainingSample(NamedTuple):
    """One augmented image with its targets in input pixels."""

    image: RgbImage
    boxes: Float32[np.ndarray, "n 4"]
    class_ids: Int64[np.ndarray, " n"]
    is_ignored: Bool[np.ndarray, " n"]
    counts: BoxCounts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatchSource:
    """Everything that batch k depends on, and the images' memory."""

    labels: LabelTable
    images: ImageStore
    augmentation: AugmentationSpec
    input_hw: tuple[int, int]
    batch_size: int
    seed: int

    def batch(self, k: int) -> tuple[Batch, BoxCounts]:
        """Makes batch k.

        Raises:
            ImageError: an image is missing or truncated.
        """
        positions = range(k * self.batch_size, (k + 1) * self.batch_size)
        return collate([self.sample(position) for position in positions])

    def sample(self, position: int) -> TrainingSample:
        """Reads and augments the sample at one position of the run's sequence."""
        epoch, place = divmod(position, len(self.labels))
        index = int(epoch_order(self.seed, epoch, len(self.labels))[place])
        rng = stream(self.seed, position, "augment")
        stored_hw = self.labels.image_hw(index)
        affine = draw_affine(self.augmentation, stored_hw, self.input_hw, rng)
        image = self.images.load(self.labels.paths[index], self._reduction(stored_hw))
        shrunk = np.array([stored_hw[1] / image.shape[1], stored_hw[0] / image.shape[0], 1.0])
        image = warp_image(image, affine * shrunk, self.input_hw)
        if self.augmentation.colour is not None:
            image = apply_colour(draw_colour(self.augmentation.colour, rng), image)
        rows = self.labels.rows(index)
        crop = crop_boxes(self.augmentation, warp_boxes(self.labels.boxes[rows], affine), self.input_hw)
        class_ids, was_ignored = self.labels.class_ids[rows], self.labels.is_ignored[rows]
        is_ignored = was_ignored | crop.is_cut | crop.is_tiny
        inside = ~crop.is_outside
        return TrainingSample(
            image=image,
            boxes=crop.boxes[inside],
            class_ids=class_ids[inside],
            is_ignored=is_ignored[inside],
            counts=BoxCounts(
                asked=int((inside & ~is_ignored).sum()),
                ignored=int((inside & was_ignored).sum()),
                cut=int((crop.is_cut & ~was_ignored).sum()),
                tiny=int((crop.is_tiny & ~was_ignored).sum()),
                outside=int(crop.is_outside.sum()),
            ),
        )

    def _reduction(self, stored_hw: tuple[int, int]) -> int:
        """The reduced decode that still gives the largest augmented scale its pixels."""
        fit = min(self.input_hw[0] / stored_hw[0], self.input_hw[1] / stored_hw[1])
        return reduction_for(fit * self.augmentation.scale[1] * self.augmentation.aspect**0.5)


@lru_cache(maxsize=4)
def epoch_order(seed: int, epoch: int, num_samples: int) -> Int64[np.ndarray, " n"]:
    """Returns the order in which one epoch visits the samples."""
    return stream(seed, epoch, "order").permutation(num_samples)


def collate(samples: list[TrainingSample]) -> tuple[Batch, BoxCounts]:
    """Stacks samples into a batch, whose images lie channels-last in memory, padding targets to the longest."""
    longest = max(len(sample.boxes) for sample in samples)
    boxes = np.zeros((len(samples), longest, 4), dtype=np.float32)
    class_ids = np.full((len(samples), longest), PADDING, dtype=np.int64)
    is_ignored = np.zeros((len(samples), longest), dtype=bool)
    counts = BoxCounts()
    for row, sample in enumerate(samples):
        count = len(sample.boxes)
        boxes[row, :count] = sample.boxes
        class_ids[row, :count] = sample.class_ids
        is_ignored[row, :count] = sample.is_ignored
        counts = counts.plus(sample.counts)
    images = torch.from_numpy(np.stack([sample.image for sample in samples])).permute(0, 3, 1, 2)
    targets = Targets(torch.from_numpy(boxes), torch.from_numpy(class_ids), torch.from_numpy(is_ignored))
    return Batch(images, targets), counts


@dataclass(slots=True)
class Prefetcher:
    """Makes batches ahead of the loop in threads; OpenCV, decoding and torch let the interpreter go while they work.

    Order and content do not depend on the number of workers; with none, batches are made when they are asked for.
    """

    source: BatchSource
    workers: int
    _pending: dict[int, Future[tuple[Batch, BoxCounts]]] = field(default_factory=dict)

    def batches(self, first: int, stop: int) -> Generator[tuple[Batch, BoxCounts]]:
        """Yields batches first, first + 1, ..., stop - 1."""
        if self.workers == 0:
            yield from map(self.source.batch, range(first, stop))
            return
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="batches")
        try:
            for k in range(first, stop):
                for ahead in range(k, min(stop, k + BATCHES_AHEAD_PER_WORKER * self.workers)):
                    if ahead not in self._pending:
                        self._pending[ahead] = pool.submit(self.source.batch, ahead)
                yield self._pending.pop(k).result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            self._pending.clear()
