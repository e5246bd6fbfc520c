"""Results as aligned columns."""

from collections.abc import Sequence

GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Returns a table whose columns are as wide as their widest cell; the last one is as long as it likes."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    return "\n".join(line.rstrip() for line in lines)
