"""Vertex normals: area-weighted, and sharp where two faces meet at more than a crease angle.

Shapes: v vertices, f faces, n vertices after splitting at creases.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

CREASE_DEG = 40.0
"""Faces that meet at a greater angle than this keep a sharp edge between them."""


class SplitSurface(NamedTuple):
    """A surface whose vertices are doubled along creases.

    Attributes:
        source: for each new vertex the vertex it was made from.
        faces: indices of new vertices.
        normals: unit normals of the new vertices.
    """

    source: Int[np.ndarray, " n"]
    faces: Int[np.ndarray, "f 3"]
    normals: Float[np.ndarray, "n 3"]


def area_vectors(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "f 3"]:
    """Returns each face's normal with twice its area as length."""
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.cross(b - a, c - a)


def unit_rows(vectors: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Scales rows to length 1; rows of length 0 become +z."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.where(length > 0, vectors / np.where(length > 0, length, 1.0), np.array([0.0, 0.0, 1.0]))


def weld(vertices: Float[np.ndarray, "v 3"]) -> Int[np.ndarray, " v"]:
    """Returns one index for all vertices at the same place, to a millionth of the largest side."""
    extent = float(np.ptp(vertices, axis=0).max()) or 1.0
    cells = np.round((vertices - vertices.min(axis=0)) / (extent * 1e-6)).astype(np.int64)
    keys = (cells[:, 0] << 40) | (cells[:, 1] << 20) | cells[:, 2]  # a million fits into 20 bits
    _, index = np.unique(keys, return_inverse=True)
    return index.reshape(-1)


def smooth_normals(vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"]) -> Float[np.ndarray, "v 3"]:
    """Returns area-weighted unit normals without creases: one normal for each vertex, as indexed."""
    totals = np.zeros((len(vertices), 3))
    areas = area_vectors(vertices, faces)
    for corner in range(3):
        np.add.at(totals, faces[:, corner], areas)
    return unit_rows(totals)


def _smooth_pairs(
    places: Int[np.ndarray, "f 3"], normals: Float[np.ndarray, "f 3"], crease_deg: float
) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
    """Returns pairs of face corners (3 * face + corner) that lie at one place and share a smooth edge."""
    start = places.reshape(-1)
    end = np.roll(places, -1, axis=1).reshape(-1)
    key = np.minimum(start, end) * (int(places.max()) + 1) + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    count = np.diff(first, append=len(order))
    one, two = order[first[count == 2]], order[first[count == 2] + 1]
    is_smooth = (normals[one // 3] * normals[two // 3]).sum(axis=1) > np.cos(np.radians(crease_deg))
    is_smooth &= start[one] == end[two]  # neighbours of one orientation run along their edge in opposite directions
    one, two = one[is_smooth], two[is_smooth]
    after_one, after_two = one - one % 3 + (one + 1) % 3, two - two % 3 + (two + 1) % 3
    return np.concatenate([one, after_one]), np.concatenate([after_two, two])


def split_at_creases(
    vertices: Float[np.ndarray, "v 3"], faces: Int[np.ndarray, "f 3"], crease_deg: float = CREASE_DEG
) -> SplitSurface:
    """Makes normals for a surface that has none.

    Vertices at one place count as one, so seams of texture coordinates stay smooth. Corners joined through smooth edges
    form a group with one normal, the area-weighted mean of its faces.
    """
    areas = area_vectors(vertices, faces)
    one, two = _smooth_pairs(weld(vertices)[faces], unit_rows(areas), crease_deg)
    corners = 3 * len(faces)
    graph = coo_matrix((np.ones(len(one), dtype=bool), (one, two)), shape=(corners, corners))
    groups, group = connected_components(graph, directed=False)
    totals = np.zeros((groups, 3))
    np.add.at(totals, group, np.repeat(areas, 3, axis=0))
    _, index, corner_vertex = np.unique(
        group.astype(np.int64) * len(vertices) + faces.reshape(-1), return_index=True, return_inverse=True
    )
    return SplitSurface(
        source=faces.reshape(-1)[index],
        faces=corner_vertex.reshape(-1, 3),
        normals=unit_rows(totals)[group[index]],
    )
