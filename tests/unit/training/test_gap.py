import pytest

from meshsight.training.gap import GapMeter


def test_the_gap_is_the_first_sets_value_minus_each_others_with_its_trend() -> None:
    meter = GapMeter("ap50")
    values = [(0.2, 0.15), (0.4, 0.25), (0.6, 0.35), (0.8, 0.3)]
    gaps = [
        meter.measure(step, {"renders": mine, "photos": theirs, "night": 0.0})
        for step, (mine, theirs) in enumerate(values)
    ]
    assert [gap.gap for gap, _ in gaps] == pytest.approx([0.05, 0.15, 0.25, 0.5])
    assert [gap.other for gap in gaps[0]] == ["photos", "night"]
    assert [gap.trend for gap, _ in gaps[:2]] == [None, None]
    assert gaps[2][0].trend == pytest.approx(0.1)
    assert not gaps[3][0].is_parting  # both rise over the window


def test_sets_that_part_are_noticed() -> None:
    meter = GapMeter("ap")
    for step, (mine, theirs) in enumerate([(0.5, 0.4), (0.6, 0.38), (0.7, 0.35)]):
        (gap,) = meter.measure(step, {"renders": mine, "photos": theirs})
    assert gap.is_parting


def test_a_resumed_run_knows_the_validations_before() -> None:
    whole, resumed = GapMeter("ap"), GapMeter("ap")
    told = []
    for step in range(1, 5):
        values = {"a": 0.1 * step, "b": 0.02 * step}
        gaps = whole.measure(step, values)
        told += [{"event": "validation", "step": step, "data": name, "ap": value} for name, value in values.items()]
        told.append({"event": "step", "step": step})
    resumed.remember(told, 3)
    assert resumed.measure(4, {"a": 0.4, "b": 0.08}) == gaps


def test_a_single_set_has_no_gap() -> None:
    assert GapMeter("ap").measure(1, {"only": 0.5}) == []
