"""Plots of a data set: counts in bins, places in the image, viewpoints on the sphere, and two sides compared.

Each function takes plain numbers, returns a Figure, and neither shows nor saves it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Wedge
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from meshsight.plotting.style import BAD, FAINT, INK, add_legend, class_hex, heat_map, new_figure, new_row

OURS, REAL = class_hex(0), class_hex(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A horizontal axis.

    Attributes:
        label: written below it.
        is_log: bins grow by a factor.
        is_share: values from 0 to 1, written as per cents.
        is_whole: bins without any value are drawn too, also at both ends.
    """

    label: str
    is_log: bool = False
    is_share: bool = False
    is_whole: bool = False


def plot_bins(
    edges: Float[np.ndarray, " e"], counts: Mapping[str, Int[np.ndarray, " b"]], axis: Axis, width_in: float = 4.4
) -> Figure:
    """Draws how values lie, as shares of each set; several sets lie over each other as outlines.

    Args:
        edges: borders of the bins; empty bins at both ends are cut off, but for a whole axis.
        counts: values in each bin, by the name of the set.
        axis: what the values are.
        width_in: width of the figure in inches; a narrower one is for more plots in a row.
    """
    figure, axes = new_figure(width_in, 2.4)
    filled = np.flatnonzero(np.sum(list(counts.values()), axis=0))
    is_cut = filled.size > 0 and not axis.is_whole
    first, last = (int(filled[0]), int(filled[-1]) + 1) if is_cut else (0, len(edges) - 1)
    for index, (name, count) in enumerate(counts.items()):
        shares = count[first:last] / max(count.sum(), 1)
        is_alone = len(counts) == 1
        axes.stairs(
            shares, edges[first : last + 1], fill=True, color=class_hex(index), alpha=0.85 if is_alone else 0.18
        )
        if not is_alone:
            axes.stairs(shares, edges[first : last + 1], color=class_hex(index), linewidth=1.4, label=name)
    if len(counts) > 1:
        add_legend(axes, loc="upper right")
    _set_axis(axes, axis)
    axes.set(xlim=(edges[first], edges[last]), ylim=(0, None))
    _set_shares(axes)
    return figure


def plot_class_counts(classes: Sequence[str], counts: Mapping[str, Int[np.ndarray, " c"]]) -> Figure:
    """Draws the objects of each class as bars; with several splits, their parts one after the other."""
    figure, axes = new_figure(4.4, 0.7 + 0.26 * max(len(classes), 3))
    place, start = np.arange(len(classes)), np.zeros(len(classes))
    for index, (split, count) in enumerate(counts.items()):
        is_alone = len(counts) == 1
        colors = [class_hex(i) for i in range(len(classes))] if is_alone else class_hex(index)
        axes.barh(place, count, left=start, height=0.66, color=colors, alpha=0.88, label=None if is_alone else split)
        start = start + count
    for row, total in enumerate(start.tolist()):
        axes.annotate(f" {total:,.0f}", (total, row), va="center", fontsize=8, color=INK)
    axes.set_yticks(place, [_shorten(name) for name in classes])
    axes.set(ylim=(len(classes) - 0.4, -0.6), xlabel="objects", xlim=(0, 1.12 * max(start.max(initial=0), 1)))
    axes.grid(visible=False, axis="y")
    if len(counts) > 1:
        add_legend(axes, loc="lower left", anchor=(0.0, 1.0), num_columns=len(counts))
    return figure


def plot_places(covered: Float[np.ndarray, "g g"], aspect: float) -> Figure:
    """Draws how often each place of the image is covered by a box, as a share of the images.

    Args:
        covered: boxes at each cell for each image, rows downwards.
        aspect: width / height of the images.
    """
    figure, axes = new_figure(4.6, 3.3)
    drawn = axes.imshow(covered, extent=(0, aspect, 1, 0), cmap=heat_map(), vmin=0, interpolation="bilinear")
    bar = figure.colorbar(drawn, ax=axes, shrink=0.82, pad=0.02)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    bar.ax.tick_params(labelsize=7, length=0, colors=INK)
    bar.set_label("boxes in an image", fontsize=8, color=INK)
    axes.set_xticks([0, aspect / 2, aspect], ["left", "middle", "right"])
    axes.set_yticks([0, 0.5, 1], ["top", "middle", "bottom"])
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return figure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SphereRings:
    """Cells of equal area on the sphere, in rings about z, as `plot_viewpoints` draws them.

    Attributes:
        z: heights of the rings' borders, from -1 to 1, with one at 0.
        num_cells: in each ring; its first cell begins at the x axis.
        counts: viewpoints in each cell, ring by ring from the bottom.
    """

    z: Float[np.ndarray, " r1"]
    num_cells: Int[np.ndarray, " r"]
    counts: Int[np.ndarray, " v"]


def plot_viewpoints(rings: SphereRings) -> Figure:
    """Draws from where objects are seen: two discs, the sphere of directions from above and from below.

    The map keeps areas (Lambert's azimuthal projection), so the density of colour is the density of viewpoints. Cells
    without any viewpoint stay empty.
    """
    figure, (above, below) = new_row(2, 4.0, 2.25)
    most = max(int(rings.counts.max(initial=0)), 1)
    for axes, is_above in ((above, True), (below, False)):
        _draw_hemisphere(axes, rings, is_above, most)
        axes.set_title("from above (+z)" if is_above else "from below (-z)", fontsize=8, color=INK)
    return figure


