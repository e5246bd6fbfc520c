"""Which way triangles should face: like their neighbours, and outwards where the surface is closed.

Shapes: s sound faces of a surface.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from meshsight.assets.checks.surface import Surface


class Winding(NamedTuple):
    """What is to be turned over; a face is to be turned when exactly one of the two masks has it.

    Attributes:
        piece: number of the connected piece that each sound face belongs to.
        is_closed: faces of pieces without an open edge.
        is_odd: faces that face the other way than most of their piece.
        is_inside_out: faces of closed pieces that enclose a negative volume, once their odd faces are turned.
        is_one_sided: faces of pieces that cannot be made to face one way, like a Moebius strip.
    """

    piece: Int[np.ndarray, " s"]
    is_closed: Bool[np.ndarray, " s"]
    is_odd: Bool[np.ndarray, " s"]
    is_inside_out: Bool[np.ndarray, " s"]
    is_one_sided: Bool[np.ndarray, " s"]


def find_winding(surface: Surface) -> Winding:
    """Judges every sound face of a surface."""
    one, two, is_coherent = _neighbours(surface)
    piece = _components(one, two, len(surface.sound))
    is_odd, is_one_sided = _odd_faces(one, two, is_coherent, len(surface.sound))
    is_closed = _closed_pieces(surface, piece)[piece] & ~is_one_sided
    return Winding(piece, is_closed, is_odd, _inside_out(surface, piece, is_closed, is_odd), is_one_sided)


def _neighbours(surface: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns pairs of faces that alone share an edge, and whether they run along it in opposite directions."""
    of_half, start, num_faces = surface.edges
    order = np.argsort(of_half, kind="stable")
    first = np.concatenate([[0], np.cumsum(num_faces)[:-1]]).astype(np.int64)[num_faces == 2]
    half_one, half_two = order[first], order[first + 1]
    return half_one // 3, half_two // 3, start[half_one] != start[half_two]


def _components(one: np.ndarray, two: np.ndarray, count: int) -> Int[np.ndarray, " n"]:
    graph = coo_matrix((np.ones(len(one), dtype=bool), (one, two)), shape=(count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def _odd_faces(
    one: np.ndarray, two: np.ndarray, is_coherent: np.ndarray, count: int
) -> tuple[Bool[np.ndarray, " s"], Bool[np.ndarray, " s"]]:
    """Splits each piece into the faces that face one way and those that face the other; the fewer are odd.

    Every face stands for two nodes, itself and itself turned over, and coherent neighbours are joined: a piece falls
    apart into two halves of equal faces, or, when it has only one side, does not.
    """
    swap = np.where(is_coherent, 0, count)
    nodes = _components(np.concatenate([one, one + count]), np.concatenate([two + swap, two + count - swap]), 2 * count)
    as_is, turned = nodes[:count], nodes[count:]
    size = np.bincount(as_is, minlength=int(nodes.max(initial=0)) + 1)
    is_odd = (size[turned] > size[as_is]) | ((size[turned] == size[as_is]) & (turned < as_is))
    is_one_sided = as_is == turned
    return is_odd & ~is_one_sided, is_one_sided


def _closed_pieces(surface: Surface, piece: np.ndarray) -> Bool[np.ndarray, " p"]:
    is_closed = np.ones(int(piece.max(initial=0)) + 1, dtype=bool)
    has_gap = surface.edges.num_faces[surface.edges.of_half] % 2 == 1
    is_closed[piece[np.flatnonzero(has_gap) // 3]] = False
    return is_closed


def _inside_out(
    surface: Surface, piece: np.ndarray, is_closed: np.ndarray, is_odd: np.ndarray
) -> Bool[np.ndarray, " s"]:
    """Finds closed pieces of negative volume; one inside another of positive volume is the wall of a hollow."""
    count = int(piece.max(initial=0)) + 1
    corners = surface.vertices[surface.faces[surface.sound]]
    low, high = _boxes(corners, piece, count)
    corners = corners - 0.5 * (low + high)[piece][:, None]
    share = np.einsum("fd,fd->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0
    volume = np.bincount(piece, np.where(is_odd, -share, share) * is_closed, minlength=count)
    noise = 1e-9 * np.prod(high - low, axis=1)
    is_wrong = volume < -noise
    full = np.flatnonzero(volume > noise)
    for index in np.flatnonzero(is_wrong):
        if ((low[full] < low[index]) & (high[full] > high[index])).all(axis=1).any():
            is_wrong[index] = False
    return is_wrong[piece]


def _boxes(corners: Float[np.ndarray, "s 3 3"], piece: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    np.minimum.at(low, piece, corners.min(axis=1))
    np.maximum.at(high, piece, corners.max(axis=1))
    return low, high
