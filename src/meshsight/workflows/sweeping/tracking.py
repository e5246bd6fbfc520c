"""The sweep's own run at a tracker, under which each trial's stands; like every tracker it never stops the work."""

import logging
from collections.abc import Sequence
from pathlib import Path

from meshsight.core.files import write_text
from meshsight.search.standing import front_of
from meshsight.specs.base import VariantSpec
from meshsight.specs.sweep import SweepSpec
from meshsight.training.events import TrackerError
from meshsight.training.tracking import TRACKER_KINDS, GroupTracker
from meshsight.workflows.sweeping.journal import Trial

MARKER = "tracker_run_id"

log = logging.getLogger(__name__)


class SweepTracker:
    """Begins or goes on with the sweep's run, before any trial's.

    Attributes:
        child: the tracker's spec as each trial gets it; None without a tracker.
    """

    def __init__(self, tracker: VariantSpec | None, spec: SweepSpec, out: Path) -> None:
        """Connects.

        Raises:
            MissingExtraError: the tracker's library is not installed.
        """
        self.child = tracker
        self._spec = spec
        self._group: GroupTracker | None = None
        self._run_id = ""
        if tracker is None:
            return
        try:
            built = TRACKER_KINDS.builder(tracker.kind)(tracker)
            if isinstance(built, GroupTracker):
                self._group = built
                self._run_id = self._begin(built, out)
                self.child = tracker.evolve(parent_run=self._run_id)
        except TrackerError as error:
            self._give_up(error)

    def end(self, trials: Sequence[Trial]) -> None:
        """Tells how the sweep ended: the winner's figures."""
        if self._group is None:
            return
        front = front_of([trial.past for trial in trials], self._spec.objectives)
        figures = {f"best_{name}": value for name, value in trials[front[0]].metrics.items()} if front else {}
        try:
            self._group.end_group(self._run_id, {**figures, "trials": len(trials)})
        except TrackerError as error:
            self._give_up(error)

    def _begin(self, group: GroupTracker, out: Path) -> str:
        marker = out / MARKER
        if marker.exists():
            return marker.read_text(encoding="utf-8").strip()
        run_id = group.begin_group(out.resolve().name, self._spec.model_dump(mode="json"))
        write_text(marker, run_id + "\n")
        return run_id

    def _give_up(self, error: TrackerError) -> None:
        log.warning("the sweep goes on without a run of its own at the tracker: %s", error)
        self._group = None
