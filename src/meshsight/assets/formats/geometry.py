"""What all readers share: trimesh parses the geometry, and the scene graph is flattened.

The readers give trimesh bytes and never a path, so it opens no file; which files a model may name `places` decides.
"""

import io
import struct
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import trimesh
from jaxtyping import Float, Int

from meshsight.core.errors import AssetError

# What trimesh's parsers let through when a file is cut short or scrambled.
_PARSE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    DeprecationWarning,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    UnboundLocalError,
    ValueError,
    struct.error,
)

# numpy's warning where a list of numbers breaks off, which would otherwise pass for the end of the file.
_CUT_NUMBERS = "string or file could not be read to its end"


class Geometry(NamedTuple):
    """One geometry of a file, at one place of its scene graph.

    Attributes:
        mesh: trimesh's object, for its texture coordinates and colours.
        vertices, faces, normals: with the graph's transform applied; faces turned over where it mirrors.
    """

    mesh: trimesh.Trimesh
    vertices: Float[np.ndarray, "v 3"]
    faces: Int[np.ndarray, "f 3"]
    normals: Float[np.ndarray, "v 3"] | None


def read_bytes(path: Path) -> bytes:
    """Reads a model file whole.

    Raises:
        AssetError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise AssetError(f"{path}: cannot be read ({error.strerror or error})") from error


def parse_geometry(path: Path, data: bytes, file_type: str, neighbours: Mapping[str, bytes]) -> list[Geometry]:
    """Parses a file's bytes; `neighbours` holds by name whatever else the file refers to.

    Raises:
        AssetError: the file is truncated, scrambled or without a single triangle.
    """
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.filterwarnings("error", message=_CUT_NUMBERS)
            scene = trimesh.load_scene(io.BytesIO(data), file_type=file_type, resolver=dict(neighbours), process=False)
            found = list(_flatten(scene))
    except _PARSE_ERRORS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise AssetError(
            f"{path}: cannot be read as {file_type.upper()} ({reason}); is it cut short? Export it anew"
        ) from error
    if not found:
        raise AssetError(f"{path}: has no faces (a point cloud or an empty file?); export triangles")
    return found


def _flatten(scene: trimesh.Scene) -> Iterator[Geometry]:
    for node in scene.graph.nodes_geometry:
        T_scene_geometry, name = scene.graph[node]
        mesh = scene.geometry[name]
        if isinstance(mesh, trimesh.Trimesh) and len(mesh.faces) > 0:
            yield _placed(mesh, np.asarray(T_scene_geometry, dtype=np.float64))


def _placed(mesh: trimesh.Trimesh, T_scene_geometry: Float[np.ndarray, "4 4"]) -> Geometry:
    linear = T_scene_geometry[:3, :3]
    vertices = np.asarray(mesh.vertices, dtype=np.float64) @ linear.T + T_scene_geometry[:3, 3]
    faces = np.asarray(mesh.faces, dtype=np.int64)
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ValueError(f"a face names vertex {int(faces.max())}, but there are only {len(vertices)}")
    if np.linalg.det(linear) < 0:
        faces = faces[:, ::-1]
    normals = None
    if "vertex_normals" in mesh._cache:  # trimesh makes them up on access; only those of the file are cached yet
        normals = np.asarray(mesh.vertex_normals, dtype=np.float64) @ np.linalg.pinv(linear)
    return Geometry(mesh, vertices, np.ascontiguousarray(faces), normals)
