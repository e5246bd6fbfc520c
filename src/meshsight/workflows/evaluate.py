"""`evaluate`: a detector is measured on one or several data sets; the result is a JSON file and a page."""

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import meshsight
from meshsight.core.errors import CallError
from meshsight.core.files import write_json, write_text
from meshsight.core.images import RgbImage, read_image
from meshsight.evaluation.evaluate import make_report, match_detections, measure_gap
from meshsight.evaluation.matching import Matches
from meshsight.plotting.page import Page, Section, render_page
from meshsight.records.dataset import Dataset
from meshsight.records.report import EvalReport, Gap, report_to_json
from meshsight.specs.evaluation import EvaluationSpec
from meshsight.specs.inference import InferenceSpec
from meshsight.workflows.detecting import DetectedDataset, detect, spread
from meshsight.workflows.evaluation_sections import (
    class_section,
    error_section,
    gap_section,
    interval_text,
    overview_section,
    prediction_section,
    sample_section,
    slice_section,
    training_section,
)
from meshsight.workflows.looking import ONE_LOOK, open_looking
from meshsight.workflows.opening import OpenedDetector
from meshsight.workflows.sources import open_source

DEFAULT_SPEC = EvaluationSpec()

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """A detector measured, and all that a page about it shows.

    Attributes:
        opened: the detector.
        detected: what it found, for each data set.
        reports: how good that is, for each data set.
        gaps: from the first data set to each other.
    """

    opened: OpenedDetector
    detected: tuple[DetectedDataset, ...]
    reports: tuple[EvalReport, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The outcome of `evaluate`.

    Attributes:
        ap, ap50, ap75: on the first data set.
        reports: one for each data set.
        gaps: from the first data set to each other.
        json_path, page_path: the files written.
    """

    ap: float | None
    ap50: float | None
    ap75: float | None
    reports: tuple[EvalReport, ...]
    gaps: tuple[Gap, ...]
    json_path: Path
    page_path: Path


def evaluate(
    target: Path,
    *,
    data: Sequence[str | Path | Dataset],
    out: Path,
    spec: EvaluationSpec = DEFAULT_SPEC,
    inference: InferenceSpec = ONE_LOOK,
    device: str = "auto",
) -> Evaluated:
    """Measures a detector.

    Args:
        target: a run, or an exported artifact, which needs no torch.
        data: folders, `NAME=FOLDER`, or data sets already open; with several, the gap is measured from the first one
            (the synthetic test set, say) to each of the others (real photographs).
        out: folder for `evaluation.json` and `evaluation.html`.
        spec: how it is judged.
        inference: how the images are looked at.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        ArtifactError: there is no run and no artifact.
        DataError: a data set is bad, or its classes do not fit the detector's.
    """
    return write_evaluation(target.name, measure(target, data=data, spec=spec, inference=inference, device=device), out)


def measure(
    target: Path,
    *,
    data: Sequence[str | Path | Dataset],
    spec: EvaluationSpec = DEFAULT_SPEC,
    inference: InferenceSpec = ONE_LOOK,
    device: str = "auto",
) -> Measured:
    """Measures a detector as `evaluate` does, and writes nothing."""
    if not data:
        raise CallError("nothing to evaluate on: give at least one data set with --data")
    datasets = [open_source(source) for source in data]
    _check_names(datasets)
    return measure_opened(open_looking(target, inference, device), datasets, spec)


def measure_opened(
    opened: OpenedDetector, datasets: Sequence[Dataset], spec: EvaluationSpec = DEFAULT_SPEC
) -> Measured:
    """Measures a detector that is open already."""
    classes = opened.detector.classes
    detected = tuple(detect(opened.detector, dataset) for dataset in datasets)
    matches = [match_detections(one.samples, one.detections, classes, spec) for one in detected]
    names = [one.dataset.name for one in detected]
    reports = tuple(
        make_report(found, one.samples, spec, name) for name, one, found in zip(names, detected, matches, strict=True)
    )
    gaps = _measure_gaps(list(zip(names, matches, strict=True)), spec)
    _log_figures(reports, gaps)
    return Measured(opened=opened, detected=detected, reports=reports, gaps=gaps)


def write_evaluation(title: str, measured: Measured, out: Path) -> Evaluated:
    """Writes `evaluation.json` and the page; `title` is what the page calls the detector."""
    figures = measured.reports[0].headline
    result = Evaluated(
        ap=figures.ap,
        ap50=figures.ap50,
        ap75=figures.ap75,
        reports=measured.reports,
        gaps=measured.gaps,
        json_path=out / "evaluation.json",
        page_path=out / "evaluation.html",
    )
    write_json(result.json_path, to_json(result))
    write_text(result.page_path, render_page(make_page(title, measured)))
    return result


def to_json(result: Evaluated) -> dict[str, object]:
    """Returns a result as plain data with the figures of the first data set on top."""
    return {
        "ap": result.ap,
        "ap50": result.ap50,
        "ap75": result.ap75,
        "gaps": [asdict(gap) for gap in result.gaps],
        "reports": [report_to_json(report) for report in result.reports],
    }


def make_page(title: str, measured: Measured) -> Page:
    """Composes the page of an evaluation: everything about the first data set, then the other data sets."""
    sections: list[Section] = []
    for index, (one, report) in enumerate(zip(measured.detected, measured.reports, strict=True)):
        sections += evaluation_sections(one, report, is_first=index == 0)
        if index == 0 and measured.gaps:
            sections.insert(1, gap_section(measured.reports, measured.gaps))
    if measured.opened.losses:
        sections.append(training_section(measured.opened.losses, measured.opened.validation))
    names = ", ".join(report.name for report in measured.reports)
    return Page(
        title=f"Evaluation of {title}",
        subtitle=f"A detector of {len(measured.opened.detector.classes)} classes, measured on {names}.",
        sections=tuple(sections),
        footer=f"meshsight {meshsight.__version__}",
    )


def evaluation_sections(one: DetectedDataset, report: EvalReport, is_first: bool = True) -> list[Section]:
    """Composes the sections about one data set; those of a second one carry its name."""
    root = one.dataset.root
    shown = spread(list(zip(one.samples, one.detections, strict=True)), 9)

    def read(image: str) -> RgbImage:
        return read_image(root / image)

    score = None if report.operating_point is None else report.operating_point.score
    sections = [
        sample_section([sample for sample, _ in shown], report.classes, read),
        class_section(report),
        slice_section(report),
        prediction_section(shown[:8], report.classes, read, score),
        error_section(report, read),
    ]
    named = [_with_name(section, "" if is_first else report.name) for section in sections]
    return [overview_section(report), *named]


def _with_name(section: Section, name: str) -> Section:
    return Section(title=f"{section.title}: {name}", blocks=section.blocks) if name else section


def _check_names(datasets: Sequence[Dataset]) -> None:
    names = [dataset.name for dataset in datasets]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise CallError(f"two data sets are called '{twice[0]}': tell them apart with NAME=FOLDER")


def _measure_gaps(named: Sequence[tuple[str, Matches]], spec: EvaluationSpec) -> tuple[Gap, ...]:
    first, *others = named
    gaps = [(other, measure_gap(first, other, spec)) for other in others]
    for (name, _), gap in gaps:
        if gap is None:
            log.warning("no gap from %s to %s: they share no class with objects in both", first[0], name)
    return tuple(gap for _, gap in gaps if gap is not None)


def _log_figures(reports: Sequence[EvalReport], gaps: Sequence[Gap]) -> None:
    for report in reports:
        figures = report.headline
        if figures.ap is None or figures.ap50 is None:
            log.warning("%s: no objects to find, so there is no AP", report.name)
            continue
        text = interval_text(report.ap50_interval)
        log.info("%s: AP50 %.3f (95 %%: %s), AP %.3f", report.name, figures.ap50, text, figures.ap)
    for gap in gaps:
        text = interval_text(gap.interval)
        log.info("the gap from %s to %s: %.3f (95 %%: %s)", gap.first, gap.other, gap.gap, text)
