"""Opening a model for its check-up: also one whose textures are missing, misspelt or broken."""

from pathlib import Path
from typing import Any

import numpy as np

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.assets.checks.model import GLTF_SUFFIXES, Model, NodeScale
from meshsight.assets.checks.named_files import maps_left_out, named_files
from meshsight.assets.checks.staging import readable_copy
from meshsight.assets.formats.gltf_document import split_container
from meshsight.assets.loading import read_parts
from meshsight.assets.raw_part import RawPart
from meshsight.core.errors import AssetError
from meshsight.core.pose import Matrix3
from meshsight.records.mesh import MeshPart
from meshsight.specs.mesh_import import MeshImport

BUILTIN = "builtin:"


def open_model(ref: str, wanted: MeshImport, max_texture_px: int) -> Model:
    """Reads a model as its file has it.

    Args:
        ref: a mesh file, or `builtin:NAME`.
        wanted: unit and up axis, where the user knows them.
        max_texture_px: longest side to which larger textures are averaged down.

    Raises:
        AssetError: no such file, or one that cannot be read at all.
    """
    if ref.startswith(BUILTIN):
        return _builtin(ref)
    path = Path(ref)
    if not path.is_file():
        raise AssetError(f"{ref}: no such file; name a mesh file or builtin:NAME")
    named = named_files(path)
    with readable_copy(path, named) as readable:
        try:
            parts = tuple(read_parts(readable, max_texture_px))
        except AssetError as error:
            raise AssetError(str(error).replace(str(readable.parent), str(path.parent))) from error
    model = Model(
        ref=ref,
        path=path,
        parts=parts,
        wanted=wanted,
        named=named,
        nodes=_node_scales(path),
        left_out=maps_left_out(path),
    )
    if not model.surface.is_finite.any() or len(model.surface.sound) == 0:
        raise AssetError(f"{path}: not one of its {len(model.surface.faces):,} triangles has an area; export it anew")
    return model


def _builtin(ref: str) -> Model:
    mesh = make_builtin(ref.removeprefix(BUILTIN))
    stated = MeshImport(unit="m", up_axis="z")
    return Model(ref=ref, path=Path(mesh.name), parts=tuple(_raw(part) for part in mesh.parts), wanted=stated)


def _raw(part: MeshPart) -> RawPart:
    return RawPart(
        vertices=part.vertices.astype(np.float64),
        faces=part.faces.astype(np.int64),
        normals=part.normals.astype(np.float64),
        uv=None if part.uv is None else part.uv.astype(np.float64),
        vertex_colors=None if part.vertex_colors is None else part.vertex_colors.astype(np.float64),
        material=part.material,
    )


def _node_scales(path: Path) -> tuple[NodeScale, ...]:
    """Lists the nodes of a glTF file that are not rigid."""
    if path.suffix.lower() not in GLTF_SUFFIXES:
        return ()
    tree, _ = split_container(path.read_bytes())
    scales = (
        NodeScale(name=str(node.get("name", f"node {index}")), factors=_factors(node))
        for index, node in enumerate(tree.get("nodes", []))
    )
    return tuple(scale for scale in scales if not np.allclose(scale.factors, 1.0, rtol=1e-4))


def _factors(node: dict[str, Any]) -> tuple[float, float, float]:
    """Returns a node's scale; that of a matrix (column-major) is its columns' lengths, negative where it mirrors."""
    if "matrix" not in node:
        x, y, z = (float(factor) for factor in node.get("scale", (1.0, 1.0, 1.0)))
        return x, y, z
    linear: Matrix3 = np.asarray(node["matrix"], dtype=np.float64).reshape(4, 4).T[:3, :3]
    x, y, z = (float(length) for length in np.linalg.norm(linear, axis=0))
    return (-x, y, z) if np.linalg.det(linear) < 0 else (x, y, z)
