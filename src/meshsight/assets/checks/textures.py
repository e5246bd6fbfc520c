"""Textures: files that are missing or misspelt, and parts that lack the coordinates to show theirs."""

from collections.abc import Iterator, Sequence

import numpy as np

from meshsight.assets.checks.finding import AssetFinding, Severity
from meshsight.assets.checks.model import Model
from meshsight.assets.checks.named_files import NamedFile
from meshsight.assets.raw_part import RawPart
from meshsight.core.kinds import did_you_mean


def check_files(model: Model) -> Iterator[AssetFinding]:
    """Finds named files that are not there, each once."""
    seen: set[tuple[str, str]] = set()
    for one in model.named:
        if one.state != "there" and (one.state, one.name) not in seen:
            seen.add((one.state, one.name))
            yield _file_finding(one)


def _file_finding(one: NamedFile) -> AssetFinding:
    severity: Severity = "error" if one.is_needed else "warning"
    code = f"{one.noun.split()[0]}_{one.state}"
    folder = one.owner.parent
    if one.state == "misspelt" and one.path is not None:
        found = one.path.relative_to(folder.resolve()).as_posix()
        return AssetFinding(
            code=code,
            severity=severity,
            text=f"{one.where}: names the {one.noun} '{one.name}'; the file is '{found}'",
            remedy=f"write '{found}' there",
            is_mended=one.is_needed,
        )
    if one.state == "broken":
        return AssetFinding(
            code=code,
            severity=severity,
            text=f"{one.where}: the {one.noun} '{one.name}' cannot be decoded; it is truncated or no picture",
            remedy="fetch or export the picture anew",
        )
    last_name = one.name.replace("\\", "/").rsplit("/", 1)[-1]
    nearest = did_you_mean(last_name, _file_names(one))
    return AssetFinding(
        code=code,
        severity=severity,
        text=f"{one.where}: names the {one.noun} '{one.name}', which is not in {folder}{nearest}",
        remedy="put the file there, or remove that line to go on with the plain colour",
    )


def _file_names(one: NamedFile) -> Sequence[str]:
    return sorted(entry.name for entry in one.owner.parent.iterdir() if entry.is_file())


def check_uv(model: Model) -> Iterator[AssetFinding]:
    """Finds textured parts without texture coordinates, or with all of them in one point."""
    textured = [part for part in model.parts if _is_textured(part)]
    bare = [part for part in textured if part.uv is None or not np.ptp(part.uv[np.unique(part.faces)], axis=0).any()]
    if bare:
        colours = "only one colour of it is seen" if bare[0].uv is not None else "its plain colour is shown"
        yield AssetFinding(
            code="texture_without_uv",
            severity="error",
            text=f"{len(bare)} of {len(textured)} textured parts have no texture coordinates (uv), so {colours}",
            remedy="unwrap the model and export it with uv (Blender: UV > Smart UV Project)",
        )


def _is_textured(part: RawPart) -> bool:
    material = part.material
    return material.base_color_texture is not None or material.metallic_roughness_texture is not None


def check_nodes(model: Model) -> Iterator[AssetFinding]:
    """Finds glTF nodes that mirror or stretch what is in them."""
    for node in model.nodes:
        x, y, z = node.factors
        factors = f"({x:.3g}, {y:.3g}, {z:.3g})"
        if min(node.factors) < 0:
            yield AssetFinding(
                code="negative_scale",
                severity="warning",
                text=f"node '{node.name}' has the scale {factors}, which mirrors (expected positive factors)",
                remedy="apply the scale before the export (Blender: Object > Apply > Scale)",
                is_mended=True,
            )
        elif not np.allclose(node.factors, x, rtol=1e-3):
            yield AssetFinding(
                code="non_uniform_scale",
                severity="warning",
                text=f"node '{node.name}' has the scale {factors}, which stretches (expected one factor for all axes)",
                remedy="apply the scale before the export (Blender: Object > Apply > Scale)",
                is_mended=True,
            )
