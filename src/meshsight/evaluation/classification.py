"""How well scores tell two classes apart: curves, areas, the decision threshold, and what it decides.

Shapes: n items; k distinct scores.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

Scores = Float[np.ndarray, " n"]
Truth = Bool[np.ndarray, " n"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScoreCurve:
    """What each threshold decides; items that score at least the threshold count as found.

    Attributes:
        thresholds: the distinct scores, falling.
        found_right, found_wrong: items of the class, and others, from that score on.
        num_right, num_wrong: of all items.
    """

    thresholds: Float[np.ndarray, " k"]
    found_right: Float[np.ndarray, " k"]
    found_wrong: Float[np.ndarray, " k"]
    num_right: float
    num_wrong: float

    @property
    def precision(self) -> Float[np.ndarray, " k"]:
        """Share of what is found that is right."""
        return self.found_right / np.maximum(self.found_right + self.found_wrong, 1e-12)

    @property
    def recall(self) -> Float[np.ndarray, " k"]:
        """Share of the class that is found."""
        return self.found_right / max(self.num_right, 1e-12)

    @property
    def false_positive_rate(self) -> Float[np.ndarray, " k"]:
        """Share of the others that is found."""
        return self.found_wrong / max(self.num_wrong, 1e-12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Decisions of one threshold, counted."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int

    @property
    def precision(self) -> float:
        """Share of what is found that is right; 1 where nothing is found."""
        found = self.true_positives + self.false_positives
        return self.true_positives / found if found else 1.0

    @property
    def recall(self) -> float:
        """Share of the class that is found; 1 where there is none."""
        there = self.true_positives + self.false_negatives
        return self.true_positives / there if there else 1.0

    def f_beta(self, beta: float = 1.0) -> float:
        """The harmonic mean of precision and recall, recall counting beta times as much."""
        weighted = (1 + beta**2) * self.true_positives
        mistakes = beta**2 * self.false_negatives + self.false_positives
        return weighted / (weighted + mistakes) if weighted + mistakes else 1.0


def score_curve(scores: Scores, truth: Truth, weights: Float[np.ndarray, " n"] | None = None) -> ScoreCurve:
    """Returns what every threshold decides.

    Args:
        scores: higher is surer.
        truth: whether each item is of the class.
        weights: how often each item counts; once each by default.
    """
    weights = np.ones(len(scores)) if weights is None else weights
    order = np.argsort(-scores, kind="stable")
    falling = scores[order]
    last_of_score = np.flatnonzero(np.diff(falling, append=-np.inf))
    right = np.cumsum(np.where(truth, weights, 0.0)[order])
    wrong = np.cumsum(np.where(truth, 0.0, weights)[order])
    return ScoreCurve(
        thresholds=falling[last_of_score].astype(np.float64),
        found_right=right[last_of_score],
        found_wrong=wrong[last_of_score],
        num_right=float(right[-1]) if len(right) else 0.0,
        num_wrong=float(wrong[-1]) if len(wrong) else 0.0,
    )


def average_precision(curve: ScoreCurve) -> float | None:
    """Returns the area under precision over recall, as steps; None without any item of the class."""
    if curve.num_right == 0:
        return None
    return float(np.sum(np.diff(curve.recall, prepend=0.0) * curve.precision))


def roc_auc(curve: ScoreCurve) -> float | None:
    """Returns the chance that one of the class scores higher than another, ties counting half; None if undefined."""
    if curve.num_right == 0 or curve.num_wrong == 0:
        return None
    recall = np.concatenate([[0.0], curve.recall])
    rate = np.concatenate([[0.0], curve.false_positive_rate])
    return float(np.sum(np.diff(rate) * (recall[1:] + recall[:-1]) / 2))


def best_f_beta(curve: ScoreCurve, beta: float = 1.0) -> float:
    """Returns the highest F-beta of any threshold."""
    weighted = (1 + beta**2) * curve.found_right
    missed = curve.num_right - curve.found_right
    return float(np.max(weighted / np.maximum(weighted + beta**2 * missed + curve.found_wrong, 1e-12), initial=0.0))


def threshold_for_precision(curve: ScoreCurve, precision: float) -> float:
    """Returns the threshold of the highest recall among those that reach a precision, and of these the highest.

    Where none reaches it, that of the highest precision, and of the highest recall among these. It lies halfway to the
    next lower score, so that it decides alike where scores differ by a rounding error.
    """
    if len(curve.thresholds) == 0:
        return 0.5
    reaches = (curve.precision >= precision) & (curve.found_right > 0)
    if not reaches.any():
        reaches = curve.precision == curve.precision.max()
    index = int(np.flatnonzero(reaches & (curve.found_right == curve.found_right[reaches].max()))[0])
    lower = curve.thresholds[index + 1] if index + 1 < len(curve.thresholds) else 0.0
    return float((curve.thresholds[index] + lower) / 2)


def confusion(scores: Scores, truth: Truth, threshold: float) -> Confusion:
    """Counts what a threshold decides."""
    found = scores >= threshold
    return Confusion(
        true_positives=int((found & truth).sum()),
        false_positives=int((found & ~truth).sum()),
        false_negatives=int((~found & truth).sum()),
        true_negatives=int((~found & ~truth).sum()),
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GroupResamples:
    """Bootstrap samples of whole groups (Efron 1979).

    Patches of one scene are much alike; drawing them one by one would make intervals too narrow.

    Attributes:
        counts: how often each group stands in each sample.
        member_of: the group of each item.
    """

    counts: Int64[np.ndarray, "r g"]
    member_of: Int64[np.ndarray, " n"]

    def sums(self, values: Float[np.ndarray, " n"] | Truth) -> Float[np.ndarray, " r"]:
        """Returns the sum of a value over the items of each sample."""
        num_groups = self.counts.shape[1]
        return self.counts @ np.bincount(self.member_of, weights=values.astype(np.float64), minlength=num_groups)

    def weights(self, sample: int) -> Float[np.ndarray, " n"]:
        """Returns how often each item stands in one sample."""
        return self.counts[sample, self.member_of].astype(np.float64)


def group_resamples(groups: Int64[np.ndarray, " n"], count: int, rng: np.random.Generator) -> GroupResamples:
    """Draws as many groups as there are, with replacement, `count` times."""
    _, member_of = np.unique(groups, return_inverse=True)
    num_groups = int(member_of.max()) + 1 if len(groups) else 0
    draws = rng.multinomial(num_groups, np.full(num_groups, 1 / num_groups), size=count)
    return GroupResamples(counts=draws.astype(np.int64), member_of=member_of.astype(np.int64))
