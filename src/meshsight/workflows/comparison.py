"""`inspect --against`: in what a data set differs from real photographs, each attribute with a number and an interval.

The photographs may be a data set of any format, or a plain folder of images without labels; 20 of them will do.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from meshsight.core.errors import DataError
from meshsight.datasets.classes import with_classes
from meshsight.datasets.measures.difference import Difference, Measurements, compare
from meshsight.datasets.measures.photographs import open_photographs
from meshsight.datasets.measures.sampling import pick_evenly, pick_samples
from meshsight.records.dataset import Dataset
from meshsight.workflows.comparison_measuring import common_side, measure_labels, measure_pixels
from meshsight.workflows.comparison_words import ATTRIBUTES, Attribute, describe, describe_variety
from meshsight.workflows.sources import open_source

log = logging.getLogger(__name__)

NUM_PIXELS = 300
"""Images of each side whose pixels are measured."""
NUM_LABELS = 3000
"""Images of each side whose labels are measured."""
MOST_BINS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How the values of both sides lie.

    Attributes:
        edges: borders of the bins; they grow by a factor where the attribute is a ratio.
        ours, real: the share of each side's values in each bin; the outermost bins also hold what lies beyond.
    """

    edges: tuple[float, ...]
    ours: tuple[float, ...]
    real: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeComparison:
    """One attribute of both sides.

    Attributes:
        name, title, unit: what it is.
        is_ratio: whether it is compared by factors.
        ours, real: means; geometric means where it is a ratio.
        spread_ours, spread_real: standard deviations; of the logarithms where it is a ratio.
        difference: ours - real, or ours / real where it is a ratio.
        low, high: the 95 % interval of the difference, from a bootstrap over groups; None with fewer than two groups.
        is_clear: whether the interval excludes "no difference".
        cliffs_delta: P(ours > real) - P(ours < real), -1 to 1.
        spread: pooled standard deviation of both sides.
        distance: Wasserstein distance of the distributions, in multiples of the spread.
        sentence: the difference in words.
        variety: whether ours vary much more or less than the photographs, in words; empty if neither.
        advice: the recipe settings that move it towards the photographs.
        num_ours, num_real: how many values there were.
        histogram: of both sides.
    """

    name: str
    title: str
    unit: str
    is_ratio: bool
    ours: float
    real: float
    spread_ours: float
    spread_real: float
    difference: float
    low: float | None
    high: float | None
    is_clear: bool
    cliffs_delta: float
    spread: float
    distance: float
    sentence: str
    variety: str
    advice: str
    num_ours: int
    num_real: int
    histogram: Histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A data set against real photographs.

    Attributes:
        ours, real: names of the two.
        num_ours, num_real: images in each.
        measured_ours, measured_real: images of each whose pixels were measured.
        side_px: longer side that larger images were reduced to before.
        has_labels: whether both sides have labels, so that their objects were compared too.
        classes: those whose objects were compared; empty when no class is shared, and then the objects of all were.
        attributes: those that differ clearly first, by falling distance.
    """

    ours: str
    real: str
    num_ours: int
    num_real: int
    measured_ours: int
    measured_real: int
    side_px: int
    has_labels: bool
    classes: tuple[str, ...]
    attributes: tuple[AttributeComparison, ...]


def compare_with_real(
    parts: Mapping[str, Dataset],
    real: str | Path | Dataset,
    *,
    num_images: int = NUM_PIXELS,
    seed: int = 0,
) -> Comparison:
    """Compares a data set with real photographs.

    Args:
        parts: the splits of the data set; they are taken together.
        real: a data set of any format, `NAME=FOLDER`, or a plain folder of photographs.
        num_images: images of each side whose pixels are measured, spread evenly.
        seed: of the bootstrap.

    Raises:
        DataError: there is no photograph, or not one image of a side can be read.
    """
    photographs = open_real(real)
    mine_classes = next(iter(parts.values())).classes
    has_labels = bool(mine_classes and photographs.classes)
    classes = tuple(name for name in mine_classes if name in photographs.classes)
    mine = pick_samples({split: _only(part, classes) for split, part in parts.items()}, NUM_LABELS)
    theirs = pick_samples({"": _only(photographs, classes)}, NUM_LABELS)
    side_px = common_side(mine, theirs)
    pixels = [pick_evenly(side, num_images) for side in (mine, theirs)]
    measured = [measure_pixels(picked, side_px) for picked in pixels]
    for name, values in zip((_name(parts), photographs.name), measured, strict=True):
        if not values["brightness"].values.size:
            raise DataError(f"{name}: not one of its images can be read, so there is nothing to compare")
    if has_labels:
        measured = [found | measure_labels(side) for found, side in zip(measured, (mine, theirs), strict=True)]
    compared = [
        _compare(attribute, measured[0].get(attribute.key), measured[1].get(attribute.key), seed)
        for attribute in ATTRIBUTES
    ]
    return Comparison(
        ours=_name(parts),
        real=photographs.name,
        num_ours=sum(part.num_samples for part in parts.values()),
        num_real=photographs.num_samples,
        measured_ours=len(measured[0]["brightness"].values),
        measured_real=len(measured[1]["brightness"].values),
        side_px=side_px,
        has_labels=has_labels,
        classes=classes,
        attributes=tuple(
            sorted((one for one in compared if one is not None), key=lambda one: (not one.is_clear, -one.distance))
        ),
    )


def open_real(real: str | Path | Dataset) -> Dataset:
    """Opens photographs: a data set of any format, or a plain folder of images.

    Raises:
        DataError: there is neither.
    """
    if isinstance(real, Dataset):
        return real
    try:
        return open_source(real)
    except DataError as error:
        folder = Path(real)
        if not folder.is_dir():
            raise
        dataset = open_photographs(folder)
        log.info("%s: taken as %d photographs without labels (%s)", folder, dataset.num_samples, error)
        return dataset


def num_bins(count: int) -> int:
    """Returns into how many bins to sort so many values: few enough that their heights are no chance."""
    return min(MOST_BINS, max(8, round(2 * count**0.5)))


def _name(parts: Mapping[str, Dataset]) -> str:
    return next(iter(parts.values())).name.partition("#")[0]


def _only(dataset: Dataset, classes: tuple[str, ...]) -> Dataset:
    """Returns the data set with the objects of some classes only; with those of all where none is named."""
    if not classes or not set(dataset.classes) - set(classes):
        return dataset
    return with_classes(dataset, tuple(name for name in dataset.classes if name in classes), drop_others=True)


def _compare(
    attribute: Attribute, ours: Measurements | None, real: Measurements | None, seed: int
) -> AttributeComparison | None:
    """Compares one attribute, or returns None where a side does not have it."""
    if ours is None or real is None:
        return None
    ours, real = ours.known(), real.known()
    if not ours.values.size or not real.values.size:
        return None
    found = compare(ours, real, least_spread=attribute.least_spread, seed=seed, name=attribute.key)
    first, second, difference, low, high = _in_units(found, attribute.is_ratio)
    interval = None if low is None or high is None else (low, high)
    return AttributeComparison(
        name=attribute.key,
        title=attribute.title,
        unit=attribute.unit,
        is_ratio=attribute.is_ratio,
        ours=first,
        real=second,
        spread_ours=found.first_spread,
        spread_real=found.second_spread,
        difference=difference,
        low=low,
        high=high,
        is_clear=found.is_clear,
        cliffs_delta=found.cliffs_delta,
        spread=found.spread,
        distance=found.distance,
        sentence=describe(attribute, difference, interval),
        variety=describe_variety(found.first_spread, found.second_spread, attribute.least_spread),
        advice=attribute.lower_it if found.difference > 0 else attribute.raise_it,
        num_ours=len(ours.values),
        num_real=len(real.values),
        histogram=_histogram(ours.values, real.values, attribute),
    )


def _in_units(found: Difference, is_ratio: bool) -> tuple[float, float, float, float | None, float | None]:
    """Returns means, difference and interval; logarithms are turned back into factors."""
    low, high = found.low, found.high
    if not is_ratio:
        return found.first, found.second, found.difference, low, high
    back = np.exp([found.first, found.second, found.difference]).tolist()
    return *back, None if low is None else float(np.exp(low)), None if high is None else float(np.exp(high))


def _histogram(ours: np.ndarray, real: np.ndarray, attribute: Attribute) -> Histogram:
    """Bins both sides alike, between the outermost per cents of each."""
    ends = np.array([np.quantile(side, [0.01, 0.99]) for side in (ours, real)])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    bins = num_bins(min(ours.size, real.size))
    edges = np.linspace(low, high if high > low else low + attribute.least_spread, bins + 1)
    if attribute.is_count:
        step = max(1, round((high - low) / MOST_BINS))
        edges = np.arange(round(low), round(high) + 1 + step, step) - 0.5
    shares = [np.histogram(np.clip(side, edges[0], edges[-1]), edges)[0] / side.size for side in (ours, real)]
    borders = np.exp(edges) if attribute.is_ratio else edges
    return Histogram(edges=tuple(borders.tolist()), ours=tuple(shares[0].tolist()), real=tuple(shares[1].tolist()))
