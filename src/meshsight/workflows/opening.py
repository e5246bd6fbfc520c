"""From a path to a detector: a trained run (which needs torch) or an exported artifact (which does not)."""

from dataclasses import dataclass, field
from pathlib import Path

from meshsight.core.errors import ArtifactError
from meshsight.core.kinds import Kinds
from meshsight.records.detections import ObjectDetector

DETECTOR_SOURCES = Kinds("meshsight.workflows.detector_sources", "detector source")

Series = dict[str, tuple[list[int | float], list[int | float]]]
"""Named lines of x and y values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What a detector is made of, and what it cost; None or nothing where its folder does not say.

    Attributes:
        model: its parts, such as "dense: resnet (depth 50) + fpn + retina".
        schedule: how it was trained, such as "1800 steps of 16, muon 0.05, cosine".
        input_hw: height and width of its input.
        num_parameters: numbers that were learnt.
        size_bytes: of the file with the weights or the graph.
        cpu_seconds: processor time of its training.
        validation: name of the data set that chose its best weights, and the figures there by name.
    """

    model: str
    schedule: str = ""
    input_hw: tuple[int, int] | None = None
    num_parameters: int | None = None
    size_bytes: int | None = None
    cpu_seconds: float | None = None
    validation: tuple[str, dict[str, float | None]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedDetector:
    """A detector with what is known of its making.

    Attributes:
        detector: ready to predict.
        kind: the source that opened it, `run` or `artifact`.
        facts: what it is made of.
        losses, validation: how its training went, over steps; empty where unknown.
    """

    detector: ObjectDetector
    kind: str
    facts: ModelFacts
    losses: Series = field(default_factory=dict[str, tuple[list[int | float], list[int | float]]])
    validation: Series = field(default_factory=dict[str, tuple[list[int | float], list[int | float]]])


def open_detector(path: Path, device: str = "auto") -> ObjectDetector:
    """Opens a run or an artifact for prediction; see `open_with_history`."""
    return open_with_history(path, device).detector


def open_with_history(path: Path, device: str = "auto") -> OpenedDetector:
    """Opens a run or an artifact, with its training history where it has one.

    Args:
        path: a run's folder, an artifact's folder, or the graph in it.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        ArtifactError: there is no run and no artifact, or it is damaged.
        MissingExtraError: it is a run, and torch is not installed.
        CallError: no such device here.
    """
    if not path.exists():
        raise ArtifactError(f"{path}: no such file or folder. Give a run folder or an exported artifact.")
    for kind in DETECTOR_SOURCES.names:
        if DETECTOR_SOURCES.module(kind).recognises(path):
            return DETECTOR_SOURCES.builder(kind)(path, device)
    looked = "; ".join(DETECTOR_SOURCES.module(kind).LOOKS_FOR for kind in DETECTOR_SOURCES.names)
    raise ArtifactError(f"{path}: neither a run nor an exported artifact. Looked for: {looked}.")
