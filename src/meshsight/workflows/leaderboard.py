"""`leaderboard`: runs and artifacts side by side, on one data set or by what each says of itself.

On one data set every difference has a paired interval, so that one inside the noise is seen as such.
"""

import logging
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from meshsight.core.errors import CallError, DataError
from meshsight.core.images import RgbImage
from meshsight.evaluation.evaluate import make_report, match_detections
from meshsight.evaluation.matching import Matches
from meshsight.evaluation.paired import measure_difference
from meshsight.records.dataset import Dataset
from meshsight.records.detections import ObjectDetector
from meshsight.records.report import Difference, Interval
from meshsight.specs.evaluation import EvaluationSpec
from meshsight.workflows.detecting import detect
from meshsight.workflows.evaluate import DEFAULT_SPEC
from meshsight.workflows.opening import ModelFacts, OpenedDetector, open_with_history
from meshsight.workflows.sources import open_source

Metric = Literal["ap", "ap50", "ap75"]

_LATENCY_SECONDS = 2.0
_LATENCY_ROUNDS = (3, 30)
_UNKNOWN_INPUT = (480, 640)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One detector on the board.

    Attributes:
        name: of its folder, as short as it is unique.
        path: the run or artifact.
        facts: what it is made of, and what it cost.
        ap, ap50, ap75: None where there is no figure.
        ap_interval, ap50_interval: 95 % bootstrap intervals; None where only the run's own figures are known.
        measured_on: name of the data set behind the figures.
        behind: how far it stays behind the best one, paired; None for the best, and without a common data set.
        is_tied: whether it may be as good as the best one: the interval of the difference holds 0. None if unknown.
        latency_ms: median time for one image on this machine; None if it was not measured.
    """

    name: str
    path: Path
    facts: ModelFacts
    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_interval: Interval | None = None
    ap50_interval: Interval | None = None
    measured_on: str = ""
    behind: Difference | None = None
    is_tied: bool | None = None
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All entries, best first.

    Attributes:
        entries: sorted by the metric; those without a figure last.
        metric: what they are sorted by.
        data: name of the common data set; empty where each has its own figures.
        num_images: of the common data set.
    """

    entries: tuple[Entry, ...]
    metric: Metric
    data: str
    num_images: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardOptions:
    """How a board is made.

    Attributes:
        metric: what the entries are sorted by.
        has_latency: whether each detector's time for an image is measured.
        device: auto, cpu, cuda or cuda:N.
        spec: how detections are judged.
    """

    metric: Metric = "ap"
    has_latency: bool = True
    device: str = "auto"
    spec: EvaluationSpec = DEFAULT_SPEC


USUAL = BoardOptions()


def leaderboard(targets: Sequence[Path], data: str | Path | Dataset | None, options: BoardOptions = USUAL) -> Board:
    """Compares detectors.

    Args:
        targets: runs and artifacts.
        data: the data set that all are measured on; None shows what each run's own validation said.
        options: how.

    Raises:
        ArtifactError: a target is neither, or is damaged.
        DataError: the data set is bad, or no class of it is known to all detectors.
        CallError: nothing is named, or a target twice.
    """
    names = _short_names(targets)
    dataset = None if data is None else open_source(data)
    entries: list[Entry] = []
    matches: dict[Path, Matches] = {}
    for name, path in zip(names, targets, strict=True):
        opened = open_with_history(path, options.device)
        entry = _own_figures(name, path, opened)
        if dataset is not None:
            entry, matches[path] = _measure(entry, opened.detector, dataset, options.spec)
        if options.has_latency:
            entry = replace(entry, latency_ms=measure_latency(opened.detector, opened.facts.input_hw))
        entries.append(entry)
    ranked = sorted(entries, key=lambda entry: -_figure(entry, options.metric))
    if dataset is not None:
        _check_comparable(matches)
        ranked = [_compare(entry, ranked[0], matches, options, dataset.name) for entry in ranked]
    return Board(
        entries=tuple(ranked),
        metric=options.metric,
        data="" if dataset is None else dataset.name,
        num_images=0 if dataset is None else dataset.num_samples,
    )


def measure_latency(detector: ObjectDetector, input_hw: tuple[int, int] | None) -> float:
    """Returns the median time in milliseconds from an image of the input's size to its detections, one at a time."""
    height, width = input_hw or _UNKNOWN_INPUT
    image: RgbImage = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    detector.predict([image])  # the first one pays for what is loaded late
    times: list[float] = []
    least, most = _LATENCY_ROUNDS
    while len(times) < least or (sum(times) < _LATENCY_SECONDS and len(times) < most):
        start = time.perf_counter()
        detector.predict([image])
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def _own_figures(name: str, path: Path, opened: OpenedDetector) -> Entry:
    data, figures = opened.facts.validation or ("", {})
    return Entry(
        name=name,
        path=path,
        facts=opened.facts,
        ap=figures.get("ap"),
        ap50=figures.get("ap50"),
        ap75=figures.get("ap75"),
        measured_on=data,
    )


def _measure(entry: Entry, detector: ObjectDetector, dataset: Dataset, spec: EvaluationSpec) -> tuple[Entry, Matches]:
    detected = detect(detector, dataset)
    matches = match_detections(detected.samples, detected.detections, detector.classes, spec)
    report = make_report(matches, detected.samples, spec, dataset.name)
    figures = report.headline
    measured = replace(
        entry,
        ap=figures.ap,
        ap50=figures.ap50,
        ap75=figures.ap75,
        ap_interval=report.ap_interval,
        ap50_interval=report.ap50_interval,
        measured_on=dataset.name,
    )
    return measured, matches


def _check_comparable(matches: dict[Path, Matches]) -> None:
    """Refuses to rank detectors of different classes, whose figures are means over different things."""
    (first, one), *others = matches.items()
    for path, other in others:
        if set(one.classes) != set(other.classes):
            odd = ", ".join(sorted(set(one.classes) ^ set(other.classes)))
            raise DataError(f"{path} and {first} know different classes ({odd}); a leaderboard needs the same")


def _compare(entry: Entry, best: Entry, matches: dict[Path, Matches], options: BoardOptions, name: str) -> Entry:
    if entry is best:
        return replace(entry, is_tied=True)
    behind = measure_difference(matches[best.path], matches[entry.path], options.spec, name)
    interval = behind.ap50_interval if options.metric == "ap50" else behind.ap_interval
    return replace(entry, behind=behind, is_tied=None if interval is None else interval.low <= 0)


def _figure(entry: Entry, metric: Metric) -> float:
    value = getattr(entry, metric)
    return -1.0 if value is None else float(value)


def _short_names(targets: Sequence[Path]) -> list[str]:
    """Names each target by its last parts, as few as tell all of them apart."""
    if not targets:
        raise CallError("nothing to compare: name at least one run or artifact")
    resolved = [target.resolve() for target in targets]
    if len(set(resolved)) < len(resolved):
        twice = next(target for target in targets if resolved.count(target.resolve()) > 1)
        raise CallError(f"{twice}: named twice")
    for count in range(1, max(len(path.parts) for path in resolved) + 1):
        names = ["/".join(path.parts[-count:]) for path in resolved]
        if len(set(names)) == len(names):
            return names
    raise AssertionError("different paths differ in some part")
