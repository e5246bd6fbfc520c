"""A trained run as a detector, with the losses and validations that it wrote down."""

from pathlib import Path

from meshsight.specs.training import TrainSpec
from meshsight.training.metrics import read_metrics
from meshsight.training.run import load_detector
from meshsight.training.run_folder import RunFiles, read_manifest
from meshsight.workflows.model_names import name_parts, num_parameters
from meshsight.workflows.opening import ModelFacts, OpenedDetector, Series


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
    detector = load_detector(path, device)
    facts = _facts(path, num_parameters(detector.network))
    return OpenedDetector(detector=detector, kind="run", facts=facts, losses=losses, validation=validation)


def _facts(path: Path, parameters: int) -> ModelFacts:
    files = RunFiles(path)
    manifest = read_manifest(files)
    spec, best = manifest.spec, manifest.best
    assert isinstance(spec, TrainSpec), "a detector was loaded from it"
    figures = None if best is None else (best.data, {"ap": best.ap, "ap50": best.ap50, "ap75": best.ap75})
    optimiser = f"{spec.optimiser.kind} {spec.optimiser.learning_rate:g}"
    batch = spec.batch_size * spec.accumulate
    return ModelFacts(
        model=name_parts(spec.detector),
        schedule=f"{manifest.step} steps of {batch}, {optimiser}, {spec.schedule.kind}",
        input_hw=spec.input_hw,
        num_parameters=parameters,
        size_bytes=files.weights.stat().st_size,
        cpu_seconds=manifest.cpu_seconds,
        validation=figures,
    )


def _append(series: Series, name: str, x: int | float, y: int | float) -> None:
    xs, ys = series.setdefault(name, ([], []))
    xs.append(x)
    ys.append(y)
