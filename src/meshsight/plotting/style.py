"""How everything looks: colours, fonts and line widths, chosen here and nowhere else.

The class colours are mid-tones that stand out on photographs and read well on light and dark pages.
"""

import colorsys
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import ImageFont

Rgb8 = tuple[int, int, int]
LegendPlace = Literal["center left", "lower left", "upper right"]

_PALETTE = (
    "#3b82f6",
    "#f97316",
    "#16a34a",
    "#ec4899",
    "#8b5cf6",
    "#ca8a04",
    "#0d9488",
    "#ef4444",
    "#65a30d",
    "#0891b2",
    "#b45309",
    "#c026d3",
)
_GOLDEN_RATIO = 0.618034

INK = "#16181d"
"""Text and axes; on a page it becomes the colour of the page's text."""
FAINT = "#8b93a1"
"""Grid lines and marks that should stay behind."""
GOOD = "#16a34a"
BAD = "#ef4444"
IGNORED: Rgb8 = (150, 155, 165)
AXIS_COLORS: tuple[Rgb8, Rgb8, Rgb8] = ((255, 59, 48), (52, 199, 89), (30, 110, 255))
"""The axes x, y and z of an object."""

_RC: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.facecolor": "none",
    "font.size": 9,
    "grid.alpha": 0.3,
    "grid.color": FAINT,
    "grid.linewidth": 0.5,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}


def class_hex(class_id: int) -> str:
    """Returns the colour of a class as `#rrggbb`; after the twelve chosen ones, hues are spread by the golden ratio."""
    if class_id < len(_PALETTE):
        return _PALETTE[class_id]
    red, green, blue = colorsys.hls_to_rgb((class_id * _GOLDEN_RATIO) % 1.0, 0.48, 0.7)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"


def class_color(class_id: int) -> Rgb8:
    """Returns the colour of a class as RGB in 0..255."""
    return to_rgb(class_hex(class_id))


def to_rgb(color_hex: str) -> Rgb8:
    """Turns `#rrggbb` into RGB in 0..255."""
    return int(color_hex[1:3], 16), int(color_hex[3:5], 16), int(color_hex[5:7], 16)


def text_on(color: Rgb8) -> Rgb8:
    """Returns black or white, whichever reads better on a colour (relative luminance of WCAG 2)."""
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (0, 0, 0) if luminance > 0.36 else (255, 255, 255)


@lru_cache(maxsize=16)
def label_font(size_px: int) -> ImageFont.FreeTypeFont:
    """Returns the font of labels in pictures: DejaVu Sans Bold, which comes with matplotlib."""
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf"), size_px)


def add_legend(
    axes: Axes,
    loc: LegendPlace,
    anchor: tuple[float, float] | None = None,
    num_columns: int = 1,
    title: str | None = None,
) -> None:
    """Adds a frameless legend; `anchor` is in fractions of the plot."""
    with mpl.rc_context(_RC):
        axes.legend(loc=loc, bbox_to_anchor=anchor, ncols=num_columns, title=title, title_fontsize=8, borderaxespad=0.3)


def new_figure(width_in: float = 5.2, height_in: float = 3.2) -> tuple[Figure, Axes]:
    """Returns an empty figure of one plot in the house style, without touching any global state."""
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        return figure, figure.add_subplot()


def new_row(count: int, width_in: float, height_in: float) -> tuple[Figure, tuple[Axes, ...]]:
    """Returns an empty figure of plots side by side in the house style."""
    with mpl.rc_context(_RC):
        figure = Figure(figsize=(width_in, height_in), layout="constrained")
        return figure, tuple(figure.add_subplot(1, count, index + 1) for index in range(count))


@lru_cache(maxsize=1)
def heat_map() -> LinearSegmentedColormap:
    """Returns the colours of densities: from clear over blue to orange, readable on light and dark pages."""
    stops = ((0.0, "#3b82f600"), (0.25, "#3b82f6a0"), (0.55, "#8b5cf6e6"), (0.8, "#f97316f2"), (1.0, "#facc15ff"))
    return LinearSegmentedColormap.from_list("meshsight", stops)
