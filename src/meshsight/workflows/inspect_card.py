"""The report card: one page that shows what is in a data set, for people who would rather look than read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import meshsight
from meshsight.core.files import write_text
from meshsight.datasets.inspection.findings import Finding
from meshsight.datasets.measures.label_statistics import measure_labels
from meshsight.datasets.measures.sampling import pick_evenly, pick_samples
from meshsight.plotting.page import Page, Section, render_page
from meshsight.records.dataset import Dataset
from meshsight.workflows.card_pictures import comparison_section, picture_section
from meshsight.workflows.card_sections import (
    Splits,
    box_section,
    class_section,
    finding_section,
    overview_section,
    pooled,
    sample_section,
    viewpoint_section,
    visibility_section,
)
from meshsight.workflows.comparison import NUM_PIXELS, Comparison

NUM_SHOWN = 12


def write_card(
    html: Path,
    *,
    parts: Mapping[str, Dataset],
    findings: Sequence[Finding],
    comparison: Comparison | None,
) -> None:
    """Writes the page.

    Args:
        html: file to write; it needs no other file and no network.
        parts: the splits of the data set by name, or one part named WHOLE.
        findings: what the doctor found.
        comparison: with real photographs, if asked for.

    Raises:
        DataError: a label is bad.
        StorageError: the page cannot be written.
    """
    write_text(html, render_page(card_page(parts, findings, comparison)))


def card_page(parts: Mapping[str, Dataset], findings: Sequence[Finding], comparison: Comparison | None) -> Page:
    """Composes the page in two passes over the labels, the second of which picks the images to look at."""
    splits = {name: measure_labels(part) for name, part in parts.items()}
    picked = pick_samples(parts, NUM_PIXELS)
    first = next(iter(parts.values()))
    sections = (
        overview_section(splits),
        finding_section(findings),
        None if comparison is None else comparison_section(comparison),
        sample_section(pick_evenly(picked, NUM_SHOWN), first.classes),
        *_label_sections(splits),
        picture_section(picked, pooled(splits).num_images),
    )
    return Page(
        title=first.name.partition("#")[0],
        subtitle=_subtitle(splits),
        sections=tuple(section for section in sections if section is not None),
        footer=f"meshsight {meshsight.__version__}",
    )


def _label_sections(splits: Splits) -> tuple[Section | None, ...]:
    if not pooled(splits).num_objects:
        return ()
    return class_section(splits), box_section(splits), visibility_section(splits), viewpoint_section(splits)


def _subtitle(splits: Splits) -> str:
    whole = pooled(splits)
    names = ", ".join(whole.classes[:8]) + (" and more" if len(whole.classes) > 8 else "")
    return f"Report card of {whole.num_images:,} images with {whole.num_objects:,} objects" + (
        f": {names}." if names else "."
    )
