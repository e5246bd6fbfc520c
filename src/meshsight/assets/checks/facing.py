"""Winding and normals: triangles that face inwards or against each other, and normals that are missing or wrong."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from meshsight.assets.checks.finding import AssetFinding
from meshsight.assets.checks.model import Model

FEW = 0.01
"""Share of a model's triangles whose normals may point against them, as at sharp folds they do."""


def check_winding(model: Model) -> Iterator[AssetFinding]:
    """Finds closed pieces that face inwards, and triangles that face against their neighbours."""
    winding = model.winding
    total = len(model.surface.faces)
    if winding.is_inside_out.any():
        pieces = len(np.unique(winding.piece[winding.is_inside_out]))
        yield AssetFinding(
            code="inside_out",
            severity="error",
            text=f"{int(winding.is_inside_out.sum()):,} of {total:,} triangles face inwards: {pieces} closed "
            f"{'piece encloses' if pieces == 1 else 'pieces enclose'} a negative volume",
            remedy="turn them over (Blender: Mesh > Normals > Recalculate Outside)",
            is_mended=True,
        )
    if winding.is_odd.any():
        yield AssetFinding(
            code="inconsistent_winding",
            severity="error",
            text=f"{int(winding.is_odd.sum()):,} of {total:,} triangles face the other way than their neighbours "
            f"(first: triangle {int(model.surface.sound[winding.is_odd.argmax()])})",
            remedy="make them agree (Blender: Mesh > Normals > Recalculate Outside)",
            is_mended=True,
        )
    if winding.is_one_sided.any():
        yield AssetFinding(
            code="one_sided",
            severity="warning",
            text=f"{int(winding.is_one_sided.sum()):,} triangles are of a surface that has only one side, like a "
            "Moebius strip, so they cannot all face outwards",
            remedy="cut it open or give it thickness (Blender: Solidify modifier)",
        )


def check_normals(model: Model) -> Iterator[AssetFinding]:
    """Finds normals that are missing, that have no direction, or that point against their triangles."""
    without = [part for part in model.parts if part.normals is None]
    if without and model.suffix != ".stl":  # STL has none of its vertices, which is as it should be
        yield AssetFinding(
            code="missing_normals",
            severity="info",
            text=f"{len(without)} of {len(model.parts)} parts have no vertex normals; they are made from the "
            "triangles, sharp where two meet at more than 40 degrees",
            remedy="nothing if the pictures look right; else export the model with normals",
            is_mended=True,
        )
    num_zero = sum(int(_lacks_direction(part.normals).sum()) for part in model.parts if part.normals is not None)
    if num_zero:
        yield AssetFinding(
            code="zero_normals",
            severity="warning",
            text=f"{num_zero:,} vertex normals have no direction (expected unit vectors)",
            remedy="export the model without normals, or with sound ones",
            is_mended=True,
        )
    num_against = int(against_normals(model).sum())
    if num_against > FEW * len(model.surface.sound):
        yield AssetFinding(
            code="flipped_normals",
            severity="error",
            text=f"the normals of {num_against:,} of {len(model.surface.faces):,} triangles point against the side "
            "that their corners turn to",
            remedy="recalculate the normals, or export without them: they are then made from the triangles",
            is_mended=True,
        )


def _lacks_direction(normals: Float[np.ndarray, "v 3"]) -> Bool[np.ndarray, " v"]:
    return ~(np.linalg.norm(np.nan_to_num(normals), axis=1) > 1e-6)


def against_normals(model: Model) -> Bool[np.ndarray, " s"]:
    """Returns the sound faces whose stored normals point against them, once their winding is mended."""
    means = [
        np.zeros((len(part.faces), 3)) if part.normals is None else np.nan_to_num(part.normals)[part.faces].mean(axis=1)
        for part in model.parts
    ]
    along = (np.concatenate(means)[model.surface.sound] * model.surface.areas).sum(axis=1)
    turned = np.where(model.winding.is_odd ^ model.winding.is_inside_out, -along, along)
    return turned < 0
