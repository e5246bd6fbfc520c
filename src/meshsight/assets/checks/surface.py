"""All parts of a model as one surface: which faces are sound, and how they hang together.

Shapes: v vertices, f faces of all parts in order, s sound faces, h half-edges (three a sound face), e edges.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from meshsight.assets.normals import area_vectors, weld
from meshsight.assets.raw_part import RawPart

_NEEDLE = 1e-7  # twice the area over the longest edge squared: less than float32 coordinates can tell from a line


def group_rows(rows: Int[np.ndarray, "n 3"]) -> Int[np.ndarray, " n"]:
    """Returns one number for all equal rows of non-negative numbers."""
    count = int(rows.max(initial=0)) + 1
    _, pair = np.unique(rows[:, 0] * count + rows[:, 1], return_inverse=True)
    _, group = np.unique(pair.reshape(-1) * count + rows[:, 2], return_inverse=True)
    return group.reshape(-1).astype(np.int64)


class Edges(NamedTuple):
    """The edges between sound faces, vertices at one place counted as one.

    Attributes:
        of_half: for each half-edge (3 * face + corner, the face counted among the sound ones) its edge.
        start: the place at which each half-edge begins.
        num_faces: how many faces share each edge.
    """

    of_half: Int[np.ndarray, " h"]
    start: Int[np.ndarray, " h"]
    num_faces: Int[np.ndarray, " e"]


class Surface:
    """The triangles of all parts, by one numbering."""

    def __init__(self, parts: Sequence[RawPart]) -> None:
        starts = np.cumsum([0] + [len(part.vertices) for part in parts])
        self.vertices: Float[np.ndarray, "v 3"] = np.concatenate([part.vertices for part in parts]).astype(np.float64)
        self.faces: Int[np.ndarray, "f 3"] = np.concatenate(
            [part.faces + start for part, start in zip(parts, starts, strict=False)]
        )

    @cached_property
    def is_finite(self) -> Bool[np.ndarray, " v"]:
        """Which vertices are numbers."""
        return np.all(np.isfinite(self.vertices), axis=1)

    @cached_property
    def places(self) -> Int[np.ndarray, "f 3"]:
        """The faces as indices of places, which vertices may share; those of broken vertices mean nothing."""
        middle = self.vertices[self.is_finite].mean(axis=0)
        return weld(np.where(self.is_finite[:, None], self.vertices, middle))[self.faces]

    @cached_property
    def has_numbers(self) -> Bool[np.ndarray, " f"]:
        """Which faces have only finite corners."""
        return np.all(self.is_finite[self.faces], axis=1)

    @cached_property
    def is_collapsed(self) -> Bool[np.ndarray, " f"]:
        """Which faces have two corners at one place."""
        return self.has_numbers & (self.places == np.roll(self.places, 1, axis=1)).any(axis=1)

    @cached_property
    def is_needle(self) -> Bool[np.ndarray, " f"]:
        """Which faces have three corners in one line."""
        corners = np.where(self.has_numbers[:, None, None], self.vertices[self.faces], 0.0)
        sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        return self.has_numbers & ~self.is_collapsed & (area <= _NEEDLE * sides**2)

    @cached_property
    def is_repeated(self) -> Bool[np.ndarray, " f"]:
        """Which faces an earlier one covers with the same corners in the same turn."""
        first = np.argmin(self.places, axis=1)
        turned = np.take_along_axis(self.places, (first[:, None] + np.arange(3)) % 3, axis=1)
        _, earliest = np.unique(group_rows(turned), return_index=True)
        is_first = np.zeros(len(turned), dtype=bool)
        is_first[earliest] = True
        return self.has_numbers & ~self.is_collapsed & ~is_first

    @cached_property
    def sound(self) -> Int[np.ndarray, " s"]:
        """The faces that are neither broken nor collapsed nor repeated."""
        return np.flatnonzero(self.has_numbers & ~self.is_collapsed & ~self.is_repeated)

    @cached_property
    def areas(self) -> Float[np.ndarray, "s 3"]:
        """Normals of the sound faces with twice their area as length."""
        return area_vectors(self.vertices, self.faces[self.sound])

    @cached_property
    def edges(self) -> Edges:
        """The edges between sound faces."""
        faces = self.places[self.sound]
        start, end = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
        key = np.minimum(start, end) * (int(faces.max(initial=0)) + 1) + np.maximum(start, end)
        _, of_half, count = np.unique(key, return_inverse=True, return_counts=True)
        return Edges(of_half=of_half.reshape(-1), start=start, num_faces=count)

    @cached_property
    def num_pieces(self) -> int:
        """How many pieces there are that share no place."""
        faces = self.places[self.sound]
        one, two = faces.reshape(-1), np.roll(faces, -1, axis=1).reshape(-1)
        count = int(faces.max(initial=0)) + 1
        graph = coo_matrix((np.ones(len(one), dtype=bool), (one, two)), shape=(count, count))
        _, label = connected_components(graph, directed=False)
        return len(np.unique(label[faces[:, 0]]))
