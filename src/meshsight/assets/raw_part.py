"""What a format's reader hands over: the triangles of one material, still in the file's unit and axes."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from meshsight.records.mesh import Material


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawPart:
    """One material's triangles as the file has them; what it does not have is None.

    Attributes:
        vertices: positions in the file's unit and axes, the scene graph's transforms applied.
        faces: vertex indices, counter-clockwise seen from outside.
        normals: vertex normals of any length.
        uv: texture coordinates, v up.
        vertex_colors: linear RGB in 0..1.
    """

    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    normals: Float[np.ndarray, "v 3"] | None = None
    uv: Float[np.ndarray, "v 2"] | None = None
    vertex_colors: Float[np.ndarray, "v 3"] | None = None
    material: Material
