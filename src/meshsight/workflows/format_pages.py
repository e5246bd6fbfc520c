"""`docs/formats/`: a page for each format, made from what the format itself declares.

Regenerate after a change with

    python -c "from pathlib import Path; from meshsight.workflows.format_pages import write_format_pages; \
write_format_pages(Path('docs/formats'))"
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from meshsight.core.files import write_text
from meshsight.datasets.capacity import UNITS, Capacity, Part
from meshsight.datasets.format import FORMAT_KINDS, Reader, Writer
from meshsight.specs.base import VariantSpec

INDEX = "README.md"
_COLUMNS = re.compile(r"\S {2,}\S|^ ", re.MULTILINE)


def write_format_pages(folder: Path) -> None:
    """Writes `KIND.md` for every format, and the table of them all.

    Raises:
        StorageError: the folder cannot be written.
        MissingExtraError: the library of a format is not installed.
    """
    for name, text in format_pages().items():
        write_text(folder / name, text)


def format_pages() -> dict[str, str]:
    """Returns the text of every page by its file name.

    Raises:
        MissingExtraError: the library of a format is not installed.
    """
    return {INDEX: _index(), **{f"{kind}.md": _page(kind) for kind in FORMAT_KINDS.names}}


def _index() -> str:
    rows: list[Sequence[str]] = []
    for kind in FORMAT_KINDS.names:
        made = _build(FORMAT_KINDS.module(kind).Spec())
        kept = [str(part) for part in Part if isinstance(made, Writer) and part in made.capacity.keeps]
        can = [word for word, role in (("read", Reader), ("write", Writer)) if isinstance(made, role)]
        whole = "everything" if len(kept) == len(Part) else ", ".join(kept) or "-"
        rows.append((f"[`{kind}`]({kind}.md)", _paragraphs(kind)[0], ", ".join(can), whole))
    return (
        "\n\n".join(
            [
                "# Data set formats",
                "Every page but [folder.md](folder.md) and [run.md](run.md) is made from the format's own declaration, "
                "which its tests hold it to. How to add one: [adding_a_format.md](../adding_a_format.md).",
                "    meshsight convert SRC DST --to KIND       # says what KIND cannot hold, with counts\n"
                "    meshsight list formats",
                _table(("kind", "what it is", "can", "keeps"), rows),
            ]
        )
        + "\n"
    )


def _page(kind: str) -> str:
    spec: VariantSpec = FORMAT_KINDS.module(kind).Spec()
    made = _build(spec)
    title, *text = _paragraphs(kind)
    sections = [f"# `{kind}`", title, *text]
    if isinstance(made, Reader):
        sections.append("**Read** from " + made.looks_for.replace("*", "\\*") + ".")
    if isinstance(made, Writer):
        sections.append(f"**Written** by `meshsight convert SRC DST --to {kind}`.")
        sections += _capacity_sections(_variants(spec))
    sections += _settings(type(spec))
    return "\n\n".join(sections) + "\n"


def _build(spec: VariantSpec) -> object:
    return FORMAT_KINDS.builder(spec.kind)(spec)


def _paragraphs(kind: str) -> list[str]:
    """Returns the module's documentation as Markdown: tables of files become code."""
    docstring = (FORMAT_KINDS.module(kind).__doc__ or "").strip("\n")
    return [_paragraph(text) for text in re.split(r"\n\s*\n", docstring)]


def _paragraph(text: str) -> str:
    return f"```\n{textwrap.dedent(text).rstrip()}\n```" if _COLUMNS.search(text) else text


def _variants(spec: VariantSpec) -> dict[str, Capacity]:
    """Returns the capacity of a format, or that of each choice of a setting if it depends on one."""
    capacity = _capacity(spec)
    for name, field in type(spec).model_fields.items():
        if get_origin(field.annotation) is Literal and len(get_args(field.annotation)) > 1:
            found = {f"{name}={value}": _capacity(spec.evolve(**{name: value})) for value in get_args(field.annotation)}
            if any(_differ(capacity, other) for other in found.values()):
                return found
    return {"kept": capacity}


def _capacity(spec: VariantSpec) -> Capacity:
    writer = _build(spec)
    assert isinstance(writer, Writer), spec
    return writer.capacity


def _differ(one: Capacity, other: Capacity) -> bool:
    return (dict(one.keeps), one.needs) != (dict(other.keeps), other.needs)


def _capacity_sections(variants: Mapping[str, Capacity]) -> Iterator[str]:
    first = next(iter(variants.values()))
    kept = [part for part in Part if any(part in one.keeps or part in one.needs for one in variants.values())]
    lost = [str(part) for part in Part if part not in kept]
    yield "## What it keeps"
    yield _table(
        ("part", *(name if name == "kept" else f"`{name}`" for name in variants)),
        [(str(part), *(_kept(part, capacity) for capacity in variants.values())) for part in kept],
    )
    if lost:
        yield f"Not kept: {', '.join(lost)}."
    if any(capacity.needs for capacity in variants.values()):
        yield "An object that lacks a needed part is left out, and counted."
    yield f"Class names: {first.names.rule}{_reserved(first)}."
    yield (
        "Named splits are kept in one data set."
        if first.keeps_splits
        else "It has no named splits: each becomes a folder of its own in DST."
    )
    if first.max_objects is not None:
        yield f"At most {first.max_objects} object{'s' * (first.max_objects != 1)} an image; more are refused."
    notes = dict.fromkeys(note for capacity in variants.values() for note in capacity.notes)
    if notes:
        yield "\n".join(f"* {note}" for note in notes)


def _kept(part: Part, capacity: Capacity) -> str:
    if part not in capacity.keeps:
        return "needed" if part in capacity.needs else "-"
    within = capacity.keeps[part]
    text = "exactly" if within == 0 else f"within {within:g} {UNITS[part]}"
    return f"{text}, needed" if part in capacity.needs else text


def _reserved(capacity: Capacity) -> str:
    names = sorted(capacity.names.reserved)
    return f" (reserved: {', '.join(f'`{name}`' for name in names)})" if names else ""


def _settings(spec_type: type[VariantSpec]) -> Iterator[str]:
    rows = [
        (f"`{name}`", _type(field.annotation), f"`{_default(field.default)}`", _cell(field.description or ""))
        for name, field in spec_type.model_fields.items()
        if name != "kind"
    ]
    if rows:
        yield "## Settings"
        yield "`--set NAME=VALUE` for writing, `--set from.NAME=VALUE` for reading."
        yield _table(("name", "type", "default", "what it does"), rows)


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    return f"`{annotation.__name__ if isinstance(annotation, type) else annotation}`".replace("|", "or")


def _default(value: object) -> str:
    return "none" if value is None else str(value)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |" for row in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
