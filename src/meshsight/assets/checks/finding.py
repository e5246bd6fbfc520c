"""What the asset doctor says: one line for each thing that is wrong, with what mends it."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetFinding:
    """One thing to know about a model.

    Attributes:
        code: a stable name, such as `inside_out`.
        severity: an `error` spoils pictures or labels, a `warning` may be as it should be, an `info` is good to know.
        text: what and where, found and expected.
        remedy: what mends it; commands and recipe settings stand between backticks.
        is_mended: `--fix` mends it.
    """

    code: str
    severity: Severity
    text: str
    remedy: str
    is_mended: bool = False
