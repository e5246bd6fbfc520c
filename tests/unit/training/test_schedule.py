import itertools
import math

import pytest

from meshsight.specs.schedule import CosineSpec, ExponentialSpec, PlateauSpec, PolynomialSpec, StepsSpec, WarmUpSpec
from meshsight.training.schedule import Progress, RunLength, after_validation, learning_rate_factor

NO_WARM_UP = WarmUpSpec(steps=0)


def length(num_steps: int) -> RunLength:
    return RunLength(num_steps=num_steps, steps_per_epoch=num_steps / 12)


def test_cosine_starts_at_the_peak_and_ends_near_its_floor() -> None:
    spec = CosineSpec(final_factor=0.1)
    factors = [learning_rate_factor(spec, NO_WARM_UP, step, length(100), 0) for step in range(101)]
    assert factors[0] == 1.0
    assert factors[50] == pytest.approx(0.55)
    assert factors[25] == pytest.approx(0.1 + 0.9 * 0.5 * (1 + math.sqrt(0.5)))
    assert factors[100] == pytest.approx(0.1)
    assert all(a > b for a, b in itertools.pairwise(factors))


def test_steps_drop_exactly_at_their_milestones() -> None:
    spec = StepsSpec(at=(2 / 3, 8 / 9), factor=0.1)
    factors = [learning_rate_factor(spec, NO_WARM_UP, step, length(90), 0) for step in (0, 59, 60, 79, 80, 89)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def test_warm_up_rises_linearly_and_multiplies_the_schedule() -> None:
    warm_up, flat = WarmUpSpec(steps=10, start_factor=0.1), StepsSpec(at=(0.99,))
    factors = [learning_rate_factor(flat, warm_up, step, length(100), 0) for step in (0, 5, 10, 11)]
    assert factors == pytest.approx([0.1, 0.55, 1, 1])
    cosine = CosineSpec(final_factor=0)
    halfway = learning_rate_factor(cosine, warm_up, 5, length(100), 0)
    assert halfway == pytest.approx(0.55 * 0.5 * (1 + math.cos(math.pi * 0.05)))


def test_milestones_in_epochs_or_every_so_often() -> None:
    """12 epochs of 7.5 steps: 8 and 11 epochs are steps 60 and 82.5."""
    for spec in (StepsSpec(at=(8, 11), unit="epochs"), StepsSpec(at=(60, 82.5), unit="steps")):
        factors = [learning_rate_factor(spec, NO_WARM_UP, step, length(90), 0) for step in (59, 60, 82, 83)]
        assert factors == pytest.approx([1, 0.1, 0.1, 0.01])
    often = StepsSpec(every=2, unit="epochs", factor=0.5)
    factors = [learning_rate_factor(often, NO_WARM_UP, step, length(90), 0) for step in (14, 15, 29, 30, 89)]
    assert factors == pytest.approx([1, 0.5, 0.5, 0.25, 0.5**5])


def test_falls_over_a_part_of_the_run() -> None:
    """YOLOX: quadratic over 5 % of the run, a cosine to 95 %, then flat at 0.05."""
    rise, fall = (
        WarmUpSpec(share=0.05, start_factor=0, curve="quadratic"),
        CosineSpec(final_factor=0.05, begins=0.05, ends=0.95),
    )
    factors = [learning_rate_factor(fall, rise, step, length(300), 0) for step in (0, 5, 15, 150, 285, 299)]
    assert factors == pytest.approx([0, 1 / 9, 1, 0.525, 0.05, 0.05])


def test_exponential_rise_and_fall_as_in_tao() -> None:
    rise = WarmUpSpec(share=0.1, start_factor=0.01, curve="exponential")
    fall = ExponentialSpec(final_factor=0.01, begins=0.7)
    factors = [learning_rate_factor(fall, rise, step, length(100), 0) for step in (0, 5, 10, 70, 85, 100)]
    assert factors == pytest.approx([0.01, 0.1, 1, 1, 0.1, 0.01])
    straight = PolynomialSpec(final_factor=0.2)
    assert learning_rate_factor(straight, NO_WARM_UP, 25, length(100), 0) == pytest.approx(0.8)


def test_plateau_drops_stop_at_the_floor() -> None:
    spec = PlateauSpec(factor=0.1, min_factor=0.005)
    factors = [learning_rate_factor(spec, NO_WARM_UP, 7, length(100), drops) for drops in range(4)]
    assert factors == pytest.approx([1, 0.1, 0.01, 0.005])


def test_a_plateau_is_met_after_its_patience_and_counted_anew() -> None:
    schedule, progress = PlateauSpec(patience=2), Progress()
    history = []
    for step, value in enumerate([0.1, 0.2, 0.2, 0.1, 0.1, 0.19, 0.3, 0.3], start=1):
        progress = after_validation(progress, schedule, step, value)
        history.append((progress.best, progress.best_step, progress.num_stale, progress.num_drops))
    assert history == [
        (0.1, 1, 0, 0),
        (0.2, 2, 0, 0),
        (0.2, 2, 1, 0),
        (0.2, 2, 2, 1),
        (0.2, 2, 3, 1),
        (0.2, 2, 4, 2),
        (0.3, 7, 0, 2),
        (0.3, 7, 1, 2),
    ]
    assert progress.last_step == 8


def test_other_schedules_never_drop() -> None:
    progress = Progress()
    for step in range(1, 10):
        progress = after_validation(progress, CosineSpec(), step, 0.0)
    assert (progress.num_drops, progress.num_stale) == (0, 8)
