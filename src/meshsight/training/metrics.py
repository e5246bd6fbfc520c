"""`metrics.jsonl`: one line for each event of a run, in order; read back by plots and reports."""

import json
import logging
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from meshsight.core.errors import ArtifactError, StorageError
from meshsight.core.files import dump_json, write_text
from meshsight.training.events import (
    Event,
    GapMeasured,
    PicturesDrawn,
    StepDone,
    TrainingEnded,
    TrainingStarted,
    Validated,
)

log = logging.getLogger(__name__)

_NAMES = {
    TrainingStarted: "started",
    StepDone: "step",
    Validated: "validation",
    GapMeasured: "gap",
    TrainingEnded: "ended",
}


class MetricsFile:
    """A tracker that writes each event as a line of JSON, whole or not at all when the run is killed."""

    def __init__(self, path: Path):
        self._path = path

    def record(self, event: Event) -> None:
        """Appends one line; a resumed run first drops what an earlier process told beyond its last checkpoint.

        Raises:
            StorageError: the disk is full.
        """
        if isinstance(event, TrainingStarted):
            self._forget_after(event.first_step)
            return
        if isinstance(event, PicturesDrawn):
            return
        content = _plain(event)
        line = dump_json({"event": _NAMES[type(event)], **content, **content.pop("figures", {})}) + "\n"
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise StorageError(f"{self._path}: cannot write: {error.strerror or error}") from error

    def _forget_after(self, step: int) -> None:
        kept = [line for line in read_metrics(self._path) if line["step"] <= step and line["event"] != "ended"]
        write_text(self._path, "".join(dump_json(line) + "\n" for line in kept))


def _plain(record: Any) -> dict[str, Any]:
    """Returns a record as a mapping; unlike `asdict` it copies nothing, as it is called at every step."""
    content = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: _plain(value) if is_dataclass(value) else value for name, value in content.items()}


def read_metrics(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the lines of a metrics file as mappings; a torn last line, as a power cut leaves it, is left out.

    Raises:
        ArtifactError: a line before the last is no JSON.
    """
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                return
            raise ArtifactError(f"{path}:{number}: no JSON ({error.msg})") from error
