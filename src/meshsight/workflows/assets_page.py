"""The asset doctor's page: each model from all sides, what is wrong with it, and what mends that."""

from pathlib import Path
from typing import Literal

import yaml

import meshsight
from meshsight.assets.checks.finding import AssetFinding, Severity
from meshsight.assets.checks.opening import BUILTIN
from meshsight.assets.checks.standing import judge_up_axis
from meshsight.assets.checks.symmetries import symmetry_in_words
from meshsight.assets.checks.units import judge_unit, length_in_words
from meshsight.core.files import write_text
from meshsight.plotting.page import (
    Block,
    Captioned,
    Code,
    Fact,
    Facts,
    Gallery,
    Notice,
    Notices,
    Page,
    Paragraph,
    Section,
    Table,
    render_page,
)
from meshsight.workflows.assets_check import AssetCheck, CheckedModel, MendedModel, ModelSize
from meshsight.workflows.assets_turntable import NUM_VIEWS, Turntable, turn_around

_TONES: dict[Severity, Literal["bad", "doubtful", "good"]] = {"error": "bad", "warning": "doubtful", "info": "good"}
_VIEW_PX = 200


def write_assets_page(html: Path, found: AssetCheck) -> None:
    """Writes the page; it needs no other file and no network.

    Raises:
        StorageError: the page cannot be written.
    """
    write_text(html, render_page(assets_page(found)))


def assets_page(found: AssetCheck) -> Page:
    """Composes the page: an overview, then a section for each model."""
    names = _section_names(found)
    sections = [_model_section(name, model) for name, model in zip(names, found.models, strict=True)]
    if found.mended is not None:
        sections.append(_mended_section(found.mended))
    count = len(found.models)
    return Page(
        title="Asset doctor",
        subtitle=f"Check-up of {count} 3D {'model' if count == 1 else 'models'}.",
        sections=(_overview(names, found), *sections),
        footer=f"meshsight {meshsight.__version__}",
    )


def _section_names(found: AssetCheck) -> list[str]:
    """Returns the shortest ends of the paths that tell all models apart."""
    paths = [Path(model.ref).parts for model in found.models]
    for length in range(1, max(map(len, paths)) + 1):
        names = ["/".join(parts[-length:]) for parts in paths]
        if len(set(names)) == len(names):
            return names
    return [model.ref for model in found.models]


def _overview(names: list[str], found: AssetCheck) -> Section:
    rows = tuple(
        (
            name,
            *(sum(finding.severity == severity for finding in model.findings) for severity in _TONES),
            "" if model.size is None else _box_in_words(model.size),
            None if model.size is None else model.size.num_faces,
            "" if model.size is None else symmetry_in_words(model.symmetries),
        )
        for name, model in zip(names, found.models, strict=True)
    )
    columns = ("model", "errors", "warnings", "infos", "x, y, z (up)", "triangles", "symmetry")
    return Section(title="Overview", blocks=(Table(columns=columns, rows=rows),))


def _model_section(name: str, model: CheckedModel) -> Section:
    blocks: list[Block] = []
    if model.size is not None and model.mesh is not None:
        blocks += [_facts(model, model.size), _gallery(turn_around(model.mesh, model.symmetries))]
    if model.findings:
        blocks.append(Notices(notices=tuple(_notice(finding) for finding in model.findings)))
    else:
        blocks.append(Paragraph(text="Nothing to say against it."))
    if model.size is not None:
        blocks.append(Code(text=_next_steps(model)))
    return Section(title=name, blocks=tuple(blocks))


def _facts(model: CheckedModel, size: ModelSize) -> Facts:
    alone = symmetry_in_words(model.shape_symmetries)
    looks = symmetry_in_words(model.symmetries)
    return Facts(
        facts=(
            Fact(
                label="longest side",
                value=length_in_words(max(size.size_m)),
                note=f"{_box_in_words(size)} (x, y, z), read in {size.unit} with {size.up_axis} up",
            ),
            Fact(label="diameter", value=length_in_words(size.diameter_m), note=f"{size.diameter_m:.6g} m"),
            Fact(label="triangles", value=f"{size.num_faces:,}", note=f"{size.num_vertices:,} vertices"),
            Fact(label="symmetry", value=looks, note="" if alone == looks else f"of the shape alone: {alone}"),
        )
    )


def _box_in_words(size: ModelSize) -> str:
    """Returns the sides in one unit: "20.4 x 9.6 x 1.4 cm"."""
    largest = max(size.size_m)
    unit, factor = ("m", 1.0) if largest >= 1 else ("cm", 0.01) if largest >= 0.01 else ("mm", 0.001)
    return " x ".join(f"{side / factor:.3g}" for side in size.size_m) + f" {unit}"


def _gallery(turntable: Turntable) -> Gallery:
    tile = length_in_words(turntable.tile_m)
    first = Captioned(
        content=turntable.with_axes,
        caption=f"from +x, with axes at the origin and, dashed, of symmetry; a cell of the grid is {tile}",
    )
    turns = (
        Captioned(content=view, caption=f"from {360 * index // NUM_VIEWS}\N{DEGREE SIGN}")
        for index, view in enumerate(turntable.views)
        if index > 0
    )
    return Gallery(items=(first, *turns), min_width_px=_VIEW_PX)


def _notice(finding: AssetFinding) -> Notice:
    mended = " `--fix` does it." if finding.is_mended else ""
    note = f"{finding.remedy[:1].upper()}{finding.remedy[1:]}.{mended}" if finding.remedy else ""
    return Notice(
        tone=_TONES[finding.severity], label=finding.severity, title=f"{finding.code}: {finding.text}", note=note
    )


def _next_steps(model: CheckedModel) -> str:
    """Returns the model's entry in a recipe, and the command that mends it."""
    entry: dict[str, object] = {"name": model.mesh.name if model.mesh else "object", "mesh": model.ref}
    if model.model is not None and not model.ref.startswith(BUILTIN):
        entry["load"] = {"unit": judge_unit(model.model).likely, "up_axis": judge_up_axis(model.model).likely}
    recipe = yaml.safe_dump({"objects": [entry]}, sort_keys=False)
    mend = f"\nmeshsight assets check {model.ref} --fix mended" if any(f.is_mended for f in model.findings) else ""
    return f"# in the recipe\n{recipe}{mend}".strip()


def _mended_section(mended: tuple[MendedModel, ...]) -> Section:
    rows = tuple(
        (one.ref, "" if one.path is None else str(one.path), "; ".join(one.done) or one.reason, _left(one))
        for one in mended
    )
    return Section(title="Mended copies", blocks=(Table(columns=("model", "copy", "done", "left"), rows=rows),))


def _left(one: MendedModel) -> str:
    return ", ".join(finding.code for finding in one.left if finding.severity != "info") or "no error or warning"
