"""The page that `demo` ends with: the evaluation's own sections, between what was done and what to do next."""

from dataclasses import dataclass
from pathlib import Path

import meshsight
from meshsight.core.images import read_image
from meshsight.datasets.measures.difficulty import Difficulty
from meshsight.plotting.page import Captioned, Code, Fact, Facts, Gallery, Page, Paragraph, Section, Table
from meshsight.workflows.evaluate import Measured, evaluation_sections
from meshsight.workflows.evaluation_sections import training_section
from meshsight.workflows.opening import Series


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemoFacts:
    """What the page says beside the evaluation.

    Attributes:
        difficulty: how hard the held-out scenes are.
        seconds: duration of each stage.
        cpu_seconds: process time of all of them.
        next_commands: what to try now.
        losses: of the training, over steps.
        predictions: folder of pictures of the exported detector on new scenes.
    """

    difficulty: Difficulty
    seconds: dict[str, float]
    cpu_seconds: float
    next_commands: tuple[str, ...]
    losses: Series
    predictions: Path


def demo_page(facts: DemoFacts, measured: Measured) -> Page:
    """Composes the whole page."""
    overview, *details = evaluation_sections(measured.detected[0], measured.reports[0])
    classes = ", ".join(measured.reports[0].classes)
    return Page(
        title="meshsight demo",
        subtitle=f"From 3D models to a detector of {len(measured.reports[0].classes)} classes ({classes}), on a CPU.",
        sections=(
            overview,
            _difficulty_section(facts.difficulty),
            training_section(facts.losses, {}),
            *details,
            _new_scenes_section(facts.predictions),
            _cost_section(facts),
            Section(title="What next", blocks=(Code(text="\n".join(facts.next_commands)),)),
        ),
        footer=f"meshsight {meshsight.__version__}",
    )


def _difficulty_section(difficulty: Difficulty) -> Section:
    shares = {
        "under 40 px": difficulty.small,
        "over 120 px": difficulty.large,
        "hidden by more than 20 %": difficulty.occluded,
        "cut off by the border": difficulty.truncated,
    }
    facts = tuple(
        Fact(label=label, value=f"{100 * share:.0f} %", note="of the objects") for label, share in shares.items()
    )
    text = (
        f"{difficulty.num_images} scenes of another seed, with {difficulty.fewest_objects} to "
        f"{difficulty.most_objects} objects and at least five distractors each, before backgrounds and in light of "
        "families that training never saw. Two pairs of classes differ in nothing but their texture."
    )
    return Section(title="How hard the test is", blocks=(Paragraph(text=text), Facts(facts=facts)))


def _new_scenes_section(predictions: Path) -> Section:
    pictures = sorted(path for path in predictions.rglob("*") if path.suffix in (".jpg", ".png"))
    items = tuple(Captioned(content=read_image(path)) for path in pictures)
    text = "Found by the exported file in a process in which torch cannot be imported."
    return Section(
        title="New scenes, without torch", blocks=(Paragraph(text=text), Gallery(items=items, min_width_px=260))
    )


def _cost_section(facts: DemoFacts) -> Section:
    rows = tuple((stage, f"{seconds:.1f}") for stage, seconds in facts.seconds.items())
    total = f"{facts.cpu_seconds:.0f} CPU-seconds in all, in this process and its workers."
    return Section(title="What it cost", blocks=(Table(columns=("stage", "seconds"), rows=rows, caption=total),))
