"""The journal of a sweep: one line for each thing that happened, on the disk before anything follows from it.

A trial is begun by a line and ended by a line. Between the two, its folder says how far it is; after the second, it is
never run again. So a sweep that is killed at any moment knows on its return what it has and what it owes.
"""

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from meshsight.core.errors import DataError, StorageError
from meshsight.core.files import dump_json
from meshsight.search.history import Past
from meshsight.search.proposing import Proposal, Verdict
from meshsight.workflows.jobs.run_trial import Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A trial as the journal knows it.

    Attributes:
        past: what samplers and pruners see of it.
        metrics: all figures, when it has ended.
        reason: of a failure.
    """

    past: Past
    metrics: dict[str, float] = field(default_factory=dict)
    reason: str = ""


class Journal:
    """Reads what is there, and appends."""

    def __init__(self, path: Path) -> None:
        """Reads the file; a torn last line, which a power cut leaves, is cut off.

        Raises:
            DataError: another line is damaged.
        """
        self._path = path
        self.trials: list[Trial] = []
        self._keep_whole_lines()

    @property
    def past(self) -> list[Past]:
        """All trials, in order."""
        return [trial.past for trial in self.trials]

    @property
    def unfinished(self) -> list[int]:
        """Numbers of the trials that were begun and not ended."""
        return [one.number for one in self.past if one.state == "running"]

    def begin(self, proposal: Proposal) -> int:
        """Writes that a trial begins; returns its number."""
        number = len(self.trials)
        self._append({"begin": number, "params": dict(proposal.params), "notes": dict(proposal.notes)})
        return number

    def report(self, number: int, step: int, value: float) -> None:
        """Writes how a trial does on its way."""
        self._append({"report": number, "step": step, "value": value})

    def judge(self, number: int, verdict: Verdict) -> None:
        """Writes what the pruner noted."""
        if dict(verdict.notes) != dict(self.trials[number].past.notes):
            self._append({"note": number, "notes": dict(verdict.notes)})

    def end(self, number: int, result: Result, values: tuple[float, ...] | None) -> None:
        """Writes what came of a trial."""
        self._append({"end": number, **result.model_dump(mode="json"), "values": values})

    def _append(self, entry: dict[str, Any]) -> None:
        try:
            with self._path.open("ab") as file:
                file.write(dump_json(entry).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(f"{self._path}: cannot be written: {error.strerror or error}") from error
        self._take_in(json.loads(dump_json(entry)))

    def _keep_whole_lines(self) -> None:
        data = self._path.read_bytes() if self._path.exists() else b""
        whole, _, torn = data.rpartition(b"\n")
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                self._take_in(json.loads(line))
            except (ValueError, KeyError, IndexError, TypeError, StopIteration) as error:
                raise DataError(f"{self._path}, line {number}: damaged ({error}); restore it from a copy") from error
        if torn:
            os.truncate(self._path, len(data) - len(torn))

    def _take_in(self, entry: dict[str, Any]) -> None:
        if "begin" in entry:
            if entry["begin"] != len(self.trials):
                raise ValueError(f"trial {entry['begin']} after {len(self.trials)} others")
            self.trials.append(Trial(past=Past(number=entry["begin"], params=entry["params"], notes=entry["notes"])))
            return
        number = next(int(entry[key]) for key in ("report", "note", "end") if key in entry)
        trial = self.trials[number]
        if "report" in entry:
            reports = {**trial.past.reports, entry["step"]: entry["value"]}
            trial = replace(trial, past=replace(trial.past, reports=reports))
        elif "note" in entry:
            trial = replace(trial, past=replace(trial.past, notes=entry["notes"]))
        elif trial.past.state != "running":
            raise ValueError(f"trial {number} ends twice")
        else:
            values = None if entry["values"] is None else tuple(entry["values"])
            past = replace(trial.past, state=entry["state"], values=values)
            trial = Trial(past=past, metrics=entry["metrics"], reason=entry["reason"])
        self.trials[number] = trial
