"""Keeps a run's manifest true while the run goes on."""

import time
from dataclasses import dataclass, field

from meshsight.training.events import (
    Event,
    GapMeasured,
    PicturesDrawn,
    StepDone,
    TrainingEnded,
    TrainingStarted,
    Validated,
)
from meshsight.training.run_folder import BestFacts, RunFiles, RunManifest, write_manifest

COCO_FIGURES = ("ap", "ap50", "ap75")
"""They have fields of their own in the manifest."""


@dataclass(slots=True)
class ManifestKeeper:
    """A tracker that writes the manifest at the start, after each validation and at the end.

    Attributes:
        files: of the run.
        manifest: as it is now.
    """

    files: RunFiles
    manifest: RunManifest
    _cpu_seconds_before: float = field(init=False)
    _seconds: float = 0.0
    _data_wait: float = 0.0

    def __post_init__(self) -> None:
        self._cpu_seconds_before = self.manifest.cpu_seconds

    def record(self, event: Event) -> None:
        """Takes in one event.

        Raises:
            StorageError: the manifest cannot be written.
        """
        match event:
            case StepDone():
                self._seconds += event.seconds
                self._data_wait += event.data_wait
                self.manifest = self.manifest.model_copy(update={"step": event.step})
                return
            case TrainingStarted():
                changes = {"step": event.first_step}
            case Validated():
                changes = {"best": self._best(event)}
            case GapMeasured():
                changes = {"gaps": {**self.manifest.gaps, event.other: event.gap}}
            case PicturesDrawn():
                return
            case TrainingEnded():
                changes = {"status": event.status, "message": event.message, "step": event.step}
        share = {"data_wait_share": self._data_wait / self._seconds} if self._seconds else {}
        cpu_seconds = self._cpu_seconds_before + time.process_time()
        self.manifest = self.manifest.model_copy(update={**changes, **share, "cpu_seconds": cpu_seconds})
        write_manifest(self.files, self.manifest)

    def _best(self, event: Validated) -> BestFacts | None:
        if not event.is_best:
            return self.manifest.best
        metric = self.manifest.spec.validation.metric
        figures = {name: value for name, value in event.figures.items() if name not in COCO_FIGURES}
        return BestFacts(
            metric=metric,
            value=event.figures[metric] or 0.0,
            step=event.step,
            data=event.data,
            ap=event.figures.get("ap"),
            ap50=event.figures.get("ap50"),
            ap75=event.figures.get("ap75"),
            figures=figures,
        )
