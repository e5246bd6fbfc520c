"""Trackers that never stop a run: a dead server is a warning, unless the run is told to depend on it at its start."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from meshsight.core.errors import TrainingError
from meshsight.core.kinds import Kinds
from meshsight.specs.base import VariantSpec, parse_spec
from meshsight.training.events import Event, Tracker, TrackerError, TrainingStarted

TRACKER_KINDS = Kinds("meshsight.training.trackers", "tracker", extra="track")

log = logging.getLogger(__name__)


@runtime_checkable
class GroupTracker(Protocol):
    """A tracker that can put runs under one of their group."""

    def begin_group(self, name: str, recipe: dict[str, Any]) -> str:
        """Begins the group's run; returns its id, which trackers of the runs get as `parent_run`.

        Raises:
            TrackerError: it does not answer or refuses.
        """
        ...

    def end_group(self, run_id: str, figures: Mapping[str, float]) -> None:
        """Ends the group's run with what came of it.

        Raises:
            TrackerError: it does not answer or refuses.
        """
        ...


def parse_tracker(text: str) -> VariantSpec:
    """Turns `KIND` or `KIND=URI` into a tracker's spec.

    Raises:
        CallError: no such kind.
        SpecError: the kind takes no URI.
    """
    kind, _, uri = text.partition("=")
    spec_type: type[VariantSpec] = TRACKER_KINDS.module(kind).Spec
    return parse_spec(spec_type, {"kind": kind, **({"uri": uri} if uri else {})}, f"--track {text}")


def open_tracker(spec: VariantSpec, is_required: bool) -> "GuardedTracker | None":
    """Connects a tracker.

    Returns:
        The tracker, or None (with a warning) where it cannot be reached.

    Raises:
        MissingExtraError: its library is not installed.
        TrainingError: it cannot be reached, and is required.
    """
    try:
        return GuardedTracker(TRACKER_KINDS.builder(spec.kind)(spec), spec.kind, is_required)
    except TrackerError as error:
        if is_required:
            raise TrainingError(f"the tracker is required and cannot be reached: {error}") from error
        log.warning("training goes on without %s: %s", spec.kind, error)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWritten:
    """A report about a run, written after its end.

    Attributes:
        run: the run's folder.
        name: of the data set.
        figures: by name.
        files: pictures, pages and archives.
    """

    run: Path
    name: str
    figures: dict[str, float]
    files: tuple[Path, ...]


@runtime_checkable
class ReportTracker(Protocol):
    """A tracker that also takes reports."""

    def record_report(self, report: ReportWritten) -> None:
        """Takes in a report."""
        ...


class GuardedTracker:
    """Leaves a tracker out of the run after its first failure; `metrics.jsonl` has everything in any case."""

    def __init__(self, tracker: Tracker, name: str, is_required: bool):
        self._tracker: Tracker | None = tracker
        self._name = name
        self._is_required = is_required

    def record(self, event: Event) -> None:
        """Passes an event on.

        Raises:
            TrainingError: a required tracker failed at the start of the run.
        """
        if self._tracker is None:
            return
        try:
            self._tracker.record(event)
        except TrackerError as error:
            if self._is_required and isinstance(event, TrainingStarted):
                raise TrainingError(f"the tracker is required and refuses the run: {error}") from error
            log.warning("training goes on without %s, which failed: %s", self._name, error)
            self._tracker = None

    def record_report(self, report: ReportWritten) -> None:
        """Passes a report on to a tracker that takes them."""
        if not isinstance(self._tracker, ReportTracker):
            return
        try:
            self._tracker.record_report(report)
        except TrackerError as error:
            log.warning("%s did not take the report: %s", self._name, error)
