"""The sections of a patch network's page.

Shapes: n patches.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64

from meshsight.datasets.patches.arrays import PatchArrays
from meshsight.evaluation.circles import centre_errors
from meshsight.evaluation.patches import Figure, PatchReport
from meshsight.plotting.page import Captioned, Fact, Facts, Gallery, Paragraph, Section, Table
from meshsight.plotting.patch_plots import plot_curve, plot_errors, plot_scores
from meshsight.plotting.patch_sheet import PatchRow, draw_sheet
from meshsight.records.patches import PatchGuesses

NUM_SHOWN = 48

_WORDS = {
    "f1": "F1",
    "precision": "precision",
    "recall": "recall",
    "f_beta": "F-beta",
    "best_f1": "F1 at the best threshold",
    "average_precision": "average precision",
    "roc_auc": "area under ROC",
    "centre_px": "centre off by (mean, px)",
    "centre_px_median": "centre off by (median, px)",
    "radius_px": "radius off by (mean, px)",
    "circle_iou": "IoU of circles",
    "centre_px_of_the_patch_centre": "patch's centre off by (mean, px)",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mistakes:
    """Patches that were decided wrongly, the surest mistake first."""

    false_positives: Int64[np.ndarray, " _"]
    false_negatives: Int64[np.ndarray, " _"]

    @property
    def by_kind(self) -> dict[str, Int64[np.ndarray, " _"]]:
        """Both kinds by name."""
        return {"false_positives": self.false_positives, "false_negatives": self.false_negatives}


def patch_sections(
    report: PatchReport, patches: PatchArrays, guesses: PatchGuesses, mistakes: Mistakes, name: str
) -> list[Section]:
    """Composes the sections about one set; `name` goes into their titles where there are several."""
    ending = f", {name}" if name else ""
    sections = [Section(title=f"Figures{ending}", blocks=(_facts(report), _table(report)))]
    if guesses.scores is not None and report.curve is not None and report.decided is not None:
        sections.append(Section(title=f"Ball or not{ending}", blocks=_class_blocks(report, patches, guesses)))
        sections.append(Section(title=f"Mistakes{ending}", blocks=_mistake_blocks(patches, mistakes)))
    if guesses.circles is not None and patches.has_circle.any():
        sections.append(Section(title=f"Circles{ending}", blocks=_circle_blocks(patches, guesses)))
    return sections


def _facts(report: PatchReport) -> Facts:
    names = ("f1", "precision", "recall", "centre_px", "circle_iou")
    return Facts(
        facts=tuple(
            Fact(label=_WORDS[name], value=f"{report.figures[name].value:.3f}", note=_interval(report.figures[name]))
            for name in names
            if name in report.figures
        )
    )


def _interval(figure: Figure) -> str:
    return f"{figure.interval.low:.3f} to {figure.interval.high:.3f}"


def _table(report: PatchReport) -> Table:
    rows = tuple((_WORDS[name], figure.value, _interval(figure)) for name, figure in report.figures.items())
    note = f"{report.num_patches:,} patches, {report.num_balls:,} with a ball; 95 % intervals over groups of patches"
    return Table(columns=("figure", "value", "interval"), rows=rows, caption=note)


def _class_blocks(
    report: PatchReport, patches: PatchArrays, guesses: PatchGuesses
) -> tuple[Table | Gallery | Paragraph, ...]:
    decided, curve = report.decided, report.curve
    assert decided is not None and curve is not None and guesses.scores is not None
    confusion = Table(
        columns=("", "called a ball", "called none"),
        rows=(
            ("ball", decided.true_positives, decided.false_negatives),
            ("no ball", decided.false_positives, decided.true_negatives),
        ),
        caption=f"Decided at a score of {report.threshold:.3f}.",
    )
    at = (decided.recall, decided.precision)
    wrong = decided.false_positives / max(decided.false_positives + decided.true_negatives, 1)
    plots = (
        Captioned(
            content=plot_curve(curve.recall, curve.precision, ("recall", "precision"), at),
            caption="Precision over recall.",
        ),
        Captioned(
            content=plot_curve(
                curve.false_positive_rate, curve.recall, ("false positive rate", "recall"), (wrong, decided.recall)
            ),
            caption="ROC.",
        ),
        Captioned(content=plot_scores(guesses.scores, patches.balls > 0.5, report.threshold), caption="Scores."),
    )
    return (confusion, Gallery(items=plots))


def _mistake_blocks(patches: PatchArrays, mistakes: Mistakes) -> tuple[Gallery | Paragraph, ...]:
    rows = [
        PatchRow(
            title=f"{len(found)} {kind.replace('_', ' ')}, the surest first", pixels=patches.pixels[found[:NUM_SHOWN]]
        )
        for kind, found in mistakes.by_kind.items()
    ]
    note = Paragraph(
        text="All of them lie beside this page, as pictures, as zip files, and in a table that says where each was cut."
    )
    return (note, Gallery(items=(Captioned(content=draw_sheet(rows)),), min_width_px=900))


def _circle_blocks(patches: PatchArrays, guesses: PatchGuesses) -> tuple[Gallery, ...]:
    assert guesses.circles is not None
    height, width = patches.pixels.shape[1:3]
    known = np.flatnonzero(patches.has_circle)
    wanted = patches.circles[known].astype(np.float64) * (width, width, height)
    found = guesses.circles[known].astype(np.float64)
    middle = np.tile([1.0, width / 2, height / 2], (len(known), 1))
    errors = centre_errors(found, wanted)
    worst, some = known[np.argsort(-errors)[:NUM_SHOWN]], known[:: max(1, len(known) // NUM_SHOWN)][:NUM_SHOWN]
    shares = guesses.circles / np.array([width, width, height], dtype=np.float32)
    rows = [
        PatchRow(title=title, pixels=patches.pixels[rows], circles=patches.circles[rows], found=shares[rows])
        for title, rows in (("Some balls: truth green, found orange", some), ("The worst", worst))
    ]
    return (
        Gallery(items=(Captioned(content=plot_errors(errors, centre_errors(middle, wanted)), caption="Centres."),)),
        Gallery(items=(Captioned(content=draw_sheet(rows)),), min_width_px=900),
    )
