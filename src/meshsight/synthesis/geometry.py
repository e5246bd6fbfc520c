"""What synthesis needs to know of a mesh: its box, its bounding sphere, its convex hull, and where it can rest.

Shapes: k hull points.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.spatial import ConvexHull, QhullError

from meshsight.core.pose import Vector3
from meshsight.records.mesh import Mesh
from meshsight.records.scene import AssetSource
from meshsight.synthesis.rests import Rests, find_rests


@dataclass(frozen=True, kw_only=True, eq=False)
class Geometry:
    """The outline of a mesh, in metres in its own frame.

    Attributes:
        mesh: what was measured.
        center: middle of the axis-aligned box.
        half_size: half the sides of that box.
        radius: of the smallest sphere around `center` that holds every vertex.
        hull_points: the vertices of the convex hull: no vertex reaches further in any direction.
        hull: the convex hull; None for a mesh without volume.
    """

    mesh: Mesh
    center: Vector3
    half_size: Vector3
    radius: float
    hull_points: Float[np.ndarray, "k 3"]
    hull: ConvexHull | None

    @property
    def diameter(self) -> float:
        """Diameter of the bounding sphere."""
        return 2.0 * self.radius

    @cached_property
    def rests(self) -> Rests:
        """Sides to rest on; a flat mesh stands as it was modelled."""
        if self.hull is None:
            return Rests(normals=np.array([[0.0, 0.0, -1.0]]), weights=np.ones(1))
        return find_rests(self.hull)


def measure(mesh: Mesh) -> Geometry:
    """Measures a mesh."""
    vertices = np.unique(mesh.vertices.astype(np.float64), axis=0)
    hull = _hull_of(vertices)
    points = vertices if hull is None else vertices[hull.vertices]
    low, high = points.min(axis=0), points.max(axis=0)
    center = 0.5 * (low + high)
    radius = float(np.linalg.norm(points - center, axis=1).max())
    return Geometry(
        mesh=mesh, center=center, half_size=0.5 * (high - low), radius=radius, hull_points=points, hull=hull
    )


def _hull_of(vertices: Float[np.ndarray, "v 3"]) -> ConvexHull | None:
    """Returns the hull, or None when the vertices lie in one plane."""
    try:
        return ConvexHull(vertices)
    except QhullError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class GeometryCache:
    """Measures each mesh once.

    Attributes:
        assets: where meshes come from.
        by_ref, by_fingerprint: what was measured; two references of one mesh share an entry.
    """

    assets: AssetSource
    by_ref: dict[str, Geometry] = field(default_factory=dict)
    by_fingerprint: dict[str, Geometry] = field(default_factory=dict)

    def get(self, ref: str) -> Geometry:
        """Returns the geometry of a mesh.

        Raises:
            AssetError: the mesh is missing or unusable.
        """
        if ref not in self.by_ref:
            mesh = self.assets.mesh(ref)
            if mesh.fingerprint not in self.by_fingerprint:
                self.by_fingerprint[mesh.fingerprint] = measure(mesh)
            self.by_ref[ref] = self.by_fingerprint[mesh.fingerprint]
        return self.by_ref[ref]
