"""The page stands alone, escapes what it is given, and plots follow its colours."""

import base64
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from meshsight.plotting.embedding import figure_to_svg, picture_to_uri
from meshsight.plotting.page import (
    Captioned,
    Code,
    Entries,
    Entry,
    Fact,
    Facts,
    Gallery,
    Notice,
    Notices,
    Page,
    Paragraph,
    Section,
    Table,
    format_cell,
    render_page,
)
from meshsight.plotting.plots import plot_histogram, plot_series
from meshsight.plotting.style import INK, new_figure

VOID = {"meta", "img", "br", "link", "input", "hr"}


class Outline(HTMLParser):
    """Checks that tags are balanced, and keeps their attributes and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)


def make_page() -> Page:
    plot = plot_series({"total": ([0, 1, 2], [3.0, 2.0, 1.0])}, "step", "loss")
    blocks = (
        Facts(facts=(Fact(label="AP50", value="0.912", note="0.900 to 0.925"),)),
        Paragraph(text="1 < 2 & <script>alert(1)</script>"),
        Code(text="meshsight demo"),
        Table(columns=("class", "AP"), rows=(("mug", 0.51239), ("can", None)), caption="below", summary="fold"),
        Gallery(items=(Captioned(content=picture(), caption='a "b"'), Captioned(content=plot, caption="loss"))),
    )
    return Page(title="T & T", subtitle="sub", sections=(Section(title="First part!", blocks=blocks),), footer="end")


def parse(html: str) -> Outline:
    outline = Outline()
    outline.feed(html)
    outline.close()
    assert outline.stack == []
    return outline


def test_the_page_is_whole_and_needs_no_network() -> None:
    html = render_page(make_page())
    outline = parse(html)
    for tag, attributes in outline.tags:
        for name in ("src", "href", "xlink:href"):
            address = attributes.get(name) or ""
            assert not address or address.startswith(("data:image/webp;base64,", "#")), (tag, address)
        assert tag not in ("link", "iframe", "base")
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_text_is_escaped_and_nothing_is_lost() -> None:
    html = render_page(make_page())
    outline = parse(html)
    for text in ("1 < 2 & <script>alert(1)</script>", "T & T", "0.912", "0.900 to 0.925", "meshsight demo", "below"):
        assert text in outline.text
    assert "<script>alert" not in html
    assert ("a", {"href": "#first-part"}) in outline.tags
    assert any(tag == "section" and attributes["id"] == "first-part" for tag, attributes in outline.tags)


def test_numbers_are_set_right_and_text_left() -> None:
    table = Table(columns=("name", "n", "empty"), rows=(("mug", 3, None), ("can", None, None)))
    assert [table.is_numeric(i) for i in range(3)] == [False, True, False]
    html = render_page(Page(title="t", subtitle="", sections=(Section(title="s", blocks=(table,)),)))
    assert '<td class="number">3</td>' in html
    assert "<td>mug</td>" in html


@pytest.mark.parametrize(
    ("value", "text"), [(None, "\N{EN DASH}"), (0.5, "0.500"), (-0.0391, "-0.039"), (12345, "12,345"), ("x", "x")]
)
def test_cells(value: str | int | float | None, text: str) -> None:
    assert format_cell(value) == text


def test_equal_pages_are_equal_texts() -> None:
    assert render_page(make_page()) == render_page(make_page())


def test_pictures_come_back_nearly_the_same() -> None:
    smooth = cv2.resize(picture()[:4, :6], (60, 40), interpolation=cv2.INTER_CUBIC)
    data = base64.b64decode(picture_to_uri(smooth).removeprefix("data:image/webp;base64,"))
    decoded = cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    assert decoded.shape == smooth.shape
    assert np.abs(decoded.astype(int) - smooth).mean() < 8


def test_plots_are_svg_in_the_ink_of_the_page() -> None:
    svg = figure_to_svg(plot_histogram(np.arange(50.0), "size"))
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert "width" not in root.attrib and "viewBox" in root.attrib
    assert INK not in svg and "currentColor" in svg
    assert "size" in "".join(root.itertext())


def test_ids_of_different_plots_differ() -> None:
    def referenced(values: list[float]) -> set[str]:
        figure, axes = new_figure()
        axes.plot(values)
        return set(re.findall(r"url\(#([^)]+)\)", figure_to_svg(figure)))

    first, second = referenced([1.0, 2.0]), referenced([5.0, 1.0])
    assert first and second and not first & second


def page_of(*blocks: Notices | Entries | Gallery | Paragraph) -> str:
    return render_page(Page(title="t", subtitle="", sections=(Section(title="s", blocks=blocks),)))


def test_notices_have_a_tone_and_fold_their_details_away() -> None:
    notices = (
        Notice(tone="bad", label="error", title="boxes < 0", note="Run `a --fix` & look.", details=("a.png: <b>",)),
        Notice(tone="good", title="fine"),
    )
    html = page_of(Notices(notices=notices))
    outline = parse(html)
    assert [attributes["class"] for tag, attributes in outline.tags if tag == "li" and "class" in attributes] == [
        "bad",
        "good",
    ]
    assert sum(tag == "details" for tag, _ in outline.tags) == 1
    assert "<code>a --fix</code> &amp; look." in html
    assert "a.png: &lt;b&gt;" in html and "boxes &lt; 0" in html


def test_entries_stand_beside_their_pictures() -> None:
    entry = Entry(content=picture(), title="blur", headline="0.5 px blurrier", note="1 of 2", advice="Lower `x.y`.")
    html = page_of(Entries(entries=(entry,)))
    outline = parse(html)
    assert ("img", "blur") in [(tag, attributes.get("alt")) for tag, attributes in outline.tags]
    for text in ("0.5 px blurrier", "1 of 2", "x.y"):
        assert text in outline.text


def test_a_gallery_can_be_narrowed_down_by_tags() -> None:
    items = (
        Captioned(content=picture(), tags=("mug", 'a "b" & <c>')),
        Captioned(content=picture(), tags=("mug", "mug")),
        Captioned(content=picture(), tags=("can",)),
    )
    gallery = Gallery(items=items)
    assert gallery.tags == (("mug", 2), ('a "b" & <c>', 1), ("can", 1))
    outline = parse(page_of(gallery))
    buttons = [attributes["data-tag"] for tag, attributes in outline.tags if tag == "button"]
    assert buttons == ["mug", 'a "b" & <c>', "can"]
    tags = [json.loads(a["data-tags"] or "") for tag, a in outline.tags if tag == "figure"]
    assert tags == [["mug", 'a "b" & <c>'], ["mug", "mug"], ["can"]]
    assert "<button" not in page_of(Gallery(items=(Captioned(content=picture()),)))


def test_backticks_are_code_in_prose_only_after_escaping() -> None:
    html = page_of(Paragraph(text="use `<script>` or ` alone"))
    assert "use <code>&lt;script&gt;</code> or ` alone" in html
