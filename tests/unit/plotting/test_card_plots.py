"""Plots of a data set show the numbers that they are given."""

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.collections import PatchCollection
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from meshsight.plotting.card_plots import (
    Axis,
    Shift,
    SphereRings,
    plot_bins,
    plot_class_counts,
    plot_places,
    plot_shifts,
    plot_two_sides,
    plot_viewpoints,
)
from meshsight.plotting.embedding import figure_to_svg
from meshsight.plotting.style import BAD

EDGES = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0])


def outlines(figure: Figure) -> list[StepPatch]:
    return [patch for patch in figure.axes[0].patches if isinstance(patch, StepPatch)]


def test_bins_are_shares_without_the_empty_ends() -> None:
    figure = plot_bins(EDGES, {"": np.array([0, 3, 0, 1, 0])}, Axis(label="x"))
    (drawn,) = outlines(figure)
    assert drawn.get_data().values.tolist() == [0.75, 0, 0.25]
    assert drawn.get_data().edges.tolist() == [1, 2, 3, 4]
    whole = plot_bins(EDGES, {"": np.array([0, 3, 0, 1, 0])}, Axis(label="x", is_whole=True))
    assert outlines(whole)[0].get_data().edges.tolist() == EDGES.tolist()


def test_splits_are_named_and_scaled_each_by_itself() -> None:
    counts = {"train": np.array([8, 2, 0, 0, 0]), "val": np.array([0, 1, 1, 0, 0])}
    figure = plot_bins(EDGES, counts, Axis(label="x"))
    shares = [patch.get_data().values.tolist() for patch in outlines(figure)]
    assert shares[0] == [0.8, 0.2, 0] and shares[-1] == [0, 0.5, 0.5]
    legend = figure.axes[0].get_legend()
    assert legend is not None and [text.get_text() for text in legend.get_texts()] == ["train", "val"]


@pytest.mark.parametrize("is_log", [False, True])
def test_bins_of_nothing_can_be_drawn(is_log: bool) -> None:
    figure_to_svg(plot_bins(EDGES + 1, {"": np.zeros(5, int)}, Axis(label="x", is_log=is_log)))


def test_class_bars_add_up_over_splits() -> None:
    counts = {"train": np.array([5, 0]), "val": np.array([2, 3])}
    axes = plot_class_counts(("mug", "a name that is longer than there is room"), counts).axes[0]
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(0, 5), (0, 0), (5, 2), (0, 3)]  # pyright: ignore
    assert [text.get_text() for text in axes.texts] == [" 7", " 3"]
    assert axes.get_yticklabels()[1].get_text().endswith("…")


def test_places_are_upright() -> None:
    covered = np.zeros((4, 4))
    covered[0, 3] = 1  # top right
    (image,) = plot_places(covered, 2.0).axes[0].images
    assert tuple(image.get_extent()) == (0, 2.0, 1, 0)
    np.testing.assert_array_equal(image.get_array(), covered)


def test_viewpoints_are_drawn_in_cells_of_their_area() -> None:
    rings = SphereRings(
        z=np.array([-1.0, -0.5, 0.0, 0.5, 1.0]), num_cells=np.array([4, 4, 4, 4]), counts=np.arange(16) % 3
    )
    figure = plot_viewpoints(rings)
    seen = 0
    for axes in figure.axes:
        (cells,) = [one for one in axes.collections if isinstance(one, PatchCollection)]
        assert len(cells.get_paths()) == 8
        areas = [_area(path.to_polygons()[0]) for path in cells.get_paths()]
        np.testing.assert_allclose(areas, np.pi / 8, rtol=0.01)
        seen += int((np.asarray(cells.get_facecolor())[:, 3] > 0).sum())
    assert seen == np.count_nonzero(rings.counts)


def _area(polygon: np.ndarray) -> float:
    x, y = polygon[:, 0], polygon[:, 1]
    return abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2)


def test_both_sides_are_drawn_in_the_same_bins() -> None:
    figure = plot_two_sides((0.0, 1.0, 2.0), (0.25, 0.75), (1.0, 0.0), Axis(label="x"), ("renders", "photographs"))
    shares = [patch.get_data().values.tolist() for patch in outlines(figure)]
    assert shares == [[0.25, 0.75]] * 2 + [[1.0, 0.0]] * 2


def test_clear_shifts_stand_out() -> None:
    shifts = (
        Shift(title="blur", value=-2.0, interval=(-3.0, -1.0), is_clear=True),
        Shift(title="noise", value=0.5, interval=None, is_clear=False),
    )
    axes = plot_shifts(shifts).axes[0]
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert [line.get_xdata()[0] for line in points] == [-2.0, 0.5]  # pyright: ignore
    assert [same_color(line.get_color(), BAD) for line in points] == [True, False]
    assert axes.get_xlim() == pytest.approx((-3.24, 3.24))
    figure_to_svg(plot_shifts(()))


PLOTS: dict[str, Callable[[], Figure]] = {
    "bins": lambda: plot_bins(EDGES + 1, {"a": np.arange(5), "b": np.arange(5)}, Axis(label="x", is_log=True)),
    "classes": lambda: plot_class_counts(("mug", "can"), {"a": np.array([1, 2]), "b": np.array([1, 2])}),
    "places": lambda: plot_places(np.eye(4), 1.5),
    "viewpoints": lambda: plot_viewpoints(
        SphereRings(z=np.array([-1.0, 0.0, 1.0]), num_cells=np.array([3, 3]), counts=np.arange(6))
    ),
    "sides": lambda: plot_two_sides((0.0, 1.0), (1.0,), (1.0,), Axis(label="x", is_share=True), ("a", "b")),
    "shifts": lambda: plot_shifts((Shift(title="x", value=1.0, interval=(0.5, 1.5), is_clear=True),)),
}


@pytest.mark.parametrize("name", PLOTS)
def test_every_word_is_in_the_ink_of_the_page(name: str) -> None:
    root = ElementTree.fromstring(figure_to_svg(PLOTS[name]()))
    texts = [element for element in root.iter() if element.tag.endswith("}text")]
    assert texts
    for text in texts:
        assert "fill: currentColor" in text.get("style", ""), "".join(text.itertext())
