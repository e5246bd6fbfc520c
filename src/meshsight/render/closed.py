"""Whether the back faces of a mesh can ever be seen."""

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from meshsight.records.mesh import Mesh

# Vertices nearer than this part of the mesh's longest side count as one.
_WELD = 1e-6


def is_closed(mesh: Mesh) -> bool:
    """Tells whether every shell of a mesh is watertight, consistently wound and faces outwards.

    From outside, a back face of such a mesh always lies behind a front face, so it need not be drawn: half of the
    triangles. Vertices that coincide count as one, so seams of texture or normals do not open a mesh.
    """
    corners, faces = _welded(mesh)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    size = len(corners)
    there = np.sort(edges[:, 0] * size + edges[:, 1])
    back = np.sort(edges[:, 1] * size + edges[:, 0])
    is_used_once = len(there) > 0 and bool((np.diff(there) > 0).all())
    if not is_used_once or not np.array_equal(there, back):
        return False
    links = coo_array((np.ones(len(edges), dtype=bool), (edges[:, 0], edges[:, 1])), shape=(size, size))
    _, shells = connected_components(links, directed=False)
    a, b, c = (corners[faces[:, i]] for i in range(3))
    volumes = np.bincount(shells[faces[:, 0]], weights=np.einsum("ij,ij->i", a, np.cross(b, c)), minlength=1)
    counts = np.bincount(shells[faces[:, 0]], minlength=1)
    return bool((volumes[counts > 0] > 0).all())


def _welded(mesh: Mesh) -> tuple[Float[np.ndarray, "n 3"], Int[np.ndarray, "f 3"]]:
    """Returns the distinct vertices about their middle, and the faces that do not collapse."""
    offsets = np.cumsum([0, *(len(part.vertices) for part in mesh.parts)])
    faces = np.concatenate([part.faces + offset for part, offset in zip(mesh.parts, offsets[:-1], strict=True)])
    vertices = mesh.vertices.astype(np.float64)
    grid = max(float(np.ptp(vertices, axis=0).max()), 1e-12) * _WELD
    _, first, index = np.unique(np.round(vertices / grid), axis=0, return_index=True, return_inverse=True)
    faces = index.reshape(-1)[faces]
    corners = vertices[first] - vertices.mean(axis=0)
    is_real = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    return corners, faces[is_real]
