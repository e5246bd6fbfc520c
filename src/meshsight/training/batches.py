"""Batch k of a run as a pure function of (seed, k), so that a resumed run sees exactly what an unbroken one sees.

The run reads one endless sequence of samples: the permutation of epoch 0, then that of epoch 1, and so on. Position p
of it draws its augmentation from its own random stream; batch k is the batch_size positions from k * batch_size on.
"""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch

from meshsight.core.rng import stream
from meshsight.models.batch import PADDING, Batch, Targets
from meshsight.specs.augmentation import AugmentationSpec, MultiScaleSpec
from meshsight.specs.training_data import DataSpec
from meshsight.training.augment import Augmenter
from meshsight.training.held_out import Source
from meshsight.training.images import ImageStore
from meshsight.training.labels import LabelTable
from meshsight.training.order import SampleOrder
from meshsight.training.sample import BoxCounts, TrainingSample

BATCHES_AHEAD_PER_WORKER = 2


class Part(NamedTuple):
    """Which part of every batch a process makes: part `rank` of `num_parts` equal ones."""

    rank: int = 0
    num_parts: int = 1


WHOLE = Part()
EVERY_IMAGE_ALIKE = DataSpec()


@dataclass(frozen=True, kw_only=True, eq=False)
class BatchSource:
    """Everything that batch k depends on, and the images' memory.

    Attributes:
        labels: images and boxes.
        images: reads them.
        augmentation: what may happen to an image.
        data: how often images are drawn, and which share a batch.
        input_hw: height and width of the network's input.
        batch_size: images of a batch over all processes.
        num_batches: length of the run.
        seed: of the run.
        part: of each batch, that this process makes.
    """

    labels: LabelTable
    images: ImageStore
    augmentation: AugmentationSpec
    input_hw: tuple[int, int]
    batch_size: int
    num_batches: int
    seed: int
    data: DataSpec = EVERY_IMAGE_ALIKE
    part: Part = WHOLE

    def batch(self, k: int) -> tuple[Batch, BoxCounts]:
        """Makes batch k, or this process's part of it.

        Raises:
            ImageError: an image is missing or truncated.
        """
        positions, is_upright = self.order.batch(k)
        height, width = self._size(k)
        if self.data.group_by_aspect:
            short, long = sorted((height, width))
            height, width = (long, short) if is_upright else (short, long)
        spec = self._plain if k >= self.num_batches * (1 - self.augmentation.plain_end) else self.augmentation
        mine = np.array_split(positions, self.part.num_parts)[self.part.rank]
        return collate([self.sample(int(position), spec, (height, width)) for position in mine])

    def sample(self, position: int, spec: AugmentationSpec, input_hw: tuple[int, int]) -> TrainingSample:
        """Reads and augments the sample at one position of the run's sequence."""
        return self._augmenter.sample(spec, position, self.order.index(position), input_hw)

    @property
    def source_names(self) -> tuple[str, ...]:
        """Of the data sets."""
        return self.labels.sources

    @property
    def source_losses_every(self) -> int:
        """Steps between measurements of the loss of each."""
        return self.data.source_losses_every

    def source_ids(self, k: int) -> list[int]:
        """Returns the source of each image of batch k, or of this process's part of it."""
        positions = np.array_split(self.order.batch(k).positions, self.part.num_parts)[self.part.rank]
        return [int(self.labels.source_ids[self.order.index(int(position))]) for position in positions]

    @cached_property
    def order(self) -> SampleOrder:
        """Which image stands where."""
        return SampleOrder(
            labels=self.labels,
            spec=self.data,
            batch_size=self.batch_size,
            num_positions=self.num_batches * self.batch_size,
            seed=self.seed,
        )

    @cached_property
    def _augmenter(self) -> Augmenter:
        return Augmenter(labels=self.labels, images=self.images, seed=self.seed)

    @cached_property
    def _plain(self) -> AugmentationSpec:
        return self.augmentation.plain

    def _size(self, k: int) -> tuple[int, int]:
        scales = self.augmentation.multi_scale
        if scales is None:
            return self.input_hw
        return draw_size(scales, self.input_hw, stream(self.seed, k // scales.every, "size"))


def draw_size(spec: MultiScaleSpec, input_hw: tuple[int, int], rng: np.random.Generator) -> tuple[int, int]:
    """Draws the input's size for a few batches: the longer side, and the other in the same ratio."""
    lowest, highest = -(-spec.low // spec.step), spec.high // spec.step
    longer = int(rng.integers(lowest, highest + 1)) * spec.step
    factor = longer / max(input_hw)
    height, width = (max(1, round(side * factor / spec.step)) * spec.step for side in input_hw)
    return height, width


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

    source: Source
    workers: int
    _pending: dict[int, Future[tuple[Any, BoxCounts]]] = field(default_factory=dict)

    def batches(self, first: int, stop: int) -> Generator[tuple[Any, BoxCounts]]:
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
