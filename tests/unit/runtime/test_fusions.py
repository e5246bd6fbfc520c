"""Fusions beside their papers' algorithms, written out slowly, and beside numbers of the `ensemble-boxes` package."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.records.detections import Detections
from meshsight.runtime.fusion import Fusion
from meshsight.specs.inference import FUSION_KINDS

Row = tuple[float, tuple[float, float, float, float], int]

TWO_VIEWS: list[list[Row]] = [
    [(0.9, (0.0, 10.0, 60.0, 80.0), 0), (0.3, (12.0, 15.0, 66.0, 90.0), 0), (0.6, (10.0, 50.0, 30.0, 70.0), 1)],
    [(0.8, (2.0, 12.0, 62.0, 82.0), 0), (0.7, (11.0, 52.0, 31.0, 69.0), 1), (0.5, (80.0, 80.0, 95.0, 99.0), 1)],
]


def view(rows: list[Row]) -> Detections:
    return Detections(
        boxes=np.array([box for _, box, _ in rows], np.float32).reshape(-1, 4),
        scores=np.array([score for score, _, _ in rows], np.float32),
        class_ids=np.array([class_id for _, _, class_id in rows], np.int64),
    )


def fusion(kind: str, **settings: float | bool) -> Fusion:
    return FUSION_KINDS.builder(kind)(FUSION_KINDS.module(kind).Spec(**settings))


def rows_of(found: Detections) -> list[tuple[float, ...]]:
    return [
        (class_id, round(score, 4), *(round(value, 3) for value in box))
        for class_id, score, box in zip(
            found.class_ids.tolist(), found.scores.tolist(), found.boxes.tolist(), strict=True
        )
    ]


# What ensemble-boxes 1.0.9 gives for these views (its unit: 100 pixels), at an overlap of 0.55, by their weights.
PUBLISHED: dict[tuple[str, float, float], list[tuple[float, ...]]] = {
    ("wbf", 1.0, 1.0): [
        (0, 0.6667, 2.6, 11.55, 61.7, 82.3),
        (1, 0.65, 10.538, 51.077, 30.538, 69.462),
        (1, 0.25, 80.0, 80.0, 95.0, 99.0),
    ],
    ("wbf", 2.0, 1.0): [
        (0, 0.7111, 2.75, 11.437, 61.625, 82.375),
        (1, 0.6333, 10.368, 50.737, 30.368, 69.632),
        (1, 0.1667, 80.0, 80.0, 95.0, 99.0),
    ],
    ("nmw", 1.0, 1.0): [
        (0, 0.9, 2.014, 11.3, 61.402, 81.81),
        (1, 0.7, 10.601, 51.202, 30.601, 69.399),
        (1, 0.5, 80.0, 80.0, 95.0, 99.0),
    ],
    ("nms", 1.0, 1.0): [
        (0, 0.9, 0.0, 10.0, 60.0, 80.0),
        (1, 0.7, 11.0, 52.0, 31.0, 69.0),
        (1, 0.5, 80.0, 80.0, 95.0, 99.0),
    ],
}


@pytest.mark.parametrize("kind", FUSION_KINDS.names)
def test_one_view_of_boxes_apart_stays_as_it_is(kind: str) -> None:
    only = view([(0.9, (0.0, 0.0, 10.0, 10.0), 0), (0.5, (50.0, 50.0, 60.0, 70.0), 1), (0.4, (0.0, 0.0, 9.0, 9.0), 1)])
    assert rows_of(fusion(kind)([only], [1.0])) == rows_of(only)


@pytest.mark.parametrize("kind", FUSION_KINDS.names)
def test_nothing_in_nothing_out(kind: str) -> None:
    assert rows_of(fusion(kind)([view([]), view([])], [1.0, 2.0])) == []


@pytest.mark.parametrize("kind", FUSION_KINDS.names)
def test_views_that_agree_change_nothing(kind: str) -> None:
    """Except soft suppression, which keeps the second look with a score that the first has lowered."""
    only = view([(0.9, (0.0, 0.0, 10.0, 10.0), 0), (0.5, (50.0, 50.0, 60.0, 70.0), 1)])
    found = rows_of(fusion(kind)([only, only, only], [1.0, 1.0, 1.0]))
    assert found[:2] == rows_of(only) or kind == "soft_nms"
    assert len(found) == (6 if kind == "soft_nms" else 2)


boxes = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(1, 40), st.integers(1, 40)).map(
    lambda b: (float(b[0]), float(b[1]), float(b[0] + b[2]), float(b[1] + b[3]))
)
views = st.lists(
    st.lists(st.tuples(st.integers(1, 20).map(lambda s: s / 20), boxes, st.integers(0, 2)), max_size=6),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("kind", FUSION_KINDS.names)
@given(given_views=views, weights=st.lists(st.floats(0.1, 5.0), min_size=4, max_size=4))
def test_what_comes_out_lies_within_what_went_in(kind: str, given_views: list[list[Row]], weights: list[float]) -> None:
    lists = [view(rows) for rows in given_views]
    found = fusion(kind)(lists, weights[: len(lists)])
    assert (np.diff(found.scores) <= 0).all()
    assert (found.scores > 0).all() and (found.scores <= 1).all()
    for class_id in np.unique(found.class_ids):
        inputs = np.concatenate([one.boxes[one.class_ids == class_id] for one in lists])
        outputs = found.boxes[found.class_ids == class_id]
        assert (outputs >= inputs.min(axis=0) - 1e-3).all() and (outputs <= inputs.max(axis=0) + 1e-3).all()


@given(given_views=views)
def test_the_weights_count_by_their_ratios(given_views: list[list[Row]]) -> None:
    lists = [view(rows) for rows in given_views]
    weights = [1.0 + index for index in range(len(lists))]
    once, again = (fusion("wbf")(lists, [factor * weight for weight in weights]) for factor in (1.0, 3.0))
    np.testing.assert_allclose(once.scores, again.scores, rtol=1e-6)
    np.testing.assert_allclose(once.boxes, again.boxes, rtol=1e-6)


def iou(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0.0) * max(height, 0.0)
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)


def slow_wbf(lists: list[list[Row]], threshold: float) -> list[tuple[float, ...]]:
    """Section 3 of the paper, one class at a time: list B sorted by C, lists L and F, then C = C min(T, N) / N."""
    result: list[tuple[float, ...]] = []
    for class_id in sorted({row[2] for rows in lists for row in rows}):
        sorted_rows = sorted((row for rows in lists for row in rows if row[2] == class_id), key=lambda row: -row[0])
        clusters: list[list[Row]] = []
        means: list[tuple[float, ...]] = []
        for row in sorted_rows:
            overlaps = [iou(row[1], mean) for mean in means]
            place = max(range(len(overlaps)), key=lambda i: overlaps[i], default=-1)
            if place < 0 or overlaps[place] <= threshold:
                clusters.append([row])
                means.append(row[1])
            else:
                clusters[place].append(row)
                total = sum(r[0] for r in clusters[place])
                means[place] = tuple(sum(r[0] * r[1][k] for r in clusters[place]) / total for k in range(4))
        for cluster, mean in zip(clusters, means, strict=True):
            score = sum(r[0] for r in cluster) / len(cluster) * min(len(cluster), len(lists)) / len(lists)
            result.append((class_id, score, *mean))
    return sorted(result, key=lambda row: -row[1])


@given(given_views=views)
def test_weighted_boxes_fusion_is_that_of_the_paper(given_views: list[list[Row]]) -> None:
    found = fusion("wbf")([view(rows) for rows in given_views], [1.0] * len(given_views))
    expected = slow_wbf(given_views, 0.55)
    assert len(found.scores) == len(expected)
    np.testing.assert_allclose(found.scores, [row[1] for row in expected], rtol=1e-5)
    for row in rows_of(found):  # boxes of equal scores may come in another order
        assert any(row == pytest.approx(other, abs=2e-3) for other in expected)


@pytest.mark.parametrize(("kind", "first", "second"), sorted(PUBLISHED))
def test_the_reference_package_gives_the_same(kind: str, first: float, second: float) -> None:
    found = rows_of(fusion(kind)([view(rows) for rows in TWO_VIEWS], [first, second]))
    assert found == [pytest.approx(row, abs=2e-3) for row in PUBLISHED[kind, first, second]]


def test_the_best_box_lowers_the_scores_of_those_that_it_overlaps() -> None:
    a, b = (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 5.0)
    found = fusion("soft_nms", sigma=0.5)([view([(0.9, a, 0)]), view([(0.8, b, 0)])], [1.0, 1.0])
    assert found.scores.tolist() == pytest.approx([0.9, 0.8 * math.exp(-(0.5**2) / 0.5)])


def test_a_cluster_keeps_the_score_of_its_best_and_moves_towards_the_rest() -> None:
    a, b = (0.0, 0.0, 10.0, 10.0), (0.0, 0.0, 10.0, 8.0)
    (row,) = rows_of(fusion("nmw")([view([(0.9, a, 0)]), view([(0.6, b, 0)])], [1.0, 1.0]))
    share = 0.6 * 0.8 / (0.9 + 0.6 * 0.8)
    assert row == pytest.approx((0, 0.9, 0.0, 0.0, 10.0, 10.0 - 2.0 * share), abs=1e-3)
