"""Which kind of mistake each wrong detection is, and what each kind costs, after TIDE (Bolya et al., ECCV 2020).

A wrong detection at IoU 0.5 is the first of these that fits: badly *localised* (IoU of 0.1 to 0.5 with the object of
its class that it overlaps most), of the wrong *class* (IoU >= 0.5 with another class's object), a *duplicate* (IoU >=
0.5 with an object of its class, which a better detection took), *both* (IoU >= 0.1 with another class's object), or
*background*.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float64, Int64

from meshsight.core.boxes import box_iou
from meshsight.evaluation.average_precision import average_precision, mean_known
from meshsight.evaluation.matching import UNMATCHED, Matches
from meshsight.records.report import ErrorCost, ErrorKind

WRONG_KINDS: tuple[ErrorKind, ...] = ("localisation", "class", "duplicate", "both", "background")
_LOCALISATION, _CLASS, _BACKGROUND = 0, 1, 4

_FOREGROUND = 0.5
_NEAR = 0.1


class Wrong(NamedTuple):
    """The wrong detections at IoU 0.5, in the order of `Matches.found`.

    Attributes:
        row: of each in `Matches.found`.
        kind: index into WRONG_KINDS.
        truth_row: the object in `Matches.truth` that it is about, or UNMATCHED for background.
        iou: overlap with that object; 0 for background.
    """

    row: Int64[np.ndarray, " w"]
    kind: Int64[np.ndarray, " w"]
    truth_row: Int64[np.ndarray, " w"]
    iou: Float64[np.ndarray, " w"]


def find_wrong(matches: Matches) -> Wrong:
    """Classifies every wrong detection, of any score."""
    rows = np.flatnonzero(matches.matched[0] == UNMATCHED)
    images = matches.found.image[rows]
    parts = [
        _classify(matches, rows[images == image], np.flatnonzero(matches.truth.image == image))
        for image in np.unique(images).tolist()
    ]
    empty = np.zeros(0, np.int64)
    columns = zip(*parts, strict=True) if parts else ((empty,), (empty,), (empty,), (np.zeros(0),))
    return Wrong(*(np.concatenate(column) for column in columns))


def measure_costs(matches: Matches) -> tuple[ErrorCost, ...]:
    """Returns how much AP50 would rise if the mistakes of one kind alone were mended, for each kind.

    A class or place that is wrong is put right, unless the object has a better detection then, which removes this one;
    other wrong detections are removed. *Missed* objects are those about which no detection of a wrong class or place is
    either; mending removes them from the truth, as TIDE does.
    """
    wrong = find_wrong(matches)
    base = _ap50(matches, _as_matched(matches), np.zeros(0, np.int64), matches.found.class_id)
    costs = [_cost(matches, wrong, kind, base) for kind in range(len(WRONG_KINDS))]
    missed = _ap50(matches, _as_matched(matches), _missed_rows(matches, wrong), matches.found.class_id)
    kinds: tuple[ErrorKind, ...] = ("missed", *WRONG_KINDS)
    won = (missed - base, *costs)
    return tuple(ErrorCost(kind=kind, ap50=max(value, 0.0)) for kind, value in zip(kinds, won, strict=True))


def _classify(matches: Matches, rows: Int64[np.ndarray, " w"], truth_rows: Int64[np.ndarray, " g"]) -> Wrong:
    """Classifies the wrong detections of one image."""
    truth = matches.truth
    iou = box_iou(matches.found.box[rows], truth.box[truth_rows])
    is_same = matches.found.class_id[rows][:, None] == truth.class_id[truth_rows][None]
    is_counted = ~truth.is_ignored[truth_rows][None]
    own = np.where(is_same & is_counted, iou, 0.0)
    is_far = own.max(axis=1, initial=0.0, keepdims=True) < _FOREGROUND
    fits = (
        is_far & (own >= _NEAR),
        ~is_same & (iou >= _FOREGROUND),  # also of an object too hidden to count
        own >= _FOREGROUND,
        ~is_same & is_counted & (iou >= _NEAR),
    )
    kind = np.full(len(rows), _BACKGROUND)
    about = np.full(len(rows), UNMATCHED)
    overlap = np.zeros(len(rows))
    for index, fit in reversed(list(enumerate(fits))):
        hit = np.flatnonzero(np.any(fit, axis=1))
        best = np.where(fit[hit], iou[hit], -1.0).argmax(axis=1) if hit.size else hit
        kind[hit], about[hit], overlap[hit] = index, truth_rows[best], iou[hit, best]
    return Wrong(row=rows, kind=kind, truth_row=about, iou=overlap)


class _Judged(NamedTuple):
    """What each detection counts as."""

    is_true: Bool[np.ndarray, " n"]
    is_false: Bool[np.ndarray, " n"]


def _as_matched(matches: Matches) -> _Judged:
    taken = matches.matched[0]
    is_ignored = np.append(matches.truth.is_ignored, True)[taken]
    return _Judged(is_true=~is_ignored, is_false=taken == UNMATCHED)


def _cost(matches: Matches, wrong: Wrong, kind: int, base: float) -> float:
    judged = _as_matched(matches)
    class_id = matches.found.class_id.copy()
    of_kind = np.flatnonzero(wrong.kind == kind)
    judged.is_false[wrong.row[of_kind]] = False
    if kind in (_CLASS, _LOCALISATION):
        mended = of_kind[_best_of_each_object(matches, wrong, of_kind)]
        judged.is_true[wrong.row[mended]] = True
        class_id[wrong.row[mended]] = matches.truth.class_id[wrong.truth_row[mended]]
    return _ap50(matches, judged, np.zeros(0, np.int64), class_id) - base


def _best_of_each_object(matches: Matches, wrong: Wrong, of_kind: Int64[np.ndarray, " k"]) -> Int64[np.ndarray, " m"]:
    """Returns which of these, by position, would be the best detection of a counted object that has no right one."""
    truth_rows = wrong.truth_row[of_kind]
    is_open = ~matches.truth.is_ignored
    taken = matches.matched[0]
    is_open[taken[taken != UNMATCHED]] = False
    best_first = np.argsort(-matches.found.score[wrong.row[of_kind]], kind="stable")
    candidates = best_first[is_open[truth_rows[best_first]]]
    _, first = np.unique(truth_rows[candidates], return_index=True)
    return candidates[first]


def _missed_rows(matches: Matches, wrong: Wrong) -> Int64[np.ndarray, " m"]:
    is_missed = ~matches.truth.is_ignored
    taken = matches.matched[0]
    is_missed[taken[taken != UNMATCHED]] = False
    is_missed[wrong.truth_row[np.isin(wrong.kind, (_CLASS, _LOCALISATION))]] = False
    return np.flatnonzero(is_missed)


def _ap50(
    matches: Matches, judged: _Judged, removed: Int64[np.ndarray, " m"], class_ids: Int64[np.ndarray, " n"]
) -> float:
    """Returns AP50 over the classes that have truth, without some objects."""
    counted = ~matches.truth.is_ignored
    has_truth = np.unique(matches.truth.class_id[counted])
    counted[removed] = False
    values = np.array([_class_ap50(matches, judged, counted, class_ids, one) for one in has_truth.tolist()])
    return mean_known(values) or 0.0


def _class_ap50(
    matches: Matches,
    judged: _Judged,
    counted: Bool[np.ndarray, " m"],
    class_ids: Int64[np.ndarray, " n"],
    class_id: int,
) -> float:
    rows = np.flatnonzero(class_ids == class_id)
    rows = rows[np.argsort(-matches.found.score[rows], kind="stable")]
    num_truth = int((counted & (matches.truth.class_id == class_id)).sum())
    if num_truth == 0:
        return 1.0  # all that there were are mended
    return float(average_precision(judged.is_true[rows][None], judged.is_false[rows][None], num_truth)[0])
