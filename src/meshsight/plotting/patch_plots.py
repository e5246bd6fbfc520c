"""Plots about scores and circles of patches. Each function returns a Figure and neither shows nor saves it.

Shapes: n patches, k thresholds.
"""

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.figure import Figure

from meshsight.plotting.style import BAD, FAINT, GOOD, INK, add_legend, class_hex, new_figure


def plot_curve(
    x: Float[np.ndarray, " k"],
    y: Float[np.ndarray, " k"],
    labels: tuple[str, str],
    chosen: tuple[float, float] | None = None,
) -> Figure:
    """Draws y over x in the unit square, and the point that was chosen."""
    figure, axes = new_figure(3.6, 3.2)
    axes.plot(x, y, color=class_hex(0), drawstyle="steps-post")
    if chosen is not None:
        axes.plot(*chosen, "o", color=INK, markersize=6, label="threshold")
        add_legend(axes, loc="lower left")
    axes.set(xlabel=labels[0], ylabel=labels[1], xlim=(-0.01, 1.01), ylim=(-0.01, 1.02))
    return figure


def plot_scores(scores: Float[np.ndarray, " n"], balls: Bool[np.ndarray, " n"], threshold: float | None) -> Figure:
    """Draws how often each score was given, with and without a ball, on a logarithmic axis."""
    figure, axes = new_figure(4.4, 3.0)
    bins = np.linspace(0, 1, 41).tolist()
    axes.hist(scores[balls], bins, color=GOOD, alpha=0.6, label="ball")
    axes.hist(scores[~balls], bins, color=BAD, alpha=0.5, label="no ball")
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=1.2)
    axes.set(xlabel="score (the line is the threshold)", ylabel="patches", yscale="log", xlim=(0, 1))
    add_legend(axes, loc="upper right")
    return figure


def plot_errors(errors_px: Float[np.ndarray, " n"], guess_px: Float[np.ndarray, " n"]) -> Figure:
    """Draws the share of balls whose centre is off by at most so much, beside the patch's centre as a guess."""
    figure, axes = new_figure(4.4, 3.0)
    share = (np.arange(len(errors_px)) + 1) / max(len(errors_px), 1)
    axes.plot(np.sort(guess_px), share, color=FAINT, label="patch's centre")
    axes.plot(np.sort(errors_px), share, color=class_hex(0), label="network")
    reach = float(np.quantile(guess_px, 0.99)) if len(guess_px) else 1.0
    axes.set(xlabel="centre off by (pixels of the patch)", ylabel="share of balls", xlim=(0, reach), ylim=(0, 1.02))
    add_legend(axes, loc="lower left", anchor=(0.55, 0.05))
    return figure