def _draw_hemisphere(axes: Axes, rings: SphereRings, is_above: bool, most: int) -> None:
    wedges: list[Wedge] = []
    values: list[int] = []
    start = 0
    for ring, num in enumerate(rings.num_cells.tolist()):
        z_low, z_high = rings.z[ring], rings.z[ring + 1]
        if (z_low >= -1e-9) == is_above:
            inner, outer = sorted(float(np.sqrt(max(1 - abs(z), 0.0))) for z in (z_low, z_high))
            for cell in range(num):
                turn = (360 * cell / num, 360 * (cell + 1) / num)
                # Seen from below, the y axis points the other way.
                ends = turn if is_above else (-turn[1], -turn[0])
                wedges.append(Wedge((0, 0), outer, *ends, width=outer - inner))
                values.append(int(rings.counts[start + cell]))
        start += num
    shares = np.array(values) / most
    colors = heat_map()(0.12 + 0.88 * np.sqrt(shares))
    colors[np.array(values) == 0, 3] = 0.0
    axes.add_collection(PatchCollection(wedges, facecolors=colors, edgecolors=FAINT, linewidths=0.35))
    axes.add_patch(Circle((0, 0), 1.0, fill=False, edgecolor=INK, linewidth=0.8))
    for name, angle in (("+x", 0), ("+y", 90), ("-x", 180), ("-y", 270)):
        turn = np.radians(angle if is_above else -angle)
        axes.annotate(name, (1.17 * np.cos(turn), 1.14 * np.sin(turn)), ha="center", va="center", fontsize=7, color=INK)
    axes.set(xlim=(-1.3, 1.3), ylim=(-1.24, 1.24), aspect="equal")
    axes.axis("off")


def plot_two_sides(
    edges: Sequence[float], ours: Sequence[float], real: Sequence[float], axis: Axis, names: tuple[str, str]
) -> Figure:
    """Draws the shares of two sets in the same bins over each other."""
    figure, axes = new_figure(3.7, 2.0)
    for color, shares, name in ((OURS, ours, names[0]), (REAL, real, names[1])):
        axes.stairs(shares, edges, fill=True, color=color, alpha=0.22)
        axes.stairs(shares, edges, color=color, linewidth=1.5, label=_shorten(name))
    _set_axis(axes, axis)
    axes.set(xlim=(edges[0], edges[-1]), ylim=(0, 1.2 * max(*ours, *real)))
    _set_shares(axes)
    add_legend(axes, loc="upper right", num_columns=2)
    return figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """One row of `plot_shifts`: how far the first of two sets lies above the second in one attribute.

    Attributes:
        title: of the attribute.
        value: in standard deviations; below 0 it lies lower.
        interval: its 95 % interval, or None where it is not known.
        is_clear: whether the interval leaves 0 out.
    """

    title: str
    value: float
    interval: tuple[float, float] | None
    is_clear: bool


def plot_shifts(shifts: Sequence[Shift]) -> Figure:
    """Draws how far apart two sets are in each attribute, with intervals; those that are not clear stay pale."""
    figure, axes = new_figure(5.6, 0.7 + 0.25 * max(len(shifts), 2))
    for row, shift in enumerate(shifts):
        color = BAD if shift.is_clear else FAINT
        if shift.interval is not None:
            axes.plot(shift.interval, [row, row], color=color, linewidth=5, alpha=0.3)
        axes.plot([shift.value], [row], marker="o", color=color, markersize=6)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(len(shifts)), [shift.title for shift in shifts])
    ends = [end for shift in shifts for end in (shift.value, *(shift.interval or ()))]
    furthest = 1.08 * max([1.0, *(abs(end) for end in ends)])
    axes.set(ylim=(len(shifts) - 0.4, -0.6), xlim=(-furthest, furthest))
    axes.set_xlabel("yours lower  \N{LEFTWARDS ARROW}  standard deviations  \N{RIGHTWARDS ARROW}  yours higher")
    axes.grid(visible=False, axis="y")
    return figure


def _set_shares(axes: Axes) -> None:
    """Writes the vertical axis in whole per cents, or in tenths where it ends below 5 %."""
    is_small = axes.get_ylim()[1] < 0.05
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=False, min_n_ticks=3))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=1 if is_small else 0))


def _set_axis(axes: Axes, axis: Axis) -> None:
    axes.set(xlabel=axis.label, xscale="log" if axis.is_log else "linear")
    if axis.is_share:
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if axis.is_log:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if _is_round(value) else ""))


def _is_round(value: float) -> bool:
    """Whether a value between powers of ten is worth a label: 2 and 5."""
    leading = value / 10 ** np.floor(np.log10(value) + 1e-9)
    return bool(np.isclose(leading, 2) or np.isclose(leading, 5))


def _shorten(name: str, limit: int = 24) -> str:
    return name if len(name) <= limit else f"{name[: limit - 1]}…"
