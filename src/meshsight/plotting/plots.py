"""Plots of records. Each function returns a Figure and neither shows nor saves it."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from meshsight.plotting.style import FAINT, INK, add_legend, class_hex, new_figure
from meshsight.records.report import ClassReport, EvalReport, Interval, SliceReport

Series = Mapping[str, tuple[Sequence[int | float], Sequence[int | float]]]
"""Named lines of x and y values."""

_MANY_CLASSES = 12
"""More curves than this are drawn without a legend, with only their mean standing out."""


def plot_precision_recall(report: EvalReport) -> Figure:
    """Draws precision over recall of every class at IoU 0.5, and their mean."""
    figure, axes = new_figure(5.0, 3.4)
    curves = [(i, curve) for i, curve in enumerate(report.curves) if report.per_class[i].num_truth]
    recall = np.linspace(0, 1, 101)
    is_crowded = len(curves) > _MANY_CLASSES
    for class_id, curve in curves:
        color = FAINT if is_crowded else class_hex(class_id)
        label = None if is_crowded else f"{curve.name}  {report.per_class[class_id].ap50:.2f}"
        axes.plot(recall, curve.precision, color=color, label=label, alpha=0.5 if is_crowded else 1.0)
    if curves:
        mean = np.mean([curve.precision for _, curve in curves], axis=0)
        axes.plot(recall, mean, color=INK, linewidth=2.2, linestyle=(0, (4, 2)), label=f"mean  {mean.mean():.2f}")
        add_legend(axes, loc="center left", anchor=(1.0, 0.5), title="AP50")
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1.005), ylim=(0, 1.02))
    return figure


def plot_class_ap(report: EvalReport) -> Figure:
    """Draws AP50 of every class as a bar with its 95 % interval, and AP as a notch in it."""
    known = [(i, one) for i, one in enumerate(report.per_class) if one.ap50 is not None]
    figure, axes = new_figure(4.6, 0.9 + 0.28 * max(len(known), 2))
    for row, (class_id, one) in enumerate(known):
        _class_bar(axes, row, one, class_hex(class_id))
    axes.set_yticks(range(len(known)), [one.name for _, one in known])
    axes.set(xlim=(0, 1), ylim=(len(known) - 0.4, -0.6), xlabel="AP50, its 95 % interval, and AP (notch)")
    axes.grid(visible=False, axis="y")
    return figure


def _class_bar(axes: Axes, row: int, one: ClassReport, color: str) -> None:
    assert one.ap50 is not None
    axes.barh(row, one.ap50, height=0.62, color=color, alpha=0.85)
    if one.ap is not None:
        axes.plot([one.ap, one.ap], [row - 0.31, row + 0.31], color="white", linewidth=2, solid_capstyle="butt")
    if one.ap50_interval is not None:
        axes.plot([one.ap50_interval.low, one.ap50_interval.high], [row, row], color=INK, linewidth=1.2)


def plot_slices(slices: Sequence[SliceReport], attribute: str) -> Figure:
    """Draws AP50, AP and recall over the parts of one attribute, with the number of objects in each."""
    parts = [one for one in slices if one.attribute == attribute]
    figure, axes = new_figure(4.6, 2.8)
    place = np.arange(len(parts))
    for offset, (label, color, values) in enumerate(
        (
            ("AP50", class_hex(0), [one.ap50 for one in parts]),
            ("AP", class_hex(6), [one.ap for one in parts]),
            ("recall", FAINT, [one.recall50 for one in parts]),
        )
    ):
        axes.bar(place + 0.26 * (offset - 1), [v or 0.0 for v in values], width=0.24, color=color, label=label)
    axes.set_xticks(place, [f"{one.label}\n{one.num_truth:,} objects" for one in parts])
    axes.set(ylim=(0, 1.02), xlabel=attribute)
    axes.grid(visible=False, axis="x")
    add_legend(axes, loc="lower left", anchor=(0.0, 1.0), num_columns=3)
    return figure


def plot_bars(bars: Sequence[tuple[str, float]], x_label: str) -> Figure:
    """Draws named values of 0 and more as bars below each other, each with its number."""
    figure, axes = new_figure(4.6, 0.9 + 0.28 * max(len(bars), 2))
    largest = max([value for _, value in bars], default=0.0) or 1.0
    for row, (_, value) in enumerate(bars):
        axes.barh(row, value, height=0.62, color=class_hex(0), alpha=0.85)
        axes.text(value + 0.015 * largest, row, f"{value:.3f}", va="center", color=INK)
    axes.set_yticks(range(len(bars)), [name for name, _ in bars])
    axes.set(xlim=(0, 1.18 * largest), ylim=(len(bars) - 0.4, -0.6), xlabel=x_label)
    axes.grid(visible=False, axis="y")
    return figure


def plot_series(series: Series, x_label: str, y_label: str) -> Figure:
    """Draws named lines of (x, y) values, such as training losses over steps.

    A line of more than 200 points is drawn faint, with its running mean over a fiftieth of its length on top.
    """
    figure, axes = new_figure(4.6, 2.8)
    for index, (name, (x, y)) in enumerate(series.items()):
        color, values = class_hex(index), np.asarray(y, dtype=np.float64)
        if len(values) <= 200:
            axes.plot(x, values, color=color, label=name, marker="o" if len(values) < 30 else None, markersize=3)
            continue
        axes.plot(x, values, color=color, alpha=0.2, linewidth=0.8)
        axes.plot(x, _running_mean(values, len(values) // 50), color=color, label=name)
    axes.set(xlabel=x_label, ylabel=y_label)
    if len(series) > 1:
        add_legend(axes, loc="upper right")
    return figure


def plot_histogram(values: Float[np.ndarray, " n"], x_label: str, num_bins: int = 30, is_log: bool = False) -> Figure:
    """Draws how often values occur; on a logarithmic axis the bins grow by a factor."""
    figure, axes = new_figure(4.6, 2.6)
    finite = values[np.isfinite(values) & ((values > 0) | (not is_log))]
    if finite.size:
        low, high = float(finite.min()), float(finite.max())
        high = high if high > low else low + 1.0
        edges = np.geomspace(low, high, num_bins + 1) if is_log else np.linspace(low, high, num_bins + 1)
        axes.hist(finite, bins=edges.tolist(), color=class_hex(0), alpha=0.85)
    axes.set(xlabel=x_label, ylabel="count", xscale="log" if is_log else "linear")
    return figure


def plot_intervals(rows: Sequence[tuple[str, float, Interval | None]], x_label: str) -> Figure:
    """Draws values with their 95 % intervals, one row each, for figures of several data sets or runs."""
    figure, axes = new_figure(4.6, 0.9 + 0.36 * max(len(rows), 2))
    for row, (_, value, interval) in enumerate(rows):
        if interval is not None:
            axes.plot([interval.low, interval.high], [row, row], color=class_hex(row), linewidth=5, alpha=0.35)
        axes.plot([value], [row], marker="o", color=class_hex(row), markersize=7)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set(ylim=(len(rows) - 0.4, -0.6), xlabel=x_label)
    axes.grid(visible=False, axis="y")
    return figure


def plot_tradeoff(points: Sequence[tuple[str, float, float]], x_label: str, y_label: str) -> Figure:
    """Draws named points of cost (x, positive, logarithmic) and worth (y), and a line through those that none beats."""
    figure, axes = new_figure(4.6, 3.2)
    for index, (name, x, y) in enumerate(points):
        axes.plot([x], [y], marker="o", color=class_hex(index), markersize=7)
        axes.annotate(name, (x, y), xytext=(6, 4), textcoords="offset points", fontsize=8, color=INK)
    front = pareto_front([(x, y) for _, x, y in points])
    axes.step([points[i][1] for i in front], [points[i][2] for i in front], where="post", color=FAINT, zorder=0)
    axes.set(xscale="log", xlabel=x_label, ylabel=y_label)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(0.15)
    return figure


def pareto_front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Returns which points of cost and worth no other beats in both, cheapest first."""
    order = sorted(range(len(points)), key=lambda i: (points[i][0], -points[i][1]))
    front: list[int] = []
    for i in order:
        if not front or points[i][1] > points[front[-1]][1]:
            front.append(i)
    return front


def _running_mean(values: Float[np.ndarray, " n"], window: int) -> Float[np.ndarray, " n"]:
    """The mean over a centred window, narrower at both ends."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    index = np.arange(len(values))
    low, high = np.maximum(index - window // 2, 0), np.minimum(index + window // 2 + 1, len(values))
    return (total[high] - total[low]) / (high - low)
