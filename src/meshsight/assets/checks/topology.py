"""The triangles as such: broken numbers, needless ones, holes, and more of them than pictures can show."""

from collections.abc import Iterator

import numpy as np

from meshsight.assets.checks.finding import AssetFinding
from meshsight.assets.checks.model import Model
from meshsight.assets.raw_part import RawPart

FACE_BUDGET = 200_000
"""More triangles than this make frames slower and look the same in a training image."""


def check_numbers(model: Model) -> Iterator[AssetFinding]:
    """Finds coordinates that are not a number or infinite; the reader refuses them."""
    surface = model.surface
    broken = np.flatnonzero(~surface.is_finite)
    if len(broken) == 0:
        return
    faces = int((~surface.has_numbers).sum())
    used = f"{faces:,} triangles use them" if faces else "no triangle uses them"
    yield AssetFinding(
        code="non_finite_vertices",
        severity="error",
        text=f"{len(broken):,} of {len(surface.vertices):,} vertices are NaN or infinite "
        f"(first: vertex {broken[0]}); {used}",
        remedy="export the model anew; `meshsight assets check` mends it only where no triangle uses them",
        is_mended=faces == 0,
    )


def check_faces(model: Model) -> Iterator[AssetFinding]:
    """Finds triangles without area, and those that lie on another one."""
    surface = model.surface
    total = len(surface.faces)
    for code, mask, what, remedy, is_mended in (
        ("degenerate_faces", surface.is_collapsed, "have two corners at one place, and so no area", "remove", True),
        ("duplicate_faces", surface.is_repeated, "repeat another one exactly", "remove", True),
        ("needle_faces", surface.is_needle, "have their corners in one line, and so no area", "keep", False),
    ):
        if mask.any():
            yield AssetFinding(
                code=code,
                severity="warning" if is_mended else "info",
                text=f"{int(mask.sum()):,} of {total:,} triangles {what} (first: triangle {int(mask.argmax())})",
                remedy="remove them (Blender: Mesh > Clean Up > Merge by Distance)"
                if remedy == "remove"
                else "nothing: they are never seen, and without them their neighbours would come apart",
                is_mended=is_mended,
            )


def check_vertices(model: Model) -> Iterator[AssetFinding]:
    """Finds vertices that no triangle uses."""
    num_unused = sum(_num_unused(group) for group in _sharing_vertices(model.parts))
    if num_unused:
        yield AssetFinding(
            code="unreferenced_vertices",
            severity="info",
            text=f"{num_unused:,} vertices belong to no triangle",
            remedy="nothing: they are left out",
            is_mended=True,
        )


def _sharing_vertices(parts: tuple[RawPart, ...]) -> list[list[RawPart]]:
    """Groups parts that index the same vertices, as the primitives of a glTF mesh may."""
    groups: list[list[RawPart]] = []
    for part in parts:
        for group in groups:
            if np.array_equal(group[0].vertices, part.vertices, equal_nan=True):
                group.append(part)
                break
        else:
            groups.append([part])
    return groups


def _num_unused(group: list[RawPart]) -> int:
    is_used = np.zeros(len(group[0].vertices), dtype=bool)
    for part in group:
        is_used[part.faces] = True
    return int((~is_used).sum())


def check_edges(model: Model) -> Iterator[AssetFinding]:
    """Finds holes, and edges that more than two triangles share."""
    num_faces = model.surface.edges.num_faces
    num_open, num_crowded = int((num_faces == 1).sum()), int((num_faces > 2).sum())
    if num_open:
        yield AssetFinding(
            code="open_edges",
            severity="warning",
            text=f"{num_open:,} of {len(num_faces):,} edges are open (expected two triangles at each): the inside can "
            "be seen through holes, and volume and physics are a guess",
            remedy="nothing if the object is so; else fill the holes (Blender: Mesh > Clean Up > Fill Holes)",
        )
    if num_crowded:
        yield AssetFinding(
            code="non_manifold_edges",
            severity="warning",
            text=f"{num_crowded:,} of {len(num_faces):,} edges join three or more triangles (expected two)",
            remedy="remove inner walls (Blender: Select > All by Trait > Non Manifold)",
        )


def check_pieces(model: Model) -> Iterator[AssetFinding]:
    """Counts the pieces that do not hang together."""
    pieces = model.surface.num_pieces
    if pieces > 1:
        yield AssetFinding(
            code="disconnected_parts",
            severity="info",
            text=f"it is made of {pieces:,} pieces that do not hang together",
            remedy="nothing if they belong to one object; else remove what does not (Blender: Mesh > Separate)",
        )


def check_budget(model: Model, max_faces: int | None = None) -> Iterator[AssetFinding]:
    """Finds more triangles than pictures can show, or than the user asks for."""
    count, limit = len(model.surface.faces), FACE_BUDGET if max_faces is None else max_faces
    if count > limit:
        yield AssetFinding(
            code="many_faces",
            severity="warning",
            text=f"{count:,} triangles (expected at most {limit:,}) make every frame slower and look no better",
            remedy=f"reduce them: `meshsight assets check {model.ref} --fix mended --max-faces {limit}`",
            is_mended=max_faces is not None,
        )
