"""A trained run as a detector, with the losses and validations that it wrote down."""

from pathlib import Path

from meshsight.training.metrics import read_metrics
from meshsight.training.run import load_detector
from meshsight.training.run_folder import RunFiles
from meshsight.workflows.opening import OpenedDetector, Series


def build(path: Path, device: str) -> OpenedDetector:
    """Loads the run's best weights.

    Raises:
        ArtifactError: the folder is no run, or its weights are missing or do not fit.
        CallError: no such device here.
    """
    losses: Series = {}
    validation: Series = {}
    for line in read_metrics(RunFiles(path).metrics):
        if line["event"] == "step":
            _append(losses, "total", line["step"], line["loss"])
            for name, value in line["losses"].items():
                _append(losses, name, line["step"], value)
        elif line["event"] == "validation":
            for figure in ("ap50", "ap"):
                if line[figure] is not None:
                    _append(validation, f"{figure.upper()}, {line['data']}", line["step"], line[figure])
    return OpenedDetector(detector=load_detector(path, device), kind="run", losses=losses, validation=validation)


def _append(series: Series, name: str, x: int | float, y: int | float) -> None:
    xs, ys = series.setdefault(name, ([], []))
    xs.append(x)
    ys.append(y)
