"""Batch k of patches as a pure function of (seed, k): rows of arrays in memory, in a new order each epoch."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64

from meshsight.core.rng import stream
from meshsight.datasets.patches.arrays import PatchArrays
from meshsight.models.patch.learner import PatchBatch, PlacedTargets
from meshsight.specs.patch_training import PatchAugmentationSpec
from meshsight.training.patches.augment import augment
from meshsight.training.sample import BoxCounts


@dataclass(kw_only=True, eq=False)
class PatchSource:
    """Everything that batch k depends on.

    Attributes:
        labels: the patches with their truth.
        augmentation: how they are varied.
        batch_size: patches of a batch.
        seed: of the run.
    """

    labels: PatchArrays
    augmentation: PatchAugmentationSpec
    batch_size: int
    seed: int

    def __post_init__(self) -> None:
        self._orders: dict[int, Int64[np.ndarray, " n"]] = {}

    @property
    def source_names(self) -> tuple[str, ...]:
        """Of the data sets, which are one once they are joined."""
        return (self.labels.name,)

    @property
    def source_losses_every(self) -> int:
        """Steps between measurements of the loss of each source."""
        return 1

    def source_ids(self, k: int) -> list[int]:
        """Returns the source of each patch of batch k."""
        return [0] * self.batch_size

    def batch(self, k: int) -> tuple[PatchBatch, BoxCounts]:
        """Makes batch k."""
        rows = self._rows(k)
        rng = stream(self.seed, k, "patches")
        pixels, circles = augment(self.augmentation, self.labels.pixels[rows], self.labels.circles[rows], rng)
        batch = collate(pixels, circles, self.labels, rows)
        return batch, BoxCounts(asked=int(batch.targets.balls.sum()))

    def _rows(self, k: int) -> Int64[np.ndarray, " b"]:
        """Returns which patches batch k has: positions k * batch_size on of epoch after epoch."""
        count, start = len(self.labels), k * self.batch_size
        positions = np.arange(start, start + self.batch_size)
        first, last = start // count, (start + self.batch_size - 1) // count
        if first == last:
            return self._order(first)[positions - first * count]
        epochs = positions // count
        parts = [self._order(epoch)[positions[epochs == epoch] % count] for epoch in range(first, last + 1)]
        return np.concatenate(parts)

    def _order(self, epoch: int) -> Int64[np.ndarray, " n"]:
        if epoch not in self._orders:
            kept = {known: order for known, order in self._orders.items() if known >= epoch - 1}
            self._orders = kept | {epoch: stream(self.seed, epoch, "order").permutation(len(self.labels))}
        return self._orders[epoch]


def collate(
    pixels: np.ndarray, circles: np.ndarray, labels: PatchArrays, rows: Int64[np.ndarray, " b"] | slice
) -> PatchBatch:
    """Makes tensors of patches and of their truth."""
    balls = torch.from_numpy(labels.balls[rows])
    places = torch.zeros(len(balls), 4) if labels.places is None else torch.from_numpy(labels.places[rows])
    images = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2)
    has_circle = torch.from_numpy(labels.has_circle[rows])
    return PatchBatch(images, PlacedTargets(balls, torch.from_numpy(circles), has_circle, places))
