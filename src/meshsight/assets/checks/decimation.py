"""Fewer triangles by quadric clustering: all vertices in one cell of a grid become one.

The vertex of a cell lies where the summed squared distance to the planes of its triangles is least (Lindstrom 2000,
"Out-of-core simplification of large polygonal models", with the quadrics of Garland and Heckbert 1997). Seams of
texture coordinates stay: a cell has one place, but a vertex for each sheet of texture coordinates that passes it.

Shapes: v vertices, f faces, c cells, n new vertices.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from meshsight.assets.checks.surface import group_rows
from meshsight.assets.normals import area_vectors, weld
from meshsight.assets.raw_part import RawPart

_TRIES = 18
_STIFFNESS = 1e-3  # how strongly a cell's vertex is held at the mean of its vertices, against its planes


class _Grid(NamedTuple):
    """Where each vertex goes: its cell, and each cell's place."""

    cell: Int[np.ndarray, " v"]
    place: Float[np.ndarray, "c 3"]


def decimate(parts: Sequence[RawPart], max_faces: int) -> tuple[RawPart, ...]:
    """Returns parts with at most `max_faces` triangles together, and not many fewer; normals are left out.

    Args:
        parts: with finite vertices.
        max_faces: at least 4.
    """
    vertices = np.concatenate([part.vertices for part in parts])
    starts = np.cumsum([0] + [len(part.vertices) for part in parts])
    faces = np.concatenate([part.faces + start for part, start in zip(parts, starts, strict=False)])
    place_of = weld(vertices)
    cell = _finest_cells(vertices, place_of[faces], place_of, max_faces)
    grid = _Grid(cell, _cell_places(vertices, faces, cell))
    slices = zip(parts, starts[:-1], starts[1:], strict=True)
    fewer = (_clustered(part, _Grid(grid.cell[low:high], grid.place)) for part, low, high in slices)
    return tuple(part for part in fewer if len(part.faces) > 0)


def _finest_cells(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], place_of: np.ndarray, max_faces: int
) -> Int[np.ndarray, " v"]:
    """Finds by bisection the finest grid that leaves few enough triangles."""
    low, span = vertices.min(axis=0), float(np.ptp(vertices, axis=0).max())
    _, first = np.unique(place_of, return_index=True)
    fine, coarse = span / 4096, 2 * span
    for _ in range(_TRIES):
        size = float(np.sqrt(fine * coarse))
        cells = _cells(vertices[first], low, size)
        if _is_left(cells[faces]).sum() <= max_faces:
            coarse = size
        else:
            fine = size
    return _cells(vertices[first], low, coarse)[place_of]


def _cells(points: Float[np.ndarray, "p 3"], low: Float[np.ndarray, "3"], size: float) -> Int[np.ndarray, " p"]:
    index = np.floor((points - low) / size + 0.37).astype(
        np.int64
    )  # off the middle, so that no symmetry sits on a wall
    key = (index[:, 0] << 40) | (index[:, 1] << 20) | index[:, 2]
    return np.unique(key, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _cell_places(vertices: Float[np.ndarray, "v 3"], faces: np.ndarray, cell: np.ndarray) -> Float[np.ndarray, "c 3"]:
    """Solves each cell's quadric about the mean of its vertices; what it does not fix stays at the mean."""
    count = int(cell.max()) + 1
    used = np.unique(faces)
    weight = np.bincount(cell[used], minlength=count)
    total = np.stack([np.bincount(cell[used], vertices[used, k], minlength=count) for k in range(3)], axis=1)
    mean = total / np.maximum(weight, 1)[:, None]
    plane = area_vectors(vertices, faces)
    matrix, vector = np.zeros((count, 3, 3)), np.zeros((count, 3))
    for corner in range(3):
        here = cell[faces[:, corner]]
        height = (plane * (vertices[faces[:, 0]] - mean[here])).sum(axis=1)
        np.add.at(matrix, here, plane[:, :, None] * plane[:, None, :])
        np.add.at(vector, here, plane * height[:, None])
    trace = np.trace(matrix, axis1=1, axis2=2)
    matrix += (_STIFFNESS * trace + 1e-300)[:, None, None] * np.eye(3)
    offset = np.linalg.solve(matrix, vector[:, :, None])[:, :, 0]
    return mean + _within(offset, vertices[used] - mean[cell[used]], cell[used])


def _within(offset: Float[np.ndarray, "c 3"], spread: np.ndarray, cell: np.ndarray) -> Float[np.ndarray, "c 3"]:
    """Shortens offsets to the distance of the cell's farthest vertex."""
    reach = np.zeros(len(offset))
    np.maximum.at(reach, cell, np.linalg.norm(spread, axis=1))
    length = np.linalg.norm(offset, axis=1)
    return offset * np.minimum(1.0, reach / np.maximum(length, 1e-300))[:, None]


def _clustered(part: RawPart, grid: _Grid) -> RawPart:
    """Joins the vertices of one part that share a cell and a chart; uv and colour are those of the nearest one."""
    chart = _charts(part, grid.cell)
    key = grid.cell * (int(chart.max()) + 1) + chart
    distance = np.linalg.norm(part.vertices - grid.place[grid.cell], axis=1)
    order = np.lexsort((distance, key))
    joined, first = np.unique(key[order], return_index=True)
    source = order[first]
    faces = np.searchsorted(joined, key)[part.faces]
    faces = faces[_is_left(grid.cell[part.faces])]
    return replace(
        part,
        vertices=grid.place[grid.cell[source]],
        faces=faces,
        normals=None,
        uv=None if part.uv is None else part.uv[source],
        vertex_colors=None if part.vertex_colors is None else part.vertex_colors[source],
    )


def _is_left(corners: Int[np.ndarray, "f 3"]) -> Bool[np.ndarray, " f"]:
    """Tells which triangles still have three corners; of those on the same three, opposite ones cancel each other."""
    proper = np.flatnonzero((corners != np.roll(corners, 1, axis=1)).all(axis=1))
    order = np.argsort(corners[proper], axis=1)
    turn = np.where((order[:, 1] - order[:, 0]) % 3 == 1, 1, -1)
    group = group_rows(np.sort(corners[proper], axis=1))
    excess = np.bincount(group, turn)
    able = np.flatnonzero(turn * excess[group] > 0)
    _, first = np.unique(group[able], return_index=True)
    is_left = np.zeros(len(corners), dtype=bool)
    is_left[proper[able[first]]] = True
    return is_left


def _charts(part: RawPart, cell: Int[np.ndarray, " v"]) -> Int[np.ndarray, " v"]:
    """Numbers the pieces that hang together within a cell by vertices of one place and one texture coordinate."""
    count = len(part.vertices)
    if part.uv is None:
        return np.zeros(count, dtype=np.int64)
    rows = np.column_stack([part.vertices, part.uv])
    same = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    one, two = same[part.faces].reshape(-1), same[np.roll(part.faces, -1, axis=1)].reshape(-1)
    is_inside = (cell[part.faces] == cell[np.roll(part.faces, -1, axis=1)]).reshape(-1)
    joints = (np.ones(int(is_inside.sum()), dtype=bool), (one[is_inside], two[is_inside]))
    graph = coo_matrix(joints, shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)[same]
