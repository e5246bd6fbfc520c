"""Points on a mesh's surface with their colours, and how far other points lie from it.

Shapes: n samples, f triangles, q query points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import trimesh
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from meshsight.assets.color import linear_to_srgb, srgb_to_linear
from meshsight.core.pose import Points3
from meshsight.records.mesh import Mesh, MeshPart

NEAREST_FACES = 6
NEAREST_COLORS = 12
MAX_CENTRES = 100_000
_TEXTURE_PX = 256
# The two-dimensional golden ratio's sequence fills a square evenly (Roberts 2018, "R2").
_R2 = np.array([0.7548776662466927, 0.5698402909980532])


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceSamples:
    """A surface as evenly spread points.

    Attributes:
        triangles: corners of every face, float64.
        points: samples spread by area, always the same for one mesh.
        face: the face of each sample.
        colors: sRGB of each sample in 0..1, without details under 1/256 of a texture.
    """

    triangles: Float[np.ndarray, "f 3 3"]
    points: Float[np.ndarray, "n 3"]
    face: Int[np.ndarray, " n"]
    colors: Float[np.ndarray, "n 3"]

    def distances(self, points: Points3) -> Float[np.ndarray, " q"]:
        """Returns how far points lie from the surface: from the nearest of the faces around the nearest samples."""
        tree, faces = self._places
        _, near = tree.query(points, k=min(NEAREST_FACES, len(faces)))
        candidates = faces[np.asarray(near).reshape(len(points), -1)]
        repeated = np.repeat(points, candidates.shape[1], axis=0)
        feet = trimesh.triangles.closest_point(self.triangles[candidates.reshape(-1)], repeated)
        return np.linalg.norm(feet - repeated, axis=1).reshape(candidates.shape).min(axis=1)

    def nearest(self, points: Points3) -> tuple[Points3, Points3]:
        """Returns the nearest point of the surface to each point, about, and the unit normal there."""
        tree, faces = self._places
        _, near = tree.query(points)
        triangles = self.triangles[faces[near]]
        normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
        length = np.linalg.norm(normals, axis=1, keepdims=True)
        return trimesh.triangles.closest_point(triangles, points), normals / np.maximum(length, 1e-300)

    def color_differences(
        self, points: Points3, colors: Float[np.ndarray, "q 3"], reach: float
    ) -> Float[np.ndarray, " q"]:
        """Returns by how much each colour differs, in its worst channel, from the most similar one within `reach`."""
        distance, near = self._tree.query(points, k=min(NEAREST_COLORS, len(self.points)))
        distance, near = np.asarray(distance).reshape(len(points), -1), np.asarray(near).reshape(len(points), -1)
        differences = np.abs(self.colors[near] - colors[:, None]).max(axis=2)
        differences[:, 1:][distance[:, 1:] > reach] = np.inf
        return differences.min(axis=1)

    @cached_property
    def _tree(self) -> KDTree:
        return KDTree(self.points)

    @cached_property
    def _places(self) -> tuple[KDTree, Int[np.ndarray, " m"]]:
        """Samples and, so that small faces are found too, centres of faces."""
        step = -(-len(self.triangles) // MAX_CENTRES)
        centres = np.arange(0, len(self.triangles), step)
        points = np.concatenate([self.points, self.triangles[centres].mean(axis=1)])
        return KDTree(points), np.concatenate([self.face, centres])


def sample_surface(mesh: Mesh, count: int) -> SurfaceSamples:
    """Spreads points over all parts of a mesh in proportion to area."""
    triangles = _triangles(mesh)
    total = np.cumsum(_areas(triangles))
    places = (np.arange(count) + 0.5) / count * total[-1]
    face = np.minimum(np.searchsorted(total, places), len(triangles) - 1)
    weights = _barycentric(count)
    return SurfaceSamples(
        triangles=triangles,
        points=np.einsum("nk,nkd->nd", weights, triangles[face]),
        face=face,
        colors=np.concatenate(list(_part_colors(mesh, face, weights))),
    )


def has_area(mesh: Mesh) -> bool:
    """Tells whether a mesh has a surface to speak of."""
    return bool(_areas(_triangles(mesh)).sum() > 0)


def _triangles(mesh: Mesh) -> Float[np.ndarray, "f 3 3"]:
    return np.concatenate([part.vertices[part.faces] for part in mesh.parts]).astype(np.float64)


def _areas(triangles: Float[np.ndarray, "f 3 3"]) -> Float[np.ndarray, " f"]:
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    return 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1)


def _barycentric(count: int) -> Float[np.ndarray, "n 3"]:
    square = (0.5 + np.arange(1, count + 1)[:, None] * _R2) % 1.0
    over = square.sum(axis=1) > 1
    square[over] = 1 - square[over]
    return np.column_stack([1 - square.sum(axis=1), square])


def _part_colors(mesh: Mesh, face: np.ndarray, weights: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the colours of each part's samples; samples are in the order of the faces."""
    first = 0
    for part in mesh.parts:
        is_here = (face >= first) & (face < first + len(part.faces))
        yield surface_color(part, part.faces[face[is_here] - first], weights[is_here])
        first += len(part.faces)


def surface_color(
    part: MeshPart, corners: Int[np.ndarray, "n 3"], weights: Float[np.ndarray, "n 3"]
) -> Float[np.ndarray, "n 3"]:
    """Returns the sRGB base colour in 0..1 at points of a part.

    Args:
        part: the part.
        corners: the vertices around each point.
        weights: its barycentric coordinates among them.
    """
    linear = np.tile(np.asarray(part.material.base_color, dtype=np.float64), (len(corners), 1))
    if part.vertex_colors is not None:
        linear *= np.einsum("nk,nkc->nc", weights, part.vertex_colors[corners].astype(np.float64))
    texture = part.material.base_color_texture
    if texture is not None and part.uv is not None:
        uv = np.einsum("nk,nkc->nc", weights, part.uv[corners].astype(np.float64))
        linear *= _look_up(texture, uv)
    return linear_to_srgb(np.clip(linear, 0.0, 1.0))


def _look_up(texture: np.ndarray, uv: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 3"]:
    scale = min(1.0, _TEXTURE_PX / max(texture.shape[:2]))
    small = cv2.resize(texture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else texture
    height, width = small.shape[:2]
    column = np.floor(uv[:, 0] * width).astype(np.int64) % width
    row = np.floor((1.0 - uv[:, 1]) * height).astype(np.int64) % height
    return srgb_to_linear(small[row, column].astype(np.float64) / 255.0)
