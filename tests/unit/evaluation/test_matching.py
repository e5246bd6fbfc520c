"""Matching against a slow, literal writing of COCO's rules."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from meshsight.evaluation.matching import IOU_THRESHOLDS, UNMATCHED, match_group


def slow_match(overlap: np.ndarray, is_ignored: np.ndarray, is_crowd: np.ndarray, threshold: float) -> list[int]:
    taken: set[int] = set()
    chosen = []
    for row in overlap:
        best, best_iou = UNMATCHED, min(threshold, 1 - 1e-10)
        for wanted in (False, True):  # objects that count come before ignored ones
            for g in range(len(row)):
                is_free = g not in taken or is_crowd[g]
                if is_ignored[g] == wanted and is_free and row[g] >= best_iou:
                    best, best_iou = g, row[g]
            if best != UNMATCHED:
                break
        taken.add(best)
        chosen.append(best)
    return chosen


@given(seed=st.integers(0, 100_000))
def test_equals_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(0, 8, 2))
    overlap = rng.integers(0, 21, shape) / 20  # ties, and values on the thresholds
    is_ignored = rng.random(shape[1]) < 0.4
    is_crowd = is_ignored & (rng.random(shape[1]) < 0.5)
    matched = match_group(overlap, is_ignored, is_crowd, IOU_THRESHOLDS)
    for t, threshold in enumerate(IOU_THRESHOLDS):
        assert matched[t].tolist() == slow_match(overlap, is_ignored, is_crowd, threshold)


def test_a_perfect_overlap_matches_at_threshold_one() -> None:
    none = np.zeros(1, dtype=bool)
    assert match_group(np.ones((1, 1)), none, none, np.ones(1)).tolist() == [[0]]


def test_a_crowd_takes_any_number_and_an_object_one() -> None:
    overlap = np.full((3, 1), 0.9)
    for is_crowd, expected in ((True, [0, 0, 0]), (False, [0, UNMATCHED, UNMATCHED])):
        flag = np.array([is_crowd])
        assert match_group(overlap, flag, flag, np.array([0.5]))[0].tolist() == expected
