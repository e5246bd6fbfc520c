"""The repairs that are beyond doubt: a model with its unit, axis, triangles and normals put right."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool

from meshsight.assets.axes import METRES
from meshsight.assets.checks.decimation import decimate
from meshsight.assets.checks.facing import FEW, against_normals
from meshsight.assets.checks.model import Model
from meshsight.assets.checks.parts import keep_faces, used_only
from meshsight.assets.checks.standing import judge_up_axis
from meshsight.assets.checks.units import judge_unit
from meshsight.assets.checks.winding import Winding
from meshsight.assets.loading import finish_mesh
from meshsight.assets.raw_part import RawPart
from meshsight.core.errors import AssetError
from meshsight.records.mesh import Mesh
from meshsight.specs.mesh_import import MeshImport

Origin = Literal["keep", "center", "base"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is done on request only.

    Attributes:
        max_faces: the most triangles to leave; None leaves as many as there are.
        origin: where to put the origin: where it is, in the middle of the box, or below it, at the middle of its base.
    """

    max_faces: int | None = None
    origin: Origin = "keep"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RepairedModel:
    """A repaired model.

    Attributes:
        mesh: in metres, z up.
        done: what was done, one line each.
    """

    mesh: Mesh
    done: tuple[str, ...]


def repair_model(model: Model, wishes: Wishes) -> RepairedModel:
    """Does every repair that the model needs.

    Raises:
        AssetError: it lacks what nobody can guess: a texture, or vertices that are numbers.
    """
    reason = why_beyond_repair(model)
    if reason is not None:
        raise AssetError(f"{model.ref}: not repaired, because {reason}")
    done: list[str] = []
    parts = _face_out(model, done)
    parts = _without_needless_faces(model, parts, done)
    if wishes.max_faces is not None and sum(len(part.faces) for part in parts) > wishes.max_faces:
        before = sum(len(part.faces) for part in parts)
        parts = list(decimate(parts, wishes.max_faces))
        done.append(f"reduced {before:,} triangles to {sum(len(part.faces) for part in parts):,}")
    done += _words_on_files(model)
    load = _frame(model, done)
    mesh = _moved(finish_mesh(model.path, [used_only(part) for part in parts], load), wishes.origin, done)
    return RepairedModel(mesh=mesh, done=tuple(dict.fromkeys(done)))


def why_beyond_repair(model: Model) -> str | None:
    """Says what a model lacks that nobody can guess, or nothing when it can be repaired."""
    for one in model.named:
        if one.is_needed and one.state in ("missing", "broken"):
            return f"the {one.noun} '{one.name}' is {one.state}; put it right or remove its line first"
    if not model.surface.has_numbers.all():
        return "triangles use vertices that are no numbers; export it anew"
    return None


def _face_out(model: Model, done: list[str]) -> list[RawPart]:
    """Turns triangles over, then leaves out normals that point against them, so that they are made anew."""
    surface, winding = model.surface, model.winding
    against = against_normals(model)
    wrong_sheet = _trust_normals(winding, against, np.linalg.norm(surface.areas, axis=1))
    turn = winding.is_odd ^ winding.is_inside_out ^ wrong_sheet
    against ^= wrong_sheet
    if turn.any():
        done.append(f"turned {int(turn.sum()):,} triangles over")
    is_turned, is_against = np.zeros((2, len(surface.faces)), dtype=bool)
    is_turned[surface.sound], is_against[surface.sound] = turn, against
    is_folded = against.sum() <= FEW * len(against)
    parts: list[RawPart] = []
    start = 0
    for part in model.parts:
        own = slice(start, start + len(part.faces))
        start += len(part.faces)
        faces = np.where(is_turned[own, None], part.faces[:, ::-1], part.faces)
        is_bad = part.normals is not None and bool(is_against[own].any()) and not is_folded
        if is_bad or (part.normals is not None and _has_zero(part.normals)):
            done.append("made normals anew")
        parts.append(replace(part, faces=faces, normals=None if is_bad else part.normals))
    if any(part.normals is None for part in model.parts):
        done.append("made the normals that were missing")
    return parts


def _has_zero(normals: np.ndarray) -> bool:
    return not bool((np.linalg.norm(np.nan_to_num(normals), axis=1) > 1e-6).all())


def _trust_normals(winding: Winding, against: np.ndarray, areas: np.ndarray) -> Bool[np.ndarray, " s"]:
    """Returns the faces of open pieces nearly all of whose normals agree that they face the other way."""
    total = np.bincount(winding.piece, areas)
    opposed = np.bincount(winding.piece, areas * against)
    return (opposed > 0.99 * total)[winding.piece] & ~winding.is_closed & ~winding.is_one_sided


def _without_needless_faces(model: Model, parts: list[RawPart], done: list[str]) -> list[RawPart]:
    surface = model.surface
    for mask, what in ((surface.is_collapsed, "without area"), (surface.is_repeated, "that repeat another")):
        if mask.any():
            done.append(f"removed {int(mask.sum()):,} triangles {what}")
    return keep_faces(parts, ~(surface.is_collapsed | surface.is_repeated))


def _words_on_files(model: Model) -> list[str]:
    names = Counter(
        f"'{one.path.name}' for '{one.name}'" for one in model.named if one.state == "misspelt" and one.path
    )
    words = [f"took {name}" for name in names]
    words += [f"applied the scale of node '{node.name}'" for node in model.nodes]
    if model.left_out:
        words.append(f"left out {', '.join(model.left_out)}, which are not read")
    return words


def mesh_as_read(model: Model) -> Mesh:
    """Returns the mesh as it is read today, in metres, z up, without the triangles whose corners are no numbers.

    Raises:
        AssetError: its texture coordinates are no numbers.
    """
    parts = [used_only(part) for part in keep_faces(model.parts, model.surface.has_numbers)]
    load = MeshImport(unit=judge_unit(model).assumed, up_axis=judge_up_axis(model).assumed)
    return finish_mesh(model.path, parts, load)


def _frame(model: Model, done: list[str]) -> MeshImport:
    unit, (_, up, _, is_certain) = judge_unit(model).likely, judge_up_axis(model)
    guessed = "" if is_certain else ", a mere guess (say it with --up-axis)"
    if not model.says_frame or (unit, up) != ("m", "y"):
        done.append(f"took its unit as {unit} ({METRES[unit]:g} m) and its up axis as {up}{guessed}")
    return MeshImport(unit=unit, up_axis=up)


def _moved(mesh: Mesh, origin: Origin, done: list[str]) -> Mesh:
    if origin == "keep":
        return mesh
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    target = 0.5 * (low + high)
    if origin == "base":
        target[2] = low[2]
    done.append(f"put the origin {'at the middle of the base' if origin == 'base' else 'in the middle of the box'}")
    parts = (replace(part, vertices=part.vertices - target.astype(np.float32)) for part in mesh.parts)
    return replace(mesh, parts=tuple(parts))
