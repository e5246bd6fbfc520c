"""Which image stands at each position of a run, and which positions share a batch; pure functions of the seed.

A pass over the data (an epoch) has as many positions as there are images. Uniformly drawn, each image has one of them.
Weighted, image i has within one of n * w_i / sum(w) of them (systematic resampling, Kitagawa 1996). With shares of
sources, each source goes through its own images, pass after pass, and the sources follow each other evenly.

Shapes: n images (or positions of one pass), s sources.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int64

from meshsight.core.rng import stream
from meshsight.specs.training_data import DataSpec, MixSpec
from meshsight.training.labels import LabelTable

Order = Int64[np.ndarray, " _"]


class BatchPlan(NamedTuple):
    """One batch over all processes: positions in the run's sequence, and whether the input is turned upright."""

    positions: Order
    is_upright: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleOrder:
    """The sequence of images of a run.

    Attributes:
        labels: of all sources.
        spec: how often images are drawn, and which share a batch.
        batch_size: over all processes.
        num_positions: length of the run, over which shares of sources change.
        seed: of the run.
    """

    labels: LabelTable
    spec: DataSpec
    batch_size: int
    num_positions: int
    seed: int

    def index(self, position: int) -> int:
        """Returns the image at a position."""
        epoch, place = divmod(position, len(self.labels))
        return int(self._epoch(epoch)[place])

    def batch(self, k: int) -> BatchPlan:
        """Returns batch k."""
        if not self.spec.group_by_aspect:
            return BatchPlan(np.arange(k * self.batch_size, (k + 1) * self.batch_size), False)
        window, place = divmod(k, self._batches_a_window)
        return self._window(window)[place]

    @cached_property
    def _weights(self) -> Float[np.ndarray, " n"] | None:
        return image_weights(self.labels, self.spec)

    @cached_property
    def _batches_a_window(self) -> int:
        return -(-len(self.labels) // self.batch_size)

    @cached_property
    def _counts(self) -> Int64[np.ndarray, "_ s"]:
        """How many positions of each pass a source has."""
        assert self.spec.mix is not None
        num_epochs = max(1, -(-self.num_positions // len(self.labels)))
        return source_counts(self.spec.mix, self.labels.sources, num_epochs, len(self.labels))

    @cached_property
    def _epoch(self):
        return lru_cache(maxsize=4)(self._make_epoch)

    @cached_property
    def _window(self):
        return lru_cache(maxsize=2)(self._make_window)

    def _make_epoch(self, epoch: int) -> Order:
        if self.spec.mix is None:
            return self._pass(epoch, "order", np.arange(len(self.labels)))
        counts, done = self._counts, min(epoch, len(self._counts) - 1)
        before = counts[:done].sum(axis=0) + (epoch - done) * counts[done]
        phases = stream(self.seed, epoch, "mix").random(counts.shape[1])
        parts: list[Order] = []
        times: list[Float[np.ndarray, " _"]] = []
        for number, count in enumerate(counts[done]):
            parts.append(self._draws(number, int(before[number]), int(count)))
            times.append((np.arange(count) + phases[number]) / max(count, 1))
        return np.concatenate(parts)[np.argsort(np.concatenate(times), kind="stable")]

    def _draws(self, source: int, first: int, count: int) -> Order:
        """A stretch of the endless sequence of one source's images."""
        members = np.flatnonzero(self.labels.source_ids == source)
        epochs = range(first // len(members), (first + count - 1) // len(members) + 1) if count else ()
        passes = [self._pass(epoch, f"order of {self.labels.sources[source]}", members) for epoch in epochs]
        start = first - (epochs[0] * len(members) if epochs else 0)
        return np.concatenate([np.zeros(0, np.int64), *passes])[start : start + count]

    def _pass(self, epoch: int, name: str, members: Order) -> Order:
        rng = stream(self.seed, epoch, name)
        if self._weights is None:
            return members[rng.permutation(len(members))]
        return members[rng.permutation(resample(self._weights[members], float(rng.random())))]

    def _make_window(self, window: int) -> list[BatchPlan]:
        """The batches of one stretch as long as a pass, each of one orientation but for a last one of what is left."""
        count = self._batches_a_window * self.batch_size
        positions = np.arange(window * count, (window + 1) * count)
        is_upright = self._is_upright[[self.index(int(position)) for position in positions]]
        plans: list[BatchPlan] = []
        left: list[Order] = []
        for flag in (False, True):
            group = positions[is_upright == flag]
            whole = len(group) // self.batch_size * self.batch_size
            plans += [BatchPlan(rows, flag) for rows in group[:whole].reshape(-1, self.batch_size)]
            left.append(group[whole:])
        if any(len(rows) for rows in left):
            plans.append(BatchPlan(np.concatenate(left), False))
        return [plans[i] for i in stream(self.seed, window, "groups").permutation(len(plans))]

    @cached_property
    def _is_upright(self) -> Bool[np.ndarray, " n"]:
        return self.labels.sizes_hw[:, 0] > self.labels.sizes_hw[:, 1]


def resample(weights: Float[np.ndarray, " n"], phase: float) -> Order:
    """Returns n indices, each within one of as often as its weight says.

    Args:
        weights: any scale.
        phase: 0..1, which decides where the rounding falls.
    """
    edges = np.floor(np.cumsum(weights) * (len(weights) / weights.sum()) + phase + 1e-9)
    edges[-1] = len(weights) + np.floor(phase)
    return np.repeat(np.arange(len(weights)), np.diff(edges, prepend=np.floor(phase)).astype(np.int64))


def image_weights(labels: LabelTable, spec: DataSpec) -> Float[np.ndarray, " n"] | None:
    """Returns how often images are drawn beside each other, or None when all alike."""
    if spec.sampling == "uniform":
        return None
    num_images, num_classes = len(labels), len(labels.classes)
    image_ids = np.repeat(np.arange(num_images), np.diff(labels.first))
    has = np.zeros((num_images, num_classes), dtype=bool)
    asked = ~labels.is_ignored
    has[image_ids[asked], labels.class_ids[asked]] = True
    images_of_class = np.maximum(has.sum(axis=0), 1)
    if spec.sampling == "repeat_factor":
        repeats = np.maximum(1.0, np.sqrt(spec.repeat_threshold / (images_of_class / num_images)))
        return np.where(has, repeats, 1.0).max(axis=1)
    weights = (has / images_of_class).sum(axis=1)
    # Images without objects keep their share of what is drawn.
    return np.where(has.any(axis=1), weights, weights.sum() / max(1, int(has.any(axis=1).sum())))


def source_counts(mix: MixSpec, sources: tuple[str, ...], num_epochs: int, length: int) -> Int64[np.ndarray, "_ s"]:
    """Returns how many of the positions of each pass a source has; they add up to the pass's length."""
    start, end = (np.array([shares[name] for name in sources]) for shares in (mix.start, mix.end or mix.start))
    share = np.arange(num_epochs) / max(1, num_epochs - 1)
    done = np.clip((share - mix.begins) / max(mix.ends - mix.begins, 1e-9), 0, 1)[:, None]
    shares = (1 - done) * start / start.sum() + done * end / end.sum()
    exact = shares * length
    counts = np.floor(exact + 1e-9).astype(np.int64)
    # The largest remainders are rounded up.
    ranks = np.argsort(np.argsort(-(exact - counts), axis=1, kind="stable"), axis=1)
    return counts + (ranks < (length - counts.sum(axis=1))[:, None])
