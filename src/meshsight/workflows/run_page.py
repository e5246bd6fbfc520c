"""`run.html`: a training's curves, gap, settings and first batch on one page, drawn while it goes on and at its end."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from meshsight.core.errors import MeshsightError
from meshsight.core.files import write_text
from meshsight.core.images import read_image
from meshsight.plotting.page import Block, Captioned, Fact, Facts, Gallery, Page, Section, Table, render_page
from meshsight.plotting.plots import Series, plot_series
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.events import Event, TrainingEnded, TrainingStarted, Validated
from meshsight.training.metrics import read_metrics
from meshsight.training.run_folder import RunFiles, RunManifest, read_manifest

SECONDS_BETWEEN = 300.0
"""The page of a run that goes on is at most this old at its last validation."""


FIGURES = ("ap", "ap50", "score", "average_precision", "circle_iou")
"""Of detectors and patch networks, those worth a curve."""


class RunPage:
    """A tracker that draws the page of a run after validations, though not often, and at its end."""

    def __init__(self) -> None:
        self._files: RunFiles | None = None
        self._drawn_at = 0.0

    def record(self, event: Event) -> None:
        """Takes in one event."""
        if isinstance(event, TrainingStarted):
            self._files, self._drawn_at = RunFiles(event.run), time.monotonic()
        is_due = isinstance(event, Validated) and time.monotonic() - self._drawn_at > SECONDS_BETWEEN
        if self._files is not None and (is_due or isinstance(event, TrainingEnded)):
            self._drawn_at = time.monotonic()
            draw_run_page(self._files)


def draw_run_page(files: RunFiles) -> None:
    """Writes the page into the run's folder."""
    write_text(files.page, render_page(run_page(files)))


def run_page(files: RunFiles) -> Page:
    """Makes the page from what the run's folder holds."""
    manifest = read_manifest(files)
    lines = list(read_metrics(files.metrics))
    sections = [
        Section(title="Result", blocks=(_facts(manifest, lines),)),
        Section(title="Curves", blocks=(Gallery(items=tuple(_curves(lines)), min_width_px=420),)),
        *_first_batch(files.first_batch),
        Section(title="What was in force", blocks=tuple(_settings(manifest))),
    ]
    kind = manifest.spec.net.kind if isinstance(manifest.spec, PatchTrainSpec) else manifest.spec.detector.kind
    return Page(
        title=files.folder.resolve().name,
        subtitle=f"{kind}, {len(manifest.classes)} classes, {manifest.step} of {manifest.num_steps} steps: "
        f"{manifest.status}",
        sections=tuple(sections),
        footer=manifest.message,
    )


def _facts(manifest: RunManifest, lines: Iterable[Mapping[str, Any]]) -> Facts:
    facts: list[Fact] = []
    best = manifest.best
    if best is not None:
        note = f"on {best.data}, step {best.step}"
        facts.append(Fact(label=f"best {best.metric}", value=f"{best.value:.3f}", note=note))
    gaps = {(line["data"], line["other"]): line for line in lines if line["event"] == "gap"}
    for (data, other), line in gaps.items():
        trend = "" if line["trend"] is None else f"{line['trend']:+.3f} a validation"
        facts.append(Fact(label=f"gap {data} - {other}", value=f"{line['gap']:+.3f}", note=trend))
    facts.append(Fact(label="CPU-seconds", value=f"{manifest.cpu_seconds:,.0f}"))
    if manifest.data_wait_share is not None:
        facts.append(Fact(label="waiting for data", value=f"{manifest.data_wait_share:.1%}"))
    return Facts(facts=tuple(facts))


def _curves(lines: list[dict[str, Any]]) -> Iterable[Captioned]:
    steps = [line for line in lines if line["event"] == "step"]
    validations = [line for line in lines if line["event"] == "validation"]
    gaps = [line for line in lines if line["event"] == "gap"]
    terms = _gather(("loss", line["step"], line["loss"]) for line in steps)
    terms |= _gather((name, line["step"], value) for line in steps for name, value in line["losses"].items())
    by_source = _gather(
        (name, line["step"], value) for line in steps for name, value in line.get("source_losses", {}).items()
    )
    figures: list[tuple[Series, str, str]] = [
        (terms, "loss", "Training loss and its terms."),
        (by_source, "loss", "Loss on each source of training data."),
        *((_measured(validations, name), name, f"{name} on each validation set.") for name in FIGURES),
        (_measured(validations, "loss"), "loss", "Loss on each validation set."),
        (
            _gather((f"{line['data']} - {line['other']}", line["step"], line["gap"]) for line in gaps),
            "gap",
            "How much lower each other set is than the first.",
        ),
        (_gather(("rate", line["step"], line["learning_rate"]) for line in steps), "learning rate", "Learning rate."),
        (_gather(("norm", line["step"], line["grad_norm"]) for line in steps), "gradient norm", "Before clipping."),
    ]
    return [_captioned(plot_series(series, "step", label), text) for series, label, text in figures if series]


def _captioned(figure: Figure, text: str) -> Captioned:
    return Captioned(content=figure, caption=text)


def _measured(validations: Iterable[Mapping[str, Any]], name: str) -> Series:
    return _gather((line["data"], line["step"], line[name]) for line in validations if line.get(name) is not None)


def _gather(points: Iterable[tuple[str, int, float]]) -> dict[str, tuple[list[int], list[float]]]:
    series: defaultdict[str, tuple[list[int], list[float]]] = defaultdict(lambda: ([], []))
    for name, step, value in points:
        series[name][0].append(step)
        series[name][1].append(value)
    return dict(series)


def _first_batch(path: Path) -> list[Section]:
    try:
        picture = read_image(path)
    except MeshsightError:
        return []
    text = "The first images that the network saw, with their targets; regions to ignore are grey."
    gallery = Gallery(items=(Captioned(content=picture, caption=text),), min_width_px=640)
    return [Section(title="What it learnt from", blocks=(gallery,))]


def _settings(manifest: RunManifest) -> Iterable[Block]:
    effective = manifest.effective
    if effective is not None:
        plain = effective.model_dump(exclude={"groups"})
        rows = tuple((key.replace("_", " "), str(value)) for key, value in plain.items() if value not in (None, ()))
        yield Table(columns=("setting", "value"), rows=rows)
        yield Table(
            columns=("peak learning rate", "weight decay", "parameters"),
            rows=tuple(
                (f"{group.learning_rate:.3g}", f"{group.weight_decay:g}", group.num_parameters)
                for group in effective.groups
            ),
            caption="Groups of parameters.",
        )
    yield Table(
        columns=("data", "images", "objects", "left out or ignored"),
        rows=tuple(
            (facts.name, facts.num_images, facts.num_objects, _left_out(facts.left_out))
            for facts in (*manifest.data, *manifest.validation)
        ),
    )


def _left_out(left_out: Any) -> str:
    counts = {} if left_out is None else left_out.model_dump()
    return ", ".join(f"{key.replace('_', ' ')} {count}" for key, count in counts.items() if count) or "nothing"
