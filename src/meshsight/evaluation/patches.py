"""How good a patch network is: class and circle, with bootstrap intervals over groups of patches.

Shapes: n patches, r bootstrap samples.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int64

from meshsight.core.rng import stream
from meshsight.evaluation.circles import centre_errors, circle_ious, radius_errors
from meshsight.evaluation.classification import (
    Confusion,
    GroupResamples,
    ScoreCurve,
    average_precision,
    best_f_beta,
    confusion,
    group_resamples,
    roc_auc,
    score_curve,
)
from meshsight.records.report import Interval

NUM_BOOTSTRAP = 500
NUM_CURVES = 125
"""Of them, those for which whole curves are drawn, which takes longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number with its 95 % interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchTruth:
    """What is true of patches.

    Attributes:
        balls: whether there is one.
        circles: radius, centre x and y in pixels of the patch.
        has_circle: where they are known.
        groups: of each patch; whole groups are drawn again.
        size_hw: of a patch.
    """

    balls: Bool[np.ndarray, " n"]
    circles: Float[np.ndarray, "n 3"]
    has_circle: Bool[np.ndarray, " n"]
    groups: Int64[np.ndarray, " n"]
    size_hw: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchReport:
    """Everything measured on one set of patches.

    Attributes:
        name: of the set.
        num_patches, num_balls: in it.
        threshold: from which score on a patch counts as a ball; None of a network that only locates.
        decided: what the threshold decides.
        curve: what other thresholds would.
        figures: by name, with intervals.
    """

    name: str
    num_patches: int
    num_balls: int
    threshold: float | None
    decided: Confusion | None
    curve: ScoreCurve | None
    figures: dict[str, Figure]


def report_patches(
    name: str,
    truth: PatchTruth,
    guesses: tuple[Float[np.ndarray, " n"] | None, Float[np.ndarray, "n 3"] | None],
    threshold: float | None,
    beta: float = 1.0,
) -> PatchReport:
    """Measures what a network says of patches.

    Args:
        name: of the set.
        truth: of each patch.
        guesses: scores and circles (in pixels), each None where the network does not say.
        threshold: from which score on a patch counts as a ball; None takes the one of the highest F-beta here.
        beta: how much more recall counts than precision.
    """
    scores, circles = guesses
    draws = group_resamples(truth.groups, NUM_BOOTSTRAP, stream(0, 0, f"bootstrap/{name}"))
    figures: dict[str, Figure] = {}
    decided = curve = None
    if scores is not None:
        curve = score_curve(scores, truth.balls)
        threshold = _best_threshold(curve, beta) if threshold is None else threshold
        decided = confusion(scores, truth.balls, threshold)
        figures |= _class_figures(scores, truth.balls, threshold, beta, draws)
    if circles is not None and truth.has_circle.any():
        figures |= _circle_figures(circles, truth, draws)
    return PatchReport(
        name=name,
        num_patches=len(truth.balls),
        num_balls=int(truth.balls.sum()),
        threshold=threshold if scores is not None else None,
        decided=decided,
        curve=curve,
        figures=figures,
    )


def _best_threshold(curve: ScoreCurve, beta: float) -> float:
    weighted = (1 + beta**2) * curve.found_right
    missed = curve.num_right - curve.found_right
    f_beta = weighted / np.maximum(weighted + beta**2 * missed + curve.found_wrong, 1e-12)
    return float(curve.thresholds[int(f_beta.argmax())]) if len(f_beta) else 0.5


def _class_figures(
    scores: Float[np.ndarray, " n"],
    balls: Bool[np.ndarray, " n"],
    threshold: float,
    beta: float,
    draws: GroupResamples,
) -> dict[str, Figure]:
    found = scores >= threshold
    right, wrong, missed = draws.sums(found & balls), draws.sums(found & ~balls), draws.sums(~found & balls)
    decided = confusion(scores, balls, threshold)
    curves = [score_curve(scores, balls, draws.weights(sample)) for sample in range(NUM_CURVES)]
    curve = score_curve(scores, balls)
    figures = {
        "precision": Figure(value=decided.precision, interval=_interval(right / np.maximum(right + wrong, 1))),
        "recall": Figure(value=decided.recall, interval=_interval(right / np.maximum(right + missed, 1))),
        "f1": Figure(value=decided.f_beta(), interval=_interval(_f_beta(right, wrong, missed, 1.0))),
        "f_beta": Figure(value=decided.f_beta(beta), interval=_interval(_f_beta(right, wrong, missed, beta))),
        "best_f1": Figure(value=best_f_beta(curve), interval=_interval(np.array([best_f_beta(one) for one in curves]))),
    }
    for name, area in (("average_precision", average_precision), ("roc_auc", roc_auc)):
        value, drawn = area(curve), [area(one) for one in curves]
        if value is not None:
            known = np.array([one for one in drawn if one is not None])
            figures[name] = Figure(value=value, interval=_interval(known))
    return figures


def _f_beta(
    right: Float[np.ndarray, " r"], wrong: Float[np.ndarray, " r"], missed: Float[np.ndarray, " r"], beta: float
) -> Float[np.ndarray, " r"]:
    weighted = (1 + beta**2) * right
    return weighted / np.maximum(weighted + beta**2 * missed + wrong, 1e-12)


def _circle_figures(circles: Float[np.ndarray, "n 3"], truth: PatchTruth, draws: GroupResamples) -> dict[str, Figure]:
    known = truth.has_circle
    found, wanted = circles[known].astype(np.float64), truth.circles[known]
    height, width = truth.size_hw
    guess = np.tile([wanted[:, 0].mean(), width / 2, height / 2], (len(wanted), 1))
    values = {
        "centre_px": centre_errors(found, wanted),
        "radius_px": radius_errors(found, wanted),
        "circle_iou": circle_ious(found, wanted),
        "centre_px_of_the_patch_centre": centre_errors(guess, wanted),
    }
    total = np.maximum(draws.sums(known), 1)
    figures = {
        name: Figure(value=float(part.mean()), interval=_interval(draws.sums(_spread(part, known)) / total))
        for name, part in values.items()
    }
    errors = values["centre_px"]
    repeats = [draws.weights(sample)[known].astype(np.int64) for sample in range(NUM_CURVES)]
    medians = np.array([np.median(np.repeat(errors, counts)) for counts in repeats if counts.any()])
    return figures | {"centre_px_median": Figure(value=float(np.median(errors)), interval=_interval(medians))}


def _spread(values: Float[np.ndarray, " k"], rows: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Puts values back to their rows, 0 elsewhere."""
    result = np.zeros(len(rows))
    result[rows] = values
    return result


def _interval(draws: Float[np.ndarray, " r"]) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975]) if len(draws) else (np.nan, np.nan)
    return Interval(low=float(low), high=float(high))
