"""A mesh with its materials, in metres, z up, as every renderer takes it.

Shapes: v vertices, f triangles.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Int32, UInt8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Material:
    """A metallic-roughness material (glTF 2.0, section 3.9): factors multiply textures.

    Attributes:
        base_color: linear RGB factor in 0..1.
        metallic: 0 dielectric to 1 metal.
        roughness: perceptual roughness, 0..1.
        emissive: linear RGB radiance that is added to the shading.
        base_color_texture: sRGB image or None; row 0 is the top, where v = 1.
        metallic_roughness_texture: G is roughness and B metallic, linear, or None.
        name: what its file calls it, or nothing; scenes choose parts by it, nothing else depends on it.
    """

    base_color: tuple[float, float, float] = (0.8, 0.8, 0.8)
    metallic: float = 0.0
    roughness: float = 0.6
    emissive: tuple[float, float, float] = (0.0, 0.0, 0.0)
    base_color_texture: UInt8[np.ndarray, "h w 3"] | None = None
    metallic_roughness_texture: UInt8[np.ndarray, "h2 w2 3"] | None = None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MeshPart:
    """The triangles of one material.

    Attributes:
        vertices: positions in metres in the object's frame.
        faces: vertex indices, counter-clockwise seen from outside.
        normals: unit vertex normals.
        uv: texture coordinates, v up, or None when the material has no texture.
        vertex_colors: linear RGB in 0..1 that multiplies the base colour, or None.
    """

    vertices: Float32[np.ndarray, "v 3"]
    faces: Int32[np.ndarray, "f 3"]
    normals: Float32[np.ndarray, "v 3"]
    uv: Float32[np.ndarray, "v 2"] | None = None
    vertex_colors: Float32[np.ndarray, "v 3"] | None = None
    material: Material


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Mesh:
    """One object: its parts share one frame.

    Attributes:
        name: what messages call it.
        fingerprint: hash of geometry and materials; equal content gives an equal fingerprint.
    """

    name: str
    fingerprint: str
    parts: tuple[MeshPart, ...]

    @property
    def vertices(self) -> Float[np.ndarray, "n 3"]:
        """All parts' vertices (n, 3) in metres, in part order."""
        return np.concatenate([part.vertices for part in self.parts])

    @property
    def num_faces(self) -> int:
        """Triangles over all parts."""
        return sum(len(part.faces) for part in self.parts)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """The axis-aligned box of a mesh in its own frame, in metres."""

    low: Float[np.ndarray, "3"]
    high: Float[np.ndarray, "3"]

    @property
    def center(self) -> Float[np.ndarray, "3"]:
        """The middle of the box."""
        return 0.5 * (self.low + self.high)

    @property
    def size(self) -> Float[np.ndarray, "3"]:
        """Side lengths."""
        return self.high - self.low


def bounds_of(mesh: Mesh) -> Bounds:
    """Returns the tight axis-aligned box of a mesh's vertices, float64."""
    vertices = mesh.vertices.astype(np.float64)
    return Bounds(low=vertices.min(axis=0), high=vertices.max(axis=0))
