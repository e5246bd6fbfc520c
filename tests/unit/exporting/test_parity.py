"""The comparison finds every kind of difference, and only differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.exporting.parity import MAX_BOX_PX, MAX_SCORE, compare_candidates
from meshsight.runtime.graph import GraphCandidates

NUM = 40


def candidates(seed: int = 0) -> GraphCandidates:
    """Candidates of one image, the last ten of which score next to nothing."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 200, (1, NUM, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(2, 90, (1, NUM, 2))], axis=-1).astype(np.float32)
    scores = np.concatenate([rng.uniform(0.1, 1, (1, NUM - 10)), np.zeros((1, 10))], axis=1).astype(np.float32)
    return GraphCandidates(boxes, scores, rng.integers(0, 3, (1, NUM)))


def worst(expected: GraphCandidates, found: GraphCandidates) -> tuple[float, float]:
    differences = compare_candidates(expected, found, 0)
    return float(differences[:, 0].max(initial=0)), float(differences[:, 1].max(initial=0))


@given(st.integers(0, 2**32 - 1))
def test_order_does_not_matter(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(NUM)
    a = candidates()
    b = GraphCandidates(*(field[:, order] for field in a))
    assert worst(a, b) == (0, 0)
    assert len(compare_candidates(a, b, 0)) == 2 * NUM


@given(st.integers(0, NUM - 11), st.floats(0, 0.45), st.floats(0, 9e-4))
def test_small_differences_are_measured(index: int, box_px: float, score: float) -> None:
    a, b = candidates(), candidates()
    b.boxes[0, index, 2] += box_px
    b.scores[0, index] -= score
    found_px, found_score = worst(a, b)
    assert found_px == pytest.approx(box_px, abs=2e-5)
    assert found_score == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("change", ["box", "score", "class", "missing"])
def test_large_differences_are_found_from_either_side(side: int, change: str) -> None:
    a, b = candidates(), candidates()
    if change == "box":
        b.boxes[0, 3] += 40
    elif change == "score":
        b.scores[0, 3] += 0.3
    elif change == "class":
        b.class_ids[0, 3] = 9
    else:
        b.scores[0, 3] = 0
    found_px, found_score = worst(*((a, b) if side == 0 else (b, a)))
    assert found_px > MAX_BOX_PX or found_score > MAX_SCORE


def test_candidates_at_the_cut_may_differ() -> None:
    a, b = candidates(), candidates()
    a.scores[:] = np.linspace(0.9, 0.1, NUM, dtype=np.float32)
    b.scores[:] = a.scores
    b.boxes[0, -1] += 70  # the last of the k: another one of the same score was chosen
    assert worst(a, b) == (0, 0)
