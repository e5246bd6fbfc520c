"""Reports of patch networks go to the tracker that watched the training."""

from pathlib import Path

from meshsight.training.tracking import GuardedTracker, ReportWritten, open_tracker, parse_tracker
from meshsight.workflows.patches_evaluate import PatchesEvaluated


def track_report(run: Path, result: PatchesEvaluated, tracker: str) -> None:
    """Sends figures, pages, pictures and archives to a tracker, `KIND` or `KIND=URI`.

    Raises:
        CallError: no such tracker.
        TrainingError: it cannot be reached.
    """
    opened = open_tracker(parse_tracker(tracker), is_required=True)
    assert isinstance(opened, GuardedTracker)
    record_report(opened, run, result)


def record_report(tracker: GuardedTracker, run: Path, result: PatchesEvaluated) -> None:
    """Sends every report of an evaluation."""
    for report in result.reports:
        figures = {name: figure.value for name, figure in report.figures.items()}
        files = (result.json_path, result.page_path, *result.files)
        tracker.record_report(ReportWritten(run=run, name=report.name, figures=figures, files=files))
