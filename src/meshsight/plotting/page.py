"""The one page builder: a page of sections and blocks becomes a single HTML file that needs no network.

It follows the reader's light or dark setting and the width of the screen, and has a table of contents.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import jinja2
from markupsafe import Markup, escape
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
    """A picture or a plot with what is said below it.

    Attributes:
        content: the picture or plot.
        caption: said below.
        tags: by which a gallery of many can be narrowed down.
    """

    content: Picture | Figure
    caption: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gallery:
    """Pictures or plots side by side, as many in a row as fit.

    Attributes:
        items: in reading order.
        min_width_px: narrowest that one is shown.
    """

    items: tuple[Captioned, ...]
    min_width_px: int = 300

    @property
    def tags(self) -> tuple[tuple[str, int], ...]:
        """Every tag of its items with how many have it, in the order in which they are met."""
        return tuple(Counter(tag for item in self.items for tag in dict.fromkeys(item.tags)).items())

    kind: str = "gallery"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Notice:
    """Something to know, such as a fault that was found.

    Attributes:
        tone: how grave it is; gives its colour.
        title: what it is.
        label: small words before the title, such as "error".
        note: what to do about it.
        details: lines that are folded away until they are asked for.
    """

    tone: Literal["bad", "doubtful", "good"]
    title: str
    label: str = ""
    note: str = ""
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Notices:
    """A list of things to know, the gravest first."""

    notices: tuple[Notice, ...]
    kind: str = "notices"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """A picture or plot with words beside it.

    Attributes:
        content: the picture or plot.
        title: what it shows.
        headline: the one thing to remember of it.
        note: more about that, in small print.
        advice: what to do about it.
    """

    content: Picture | Figure
    title: str
    headline: str
    note: str = ""
    advice: str = ""

    @property
    def caption(self) -> str:
        """What stands for the picture where it cannot be seen."""
        return self.title


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entries:
    """Entries below each other, each with its picture at the left."""

    entries: tuple[Entry, ...]
    kind: str = "entries"


Block = Paragraph | Code | Facts | Table | Gallery | Notices | Entries


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
    environment.filters["prose"] = _prose
    return environment.get_template("page.html").render(page=page)


def format_cell(value: Cell) -> str:
    """Returns a table cell as text."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) else value


def _prose(text: str) -> Markup:
    """Sets what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def _embed(item: Captioned | Entry) -> Markup:
    if isinstance(item.content, Figure):
        return Markup(figure_to_svg(item.content))
    height, width = item.content.shape[:2]
    uri = picture_to_uri(item.content)
    return Markup('<img src="{}" width="{}" height="{}" alt="{}" loading="lazy">').format(
        uri, width, height, item.caption
    )
