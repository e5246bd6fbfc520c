"""Plots show the numbers of their records."""

import numpy as np
import pytest
from matplotlib.colors import same_color

from meshsight.plotting.closeup import draw_closeup
from meshsight.plotting.draw import Mark, draw_fitted
from meshsight.plotting.plots import (
    plot_class_ap,
    plot_histogram,
    plot_intervals,
    plot_precision_recall,
    plot_series,
    plot_slices,
)
from meshsight.plotting.style import class_hex
from meshsight.records.report import (
    ClassReport,
    Curve,
    EvalReport,
    HeadlineMetrics,
    Interval,
    SliceReport,
    VocMetrics,
)
from meshsight.specs.evaluation import EvaluationSpec

RED = (255, 0, 0)


def make_report(num_classes: int) -> EvalReport:
    names = tuple(f"class {i}" for i in range(num_classes))
    figures = dict.fromkeys(HeadlineMetrics.__slots__, 0.5)
    return EvalReport(
        name="test",
        classes=names,
        num_images=3,
        num_truth=9,
        num_ignored=0,
        num_detections=9,
        headline=HeadlineMetrics(**figures),
        ap_interval=None,
        ap50_interval=None,
        operating_point=None,
        per_class=tuple(
            ClassReport(
                name=name,
                num_truth=0 if i == 0 else 5,
                ap=None if i == 0 else 0.4,
                ap50=None if i == 0 else 0.5 + 0.01 * i,
                ap75=None,
                recall50=None,
                ap50_interval=Interval(low=0.3, high=0.7),
            )
            for i, name in enumerate(names)
        ),
        slices=tuple(
            SliceReport(attribute="visibility", label=label, num_truth=4, ap=0.2, ap50=ap50, recall50=None)
            for label, ap50 in (("low", None), ("high", 0.6))
        ),
        curves=tuple(Curve(name=name, iou=0.5, precision=(0.5,) * 101, score=(0.5,) * 101) for name in names),
        voc=VocMetrics(integrate=0.5, sample=0.4),
        error_counts={"missed": 0},
        error_costs=(),
        confusions=(),
        worst_errors=(),
        spec=EvaluationSpec(),
    )


@pytest.mark.parametrize(("num_classes", "num_texts"), [(3, 3), (20, 1)])
def test_curves_of_classes_with_truth_and_their_mean(num_classes: int, num_texts: int) -> None:
    axes = plot_precision_recall(make_report(num_classes)).axes[0]
    assert len(axes.lines) == num_classes - 1 + 1
    legend = axes.get_legend()
    assert legend is not None
    assert len(legend.get_texts()) == num_texts  # of many classes only the mean is named
    if num_classes == 3:
        assert same_color(axes.lines[0].get_color(), class_hex(1))


def test_bars_are_as_long_as_ap50() -> None:
    axes = plot_class_ap(make_report(4)).axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.51, 0.52, 0.53])
    assert [text.get_text() for text in axes.get_yticklabels()] == ["class 1", "class 2", "class 3"]


def test_slices_show_nothing_where_nothing_is_known() -> None:
    axes = plot_slices(make_report(2).slices, "visibility").axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([0, 0.6, 0.2, 0.2, 0, 0])


def test_long_series_get_a_running_mean() -> None:
    y = np.arange(1000.0).tolist()
    axes = plot_series({"loss": (y, y), "short": (y[:20], y[:20])}, "step", "loss").axes[0]
    assert len(axes.lines) == 3
    np.testing.assert_allclose(np.asarray(axes.lines[1].get_ydata())[100:-100], y[100:-100])


@pytest.mark.parametrize("values", [[], [np.nan], [3.0], [-1.0, 0.0, 2.0, 8.0]])
def test_histograms_of_anything(values: list[float]) -> None:
    for is_log in (False, True):
        axes = plot_histogram(np.array(values), "x", is_log=is_log).axes[0]
        counted = sum(bar.get_height() for bar in axes.patches)
        assert counted == sum(np.isfinite(v) and (v > 0 or not is_log) for v in values)


def test_intervals_have_a_row_each() -> None:
    axes = plot_intervals([("a", 0.5, Interval(low=0.4, high=0.6)), ("b", 0.3, None)], "AP50").axes[0]
    assert len(axes.lines) == 3


@pytest.mark.parametrize("size_hw", [(60, 90), (2000, 1000)])
def test_fitted_drawings_have_the_size_asked_for(size_hw: tuple[int, int]) -> None:
    image = np.full((*size_hw, 3), 128, np.uint8)
    height, width = size_hw
    box = (0.0, 0.0, width / 2, float(height))
    picture = draw_fitted(image, [Mark(box=box, text="", color=RED)], side=300)
    assert max(picture.shape) == 300
    reddest = picture[picture.shape[0] // 2, :, 0].astype(int) - picture[picture.shape[0] // 2, :, 1]
    assert np.flatnonzero(reddest > 60).max() == pytest.approx(picture.shape[1] / 2, abs=2)


@pytest.mark.parametrize("focus", [(0.0, 0.0, 20.0, 20.0), (280.0, 180.0, 300.0, 200.0), (0.0, 0.0, 300.0, 200.0)])
def test_closeups_hold_their_box_at_every_border(focus: tuple[float, float, float, float]) -> None:
    image = np.full((200, 300, 3), 128, np.uint8)
    picture = draw_closeup(image, focus, [Mark(box=focus, text="", color=RED)], side=320)
    is_red = (picture == RED).all(axis=2)
    rows, columns = np.nonzero(is_red)
    assert max(picture.shape) == 320
    scale = 320 / 64 if focus[2] - focus[0] == 20 else 320 / 300
    assert columns.max() - columns.min() + 1 == pytest.approx((focus[2] - focus[0]) * scale, abs=2)
    assert rows.max() - rows.min() + 1 == pytest.approx((focus[3] - focus[1]) * scale, abs=2)
