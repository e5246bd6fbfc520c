"""A leaderboard as text, CSV, Markdown or a page."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import meshsight
from meshsight.core.errors import CallError
from meshsight.core.files import write_text
from meshsight.plotting.page import Block, Captioned, Gallery, Page, Paragraph, Section, Table, format_cell, render_page
from meshsight.plotting.plots import plot_intervals, plot_tradeoff
from meshsight.records.report import Interval
from meshsight.workflows.evaluation_sections import interval_text
from meshsight.workflows.leaderboard import Board, Entry

Cell = str | int | float | None

COLUMNS = (
    "rank",
    "name",
    "AP",
    "AP 95 %",
    "AP50",
    "AP50 95 %",
    "AP75",
    "behind",
    "behind 95 %",
    "parameters (M)",
    "size (MB)",
    "latency (ms)",
    "training (CPU min)",
    "input",
    "model",
    "schedule",
    "measured on",
)
SUFFIXES = (".html", ".csv", ".md")


def write_board(board: Board, path: Path) -> None:
    """Writes a board in the form that the file's name asks for.

    Raises:
        CallError: the name ends in none of .html, .csv, .md.
        StorageError: the file cannot be written.
    """
    if path.suffix == ".html":
        write_text(path, render_page(make_page(board)))
    elif path.suffix == ".csv":
        write_text(path, to_csv(board))
    elif path.suffix == ".md":
        write_text(path, to_markdown(board))
    else:
        raise CallError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")


def rows_of(board: Board) -> list[tuple[Cell, ...]]:
    """Returns a row of COLUMNS for each entry; entries that may be as good as the best share its rank as "1="."""
    return [_row(index + 1, entry, board) for index, entry in enumerate(board.entries)]


def shown(board: Board) -> tuple[tuple[str, ...], list[tuple[Cell, ...]]]:
    """Returns headings and rows without the columns that no entry has anything in."""
    rows = rows_of(board)
    kept = [column for column in range(len(COLUMNS)) if any(row[column] not in (None, "") for row in rows)]
    return tuple(COLUMNS[i] for i in kept), [tuple(row[i] for i in kept) for row in rows]


def to_csv(board: Board) -> str:
    """Returns all columns, with full precision and empty cells for what is unknown."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows_of(board))
    return text.getvalue()


def to_markdown(board: Board) -> str:
    """Returns a table for a README."""
    head, rows = shown(board)
    lines = [head, tuple("---" for _ in head), *[tuple(format_cell(cell) for cell in row) for row in rows]]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def make_page(board: Board) -> Page:
    """Composes a page: the table, the intervals, and what accuracy costs."""
    head, rows = shown(board)
    blocks: tuple[Block, ...] = (Paragraph(text=explain(board)), Table(columns=head, rows=tuple(rows)))
    plots = _plots(board)
    sections = [Section(title="Leaderboard", blocks=blocks)]
    if plots:
        sections.append(Section(title="Figures", blocks=(Gallery(items=plots, min_width_px=420),)))
    where = f"measured on {board.data} ({board.num_images:,} images)" if board.data else "by their own validation"
    return Page(
        title="Leaderboard",
        subtitle=f"{len(board.entries)} detectors, {where}.",
        sections=tuple(sections),
        footer=f"meshsight {meshsight.__version__}",
    )


def explain(board: Board) -> str:
    """Says what the figures mean, and which differences are none."""
    metric = board.metric.upper()
    if not board.data:
        return (
            f"Sorted by {metric} of each run's own validation; figures of different data sets do not compare. Name a "
            "data set with `--data` to measure all on the same images."
        )
    tied = [entry.name for entry in board.entries[1:] if entry.is_tied]
    noise = f" Inside the noise of the best: {', '.join(tied)}." if tied else ""
    return (
        f"Sorted by {metric}. Intervals are 95 % bootstrap intervals over images. *Behind* compares each detector with "
        f"the best one on the same resamples; where its interval holds 0, the rank is written 1=.{noise}"
    )


def _row(rank: int, entry: Entry, board: Board) -> tuple[Cell, ...]:
    facts, behind = entry.facts, entry.behind
    is_ap50 = board.metric == "ap50"
    gap, interval = (None, None)
    if behind is not None:
        gap = behind.ap50 if is_ap50 else behind.ap
        interval = behind.ap50_interval if is_ap50 else behind.ap_interval
    return (
        "1=" if entry.is_tied and rank > 1 else str(rank),
        entry.name,
        entry.ap,
        interval_text(entry.ap_interval),
        entry.ap50,
        interval_text(entry.ap50_interval),
        entry.ap75,
        gap,
        interval_text(interval),
        _scaled(facts.num_parameters, 1e6, 2),
        _scaled(facts.size_bytes, 1e6, 1),
        _scaled(entry.latency_ms, 1.0, 1),
        _scaled(facts.cpu_seconds, 60.0, 1),
        "" if facts.input_hw is None else f"{facts.input_hw[0]}x{facts.input_hw[1]}",
        facts.model,
        facts.schedule,
        entry.measured_on,
    )


def _scaled(value: int | float | None, unit: float, digits: int) -> str:
    return "" if value is None else f"{value / unit:.{digits}f}"


def _plots(board: Board) -> tuple[Captioned, ...]:
    known = [(entry, _value(entry, board)) for entry in board.entries]
    ranked = [(entry, value) for entry, value in known if value is not None]
    if not ranked:
        return ()
    metric = board.metric.upper()
    rows = [(entry.name, value, _interval(entry, board)) for entry, value in ranked]
    items = [Captioned(content=plot_intervals(rows, f"{metric}, 95 % interval"), caption=f"{metric} of each.")]
    for label, points in (
        ("latency, ms for one image", [(e.name, e.latency_ms, v) for e, v in ranked]),
        (
            "size, MB",
            [(e.name, None if e.facts.size_bytes is None else e.facts.size_bytes / 1e6, v) for e, v in ranked],
        ),
    ):
        placed = [(name, x, y) for name, x, y in points if x is not None]
        if len(placed) > 1:
            items.append(Captioned(content=plot_tradeoff(placed, label, metric), caption=f"{metric} over {label}."))
    return tuple(items)


def _value(entry: Entry, board: Board) -> float | None:
    return {"ap": entry.ap, "ap50": entry.ap50, "ap75": entry.ap75}[board.metric]


def _interval(entry: Entry, board: Board) -> Interval | None:
    return {"ap": entry.ap_interval, "ap50": entry.ap50_interval, "ap75": None}[board.metric]


def to_text(board: Board) -> tuple[Sequence[str], list[list[str]]]:
    """Returns headings and rows for a terminal: the columns that people compare."""
    head, rows = shown(board)
    left_out = {"AP75", "schedule", "measured on"}
    kept = [i for i, name in enumerate(head) if name not in left_out]
    return [head[i] for i in kept], [[format_cell(row[i]) for i in kept] for row in rows]
