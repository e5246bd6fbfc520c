"""What each kind of mistake costs: beside numbers of the `tidecv` package, and by what mending must do."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.evaluation.evaluate import evaluate_detections
from meshsight.records.detections import Detections
from meshsight.records.report import EvalReport
from meshsight.records.sample import Sample
from meshsight.specs.evaluation import EvaluationSpec

from .fakes import detections, label, random_data, sample

CLASSES = ("a", "b", "c")
SPEC = EvaluationSpec(num_bootstrap=0, min_visibility=0)

# tidecv 1.0.1 on `plain_data` of these seeds, at its own thresholds of 0.5 and 0.1, in the order of ERRORS.
PUBLISHED = {
    1: (0.2199, 0.0848, 0.0007, 0.0149, 0.0048, 0.1108, 0.1841),
    3: (0.3510, 0.1785, 0.0188, 0.0129, 0.0081, 0.0428, 0.1401),
    4: (0.2961, 0.1375, 0.0000, 0.0096, 0.0296, 0.0456, 0.1914),
    8: (0.2493, 0.2046, 0.0290, 0.0175, 0.0292, 0.0319, 0.0958),
    10: (0.2370, 0.0567, 0.0895, 0.0121, 0.0159, 0.0608, 0.1725),
}
ERRORS = ("localisation", "class", "duplicate", "both", "background", "missed")


def plain_data(seed: int) -> tuple[list[Sample], list[Detections]]:
    """What both packages judge alike: no ignored objects, images and classes with truth only, no equal scores."""
    samples, results = random_data(seed, num_images=20)
    pairs = [(one, found) for one, found in zip(samples, results, strict=True) if one.objects]
    samples = [
        replace(one, objects=tuple(replace(item, is_ignored=False, pixels=None) for item in one.objects))
        for one, _ in pairs
    ]
    rng = np.random.default_rng(seed)
    known = list({item.class_id for one in samples for item in one.objects})
    shuffled: list[Detections] = []
    for _, found in pairs:
        scores = rng.uniform(0.05, 1, len(found.scores)).astype(np.float32)
        order = np.argsort(-scores)
        order = order[np.isin(found.class_ids[order], known)]
        shuffled.append(Detections(boxes=found.boxes[order], scores=scores[order], class_ids=found.class_ids[order]))
    return samples, shuffled


def costs_of(report: EvalReport) -> dict[str, float]:
    return {cost.kind: cost.ap50 for cost in report.error_costs}


@pytest.mark.parametrize("seed", sorted(PUBLISHED))
def test_the_reference_package_gives_the_same(seed: int) -> None:
    report = evaluate_detections(*plain_data(seed), CLASSES, SPEC)
    costs = costs_of(report)
    assert report.headline.ap50 == pytest.approx(PUBLISHED[seed][0], abs=1e-4)
    assert [costs[kind] for kind in ERRORS] == pytest.approx(PUBLISHED[seed][1:], abs=1e-4)


@given(seed=st.integers(0, 500))
def test_mending_never_loses_and_never_passes_the_perfect(seed: int) -> None:
    report = evaluate_detections(*random_data(seed), CLASSES, SPEC)
    ap50 = report.headline.ap50 or 0.0
    assert set(costs_of(report)) == set(ERRORS)
    assert all(0 <= cost <= 1 - ap50 + 1e-9 for cost in costs_of(report).values())


def only(rows: Sequence[tuple[int, float, tuple[float, float, float, float]]]) -> dict[str, float]:
    objects = [label(0, (0.0, 0.0, 100.0, 100.0)), label(1, (200.0, 200.0, 300.0, 300.0))]
    report = evaluate_detections([sample(0, *objects)], [detections(*rows)], CLASSES, SPEC)
    return {kind: round(cost, 3) for kind, cost in costs_of(report).items() if cost > 1e-9}


def test_one_mistake_costs_what_it_takes() -> None:
    right = (1, 0.9, (200.0, 200.0, 300.0, 300.0))
    assert only([right, (0, 0.8, (0, 0, 100, 100))]) == {}
    assert only([right, (0, 0.8, (60, 0, 160, 100))]) == {"localisation": 0.5}
    assert only([right, (1, 0.8, (0, 0, 100, 100))]) == {"class": 0.5}
    assert only([right]) == {"missed": 0.5}
    assert only([(1, 0.95, (0, 200, 50, 250)), right, (0, 0.8, (0, 0, 100, 100))]) == {"background": 0.25}
