"""The one page builder: a page of sections and blocks becomes a single HTML file that needs no network.

It follows the reader's light or dark setting and the width of the screen, and has a table of contents.
"""

import re
from dataclasses import dataclass

import jinja2
from markupsafe import Markup
from matplotlib.figure import Figure

from meshsight.plotting.draw import Picture
from meshsight.plotting.embedding import figure_to_svg, picture_to_uri

Cell = str | int | float | None
"""A table's cell; None is shown as a dash, a float with three decimals."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paragraph:
    """A paragraph of plain text."""

    text: str
    kind: str = "paragraph"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Code:
    """Lines to copy, such as the next commands."""

    text: str
    kind: str = "code"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fact:
    """One number that matters.

    Attributes:
        label: what it is.
        value: as it is to be read, such as "0.912".
        note: small print, such as its interval.
    """

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Facts:
    """A row of the numbers that matter most."""

    facts: tuple[Fact, ...]
    kind: str = "facts"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """A table; columns of numbers are set flush right with aligned digits.

    Attributes:
        columns: headings.
        rows: as many cells each as there are columns.
        caption: said below.
        summary: if given, the table is folded away under these words until they are clicked.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    summary: str = ""
    kind: str = "table"

    def is_numeric(self, column: int) -> bool:
        """Whether a column holds numbers and nothing else."""
        cells = [row[column] for row in self.rows if row[column] is not None]
        return bool(cells) and not any(isinstance(cell, str) for cell in cells)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Captioned:
    """A picture or a plot with what is said below it."""

    content: Picture | Figure
    caption: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """Pictures or plots side by side, as many in a row as fit.

    Attributes:
        items: in reading order.
        min_width_px: narrowest that one is shown.
    """

    items: tuple[Captioned, ...]
    min_width_px: int = 300
    kind: str = "gallery"


Block = Paragraph | Code | Facts | Table | Gallery


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """A heading with its blocks; it has an entry in the table of contents."""

    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """The title as a link target."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Page:
    """A whole page.

    Attributes:
        title, subtitle: at its top.
        sections: in reading order.
        footer: small print at its end.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: str = ""


def render_page(page: Page) -> str:
    """Returns a page as one self-contained HTML document; equal pages give equal text."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("meshsight.plotting"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cell"] = format_cell
    environment.filters["embed"] = _embed
    return environment.get_template("page.html").render(page=page)


def format_cell(value: Cell) -> str:
    """Returns a table cell as text."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else value


def _embed(item: Captioned) -> Markup:
    if isinstance(item.content, Figure):
        return Markup(figure_to_svg(item.content))
    height, width = item.content.shape[:2]
    uri = picture_to_uri(item.content)
    return Markup('<img src="{}" width="{}" height="{}" alt="{}" loading="lazy">').format(
        uri, width, height, item.caption
    )
