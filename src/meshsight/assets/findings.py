"""What may be wrong with a mesh: pure checks, each with its weight and one line of advice."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from meshsight.assets.normals import area_vectors, weld
from meshsight.records.mesh import Mesh, bounds_of

Severity = Literal["problem", "doubt", "note"]

SMALLEST_M, LARGEST_M = 0.005, 5.0
MANY_FACES = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshFinding:
    """One thing to know about a mesh.

    Attributes:
        code: a stable name, such as `not_watertight`.
        severity: `problem` spoils pictures or labels, `doubt` may be a mistake, `note` is good to know.
        text: what was found.
        advice: what to do about it.
    """

    code: str
    severity: Severity
    text: str
    advice: str


def find_in_mesh(mesh: Mesh) -> tuple[MeshFinding, ...]:
    """Returns every finding about a mesh, problems first."""
    order = ("problem", "doubt", "note")
    found = (finding for check in _CHECKS if (finding := check(mesh)) is not None)
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))


def _whole(mesh: Mesh) -> tuple[Float[np.ndarray, "v 3"], Int[np.ndarray, "f 3"]]:
    """Returns all parts as one surface, with the vertices at one place joined."""
    vertices = mesh.vertices.astype(np.float64)
    starts = np.cumsum([0] + [len(part.vertices) for part in mesh.parts])
    faces = np.concatenate([part.faces + start for part, start in zip(mesh.parts, starts, strict=False)])
    return vertices, weld(vertices)[faces]


def _open_edges(faces: Int[np.ndarray, "f 3"]) -> int:
    """Counts the edges that an odd number of triangles share, triangles without area left out."""
    proper = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    start, end = proper.reshape(-1), np.roll(proper, -1, axis=1).reshape(-1)
    keys = np.minimum(start, end) * (int(faces.max()) + 1) + np.maximum(start, end)
    _, count = np.unique(keys, return_counts=True)
    return int((count % 2 == 1).sum())


def _signed_volume(mesh: Mesh) -> float:
    middle = bounds_of(mesh).center
    total = 0.0
    for part in mesh.parts:
        a, b, c = (part.vertices[part.faces[:, k]].astype(np.float64) - middle for k in range(3))
        total += float((a * np.cross(b, c)).sum()) / 6.0
    return total


def _inside_out(mesh: Mesh) -> MeshFinding | None:
    _, faces = _whole(mesh)
    if _open_edges(faces) > 0 or _signed_volume(mesh) >= 0:
        return None
    return MeshFinding(
        code="inside_out",
        severity="problem",
        text="the surface is closed, but its triangles face inwards",
        advice="flip the normals in a mesh editor (Blender: Mesh > Normals > Recalculate Outside)",
    )


def _flipped_normals(mesh: Mesh) -> MeshFinding | None:
    against = 0
    for part in mesh.parts:
        mean = part.normals[part.faces].mean(axis=1)
        against += int(((area_vectors(part.vertices, part.faces) * mean).sum(axis=1) < 0).sum())
    if against <= 0.01 * mesh.num_faces:
        return None
    return MeshFinding(
        code="flipped_normals",
        severity="problem",
        text=f"the normals of {against:,} of {mesh.num_faces:,} triangles point against their winding",
        advice="recalculate the normals, or export without them: they are then made from the triangles",
    )


def _missing_uv(mesh: Mesh) -> MeshFinding | None:
    textured = [p for p in mesh.parts if p.material.base_color_texture is not None]
    bare = sum(part.uv is None for part in textured)
    if bare == 0:
        return None
    return MeshFinding(
        code="texture_without_uv",
        severity="problem",
        text=f"{bare} of {len(textured)} textured parts have no texture coordinates",
        advice="unwrap the mesh and export it with uv",
    )


def _odd_size(mesh: Mesh) -> MeshFinding | None:
    side = float(bounds_of(mesh).size.max())
    if SMALLEST_M <= side <= LARGEST_M:
        return None
    word = "tiny" if side < SMALLEST_M else "huge"
    return MeshFinding(
        code="odd_size",
        severity="doubt",
        text=f"the longest side is {side:.3g} m, which is {word}",
        advice="set unit (m, cm, mm or in) beside the mesh in the recipe",
    )


def _off_centre(mesh: Mesh) -> MeshFinding | None:
    bounds = bounds_of(mesh)
    slack = 0.5 * bounds.size.max()
    if (bounds.low - slack <= 0).all() and (bounds.high + slack >= 0).all():
        return None
    away = float(np.linalg.norm(bounds.center))
    return MeshFinding(
        code="off_centre",
        severity="doubt",
        text=f"the origin lies {away:.3g} m from the middle of the object, far outside it",
        advice="move the origin into the object: poses in the labels are those of the origin",
    )


def _not_watertight(mesh: Mesh) -> MeshFinding | None:
    count = _open_edges(_whole(mesh)[1])
    if count == 0:
        return None
    return MeshFinding(
        code="not_watertight",
        severity="note",
        text=f"{count:,} edges are open, so the inside can be seen through holes",
        advice="nothing if that is how the object looks; else fill the holes in a mesh editor",
    )


def _many_triangles(mesh: Mesh) -> MeshFinding | None:
    if mesh.num_faces <= MANY_FACES:
        return None
    return MeshFinding(
        code="many_triangles",
        severity="note",
        text=f"{mesh.num_faces:,} triangles make every frame slower",
        advice=f"reduce it below {MANY_FACES:,} (Blender: Decimate modifier); a training image shows no difference",
    )


def _no_area(mesh: Mesh) -> MeshFinding | None:
    size = float(bounds_of(mesh).size.max())
    areas = [np.linalg.norm(area_vectors(p.vertices.astype(np.float64), p.faces), axis=1) for p in mesh.parts]
    count = int((np.concatenate(areas) <= 1e-14 * size * size).sum())
    if count == 0:
        return None
    return MeshFinding(
        code="no_area",
        severity="note",
        text=f"{count:,} of {mesh.num_faces:,} triangles have no area",
        advice="nothing; they are never seen",
    )


_CHECKS: tuple[Callable[[Mesh], MeshFinding | None], ...] = (
    _inside_out,
    _flipped_normals,
    _missing_uv,
    _odd_size,
    _off_centre,
    _not_watertight,
    _many_triangles,
    _no_area,
)
