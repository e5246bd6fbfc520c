"""The pages of the formats are what the formats declare."""

from pathlib import Path

import pytest

from meshsight.core.errors import MissingExtraError
from meshsight.datasets.format import FORMAT_KINDS
from meshsight.workflows.format_pages import INDEX, format_pages, write_format_pages

FOLDER = Path(__file__).parents[3] / "docs" / "formats"


def current() -> dict[str, str]:
    try:
        return format_pages()
    except MissingExtraError as error:
        pytest.skip(str(error))


def test_the_committed_pages_are_current() -> None:
    for name, text in current().items():
        committed = (FOLDER / name).read_text(encoding="utf-8") if (FOLDER / name).exists() else ""
        remedy = "write_format_pages(Path('docs/formats')) of meshsight.workflows.format_pages"
        assert committed == text, f"docs/formats/{name} is out of date: {remedy}"


def test_no_page_is_of_a_kind_that_is_gone() -> None:
    by_hand = {"folder.md", "run.md"}
    assert {path.name for path in FOLDER.glob("*.md")} - by_hand == set(current())


def test_the_index_leads_to_every_page(tmp_path: Path) -> None:
    current()
    write_format_pages(tmp_path)
    index = (tmp_path / INDEX).read_text(encoding="utf-8")
    for kind in FORMAT_KINDS.names:
        assert f"({kind}.md)" in index and (tmp_path / f"{kind}.md").is_file()


def test_a_page_tells_what_is_kept_what_is_needed_and_what_can_be_set() -> None:
    page = current()["webdataset.md"]
    assert "| boxes | exactly |" in page
    assert "| `shard_images` | `int` | `1000` | Images in a shard that is written. |" in page
    assert "```\nclasses.json                  the class names in order\n" in page
