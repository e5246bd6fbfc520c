"""Plots of a sweep's trials: what was tried and what it gave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from meshsight.plotting.style import FAINT, GOOD, INK, class_hex, new_figure

MOST_TICKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis of parallel coordinates.

    Attributes:
        name: said below.
        places: of each trial on it, 0 at the bottom to 1 at the top.
        ticks: places with what stands there.
    """

    name: str
    places: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...]


def plot_parallel(axes: Sequence[Axis], ranks: Sequence[float], highlighted: Sequence[int]) -> Figure:
    """Draws each trial as a line through what it tried to what it gave.

    Args:
        axes: parameters first, objectives last.
        ranks: of each trial, from 0 for the worst to 1 for the best.
        highlighted: trials, by index, that stand out.
    """
    figure, plot = new_figure(max(4.5, 1.25 * len(axes)), 3.4)
    x = np.arange(len(axes))
    for trial in sorted(range(len(ranks)), key=lambda index: (index in highlighted, ranks[index])):
        y = [axis.places[trial] for axis in axes]
        is_high = trial in highlighted
        plot.plot(
            x,
            y,
            color=GOOD if is_high else class_hex(0),
            alpha=1.0 if is_high else 0.08 + 0.5 * ranks[trial] ** 2,
            linewidth=2.2 if is_high else 1.0,
        )
    for index, axis in enumerate(axes):
        plot.axvline(index, color=INK, linewidth=0.6)
        for place, text in axis.ticks:
            plot.annotate(text, (index, place), (3, 0), textcoords="offset points", fontsize=7, va="center")
    plot.set_xticks(x, [axis.name for axis in axes], rotation=18, ha="right")
    plot.set_yticks([])
    plot.set(xlim=(-0.1, len(axes) - 0.55), ylim=(-0.05, 1.05))
    plot.grid(visible=False)
    plot.spines["left"].set_visible(False)
    return figure


def plot_front(
    points: Sequence[tuple[float, float]],
    front: Sequence[int],
    labels: tuple[str, str],
    names: Sequence[str],
    kept: Sequence[int] = (),
) -> Figure:
    """Draws two objectives of all trials, those that no other beats in these two joined by a line.

    Args:
        points: of each trial, the figures of both objectives.
        front: trials on the line, by index.
        kept: trials off the line that are not beaten because of further objectives, by index.
        labels: of the axes.
        names: of each trial.
    """
    figure, plot = new_figure(5.0, 3.4)
    plot.scatter(*zip(*points, strict=True), s=14, color=FAINT, alpha=0.7, linewidths=0)
    line = sorted(points[index] for index in front)
    plot.plot(*zip(*line, strict=True), color=GOOD, marker="o", markersize=4)
    aside = [index for index in kept if index not in front]
    if aside:
        plot.scatter(*zip(*(points[i] for i in aside), strict=True), s=20, facecolors="none", edgecolors=GOOD)
    for point in dict.fromkeys([*line, *(points[index] for index in aside)]):
        text = ", ".join(names[index] for index in (*front, *aside) if points[index] == point)
        plot.annotate(text, point, (4, 4), textcoords="offset points", fontsize=7)
    if min(point[0] for point in points) > 0 and max(p[0] for p in points) > 20 * min(p[0] for p in points):
        plot.set_xscale("log")
    plot.set(xlabel=labels[0], ylabel=labels[1])
    return figure


def plot_importance(shares: Sequence[tuple[str, float]]) -> Figure:
    """Draws how much of the first objective's variance each parameter explains alone."""
    figure, plot = new_figure(4.6, 0.9 + 0.28 * max(len(shares), 2))
    plot.barh(range(len(shares)), [share for _, share in shares], height=0.62, color=class_hex(0))
    plot.set_yticks(range(len(shares)), [name for name, _ in shares])
    plot.set(xlim=(0, 1), ylim=(len(shares) - 0.4, -0.6), xlabel="share of the variance, alone")
    plot.grid(visible=False, axis="y")
    return figure
