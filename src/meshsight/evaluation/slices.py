"""How well parts of the truth are found: by visibility, occlusion, truncation and size.

A slice is a fold over the one matching, not a new one: objects outside the slice, and the detections that found them,
neither help nor harm. What a false positive means for a slice depends on what is known of it:

* it has a size of its own, so a size slice counts those of that size, as COCO does for its areas;
* it has no visibility, occlusion or truncation. There every slice counts all of them, each by the slice's share of the
  class's truth. A small slice is then not drowned by the false positives of the whole set, and its AP can be compared
  with the AP of the other slices and of the whole (the normalised precision of Hoiem et al., ECCV 2012).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64

from meshsight.evaluation.average_precision import Ranking, average_precision, mean_known
from meshsight.evaluation.flatten import longest_side
from meshsight.evaluation.matching import UNMATCHED, Matches
from meshsight.records.report import SliceReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A part of an attribute's range: low <= value < high."""

    label: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlicedAttribute:
    """An attribute cut into bins.

    Attributes:
        name: what reports call it.
        bins: its parts.
        truth: value of each object; NaN where unknown, which lies in no bin.
        found: value of each detection, or None where detections have no such thing.
    """

    name: str
    bins: tuple[Bin, ...]
    truth: Float64[np.ndarray, " m"]
    found: Float64[np.ndarray, " n"] | None


_VISIBILITY = (
    Bin(label="under 25 %", low=-np.inf, high=0.25),
    Bin(label="25-50 %", low=0.25, high=0.5),
    Bin(label="50-75 %", low=0.5, high=0.75),
    Bin(label="75-95 %", low=0.75, high=0.95),
    Bin(label="95 % or more", low=0.95, high=np.inf),
)
_HIDDEN = (
    Bin(label="under 5 %", low=-np.inf, high=0.05),
    Bin(label="5-20 %", low=0.05, high=0.2),
    Bin(label="20-50 %", low=0.2, high=0.5),
    Bin(label="50 % or more", low=0.5, high=np.inf),
)
_SIDE = (
    Bin(label="under 40 px", low=-np.inf, high=40.0),
    Bin(label="40-120 px", low=40.0, high=120.0),
    Bin(label="120 px or more", low=120.0, high=np.inf),
)
_AREA = (
    Bin(label="small, under 32² px", low=-np.inf, high=32.0**2),
    Bin(label="medium", low=32.0**2, high=96.0**2),
    Bin(label="large, 96² px or more", low=96.0**2, high=np.inf),
)


def slice_matches(matches: Matches, rankings: Sequence[Ranking]) -> tuple[SliceReport, ...]:
    """Evaluates every bin of every attribute that holds any counted truth."""
    counted = ~matches.truth.is_ignored
    return tuple(
        _report(matches, rankings, attribute, part)
        for attribute in _attributes(matches)
        for part in attribute.bins
        if (_inside(attribute.truth, part) & counted).any()
    )


def _attributes(matches: Matches) -> tuple[SlicedAttribute, ...]:
    truth, found = matches.truth, matches.found
    sides = found.box[:, 2:] - found.box[:, :2]
    return (
        SlicedAttribute(name="visibility", bins=_VISIBILITY, truth=truth.visibility, found=None),
        SlicedAttribute(name="occlusion", bins=_HIDDEN, truth=truth.occlusion, found=None),
        SlicedAttribute(name="truncation", bins=_HIDDEN, truth=truth.truncation, found=None),
        SlicedAttribute(name="longest side", bins=_SIDE, truth=longest_side(truth.box), found=longest_side(found.box)),
        SlicedAttribute(name="area", bins=_AREA, truth=truth.area, found=sides[:, 0] * sides[:, 1]),
    )


def _inside(values: Float64[np.ndarray, " n"], part: Bin) -> Bool[np.ndarray, " n"]:
    return (values >= part.low) & (values < part.high)


def _report(matches: Matches, rankings: Sequence[Ranking], attribute: SlicedAttribute, part: Bin) -> SliceReport:
    in_truth = _inside(attribute.truth, part)
    in_found = None if attribute.found is None else _inside(attribute.found, part)
    by_class = np.stack([_class_ap(matches, ranking, in_truth, in_found) for ranking in rankings])
    counted = in_truth & ~matches.truth.is_ignored
    found_rows = np.unique(matches.matched[0][matches.matched[0] != UNMATCHED])
    num_truth = int(counted.sum())
    return SliceReport(
        attribute=attribute.name,
        label=part.label,
        num_truth=num_truth,
        ap=mean_known(by_class.mean(axis=1)),
        ap50=mean_known(by_class[:, 0]),
        recall50=float(counted[found_rows].sum() / num_truth),
    )


def _class_ap(
    matches: Matches,
    ranking: Ranking,
    in_truth: Bool[np.ndarray, " m"],
    in_found: Bool[np.ndarray, " n"] | None,
) -> Float64[np.ndarray, " t"]:
    num_inside = int(in_truth[ranking.truth_rows].sum())
    is_true = ranking.is_true & np.append(in_truth, False)[matches.matched[:, ranking.rows]]
    if in_found is not None:
        return average_precision(is_true, ranking.is_false & in_found[ranking.rows], num_inside)
    share = num_inside / max(len(ranking.truth_rows), 1)
    return average_precision(is_true, ranking.is_false, num_inside, false_weight=share)
