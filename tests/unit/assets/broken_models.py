"""Models that are broken on purpose, each in one way, as a user's folder may hold them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import trimesh
from PIL import Image

from meshsight.assets.checks.glb import glb_bytes, pack_glb
from meshsight.assets.formats.gltf_document import split_container
from meshsight.assets.normals import smooth_normals
from meshsight.records.mesh import Material, Mesh, MeshPart

CUBE_UV = "vt 0 0\nvt 1 0\nvt 1 1\n"


def ball(radius: float = 0.1, subdivisions: int = 2) -> trimesh.Trimesh:
    """A ball that stands on z = 0."""
    solid = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    solid.apply_translation([0, 0, radius])
    return solid


def mesh_of(solid: trimesh.Trimesh, **changes: np.ndarray) -> Mesh:
    """A mesh in metres, z up, with smooth normals."""
    vertices, faces = np.asarray(solid.vertices), np.asarray(solid.faces)
    part = MeshPart(
        vertices=vertices.astype(np.float32),
        faces=faces.astype(np.int32),
        normals=smooth_normals(vertices, faces.astype(np.int64)).astype(np.float32),
        material=Material(),
    )
    return Mesh(name="model", fingerprint="", parts=(replace(part, **changes),))


def write_glb(path: Path, mesh: Mesh) -> Path:
    path.write_bytes(glb_bytes(mesh))
    return path


def write_ply(path: Path, vertices: np.ndarray, faces: np.ndarray) -> Path:
    """Writes an ASCII PLY as it is, also what trimesh would mend."""
    head = [
        *("ply", "format ascii 1.0", f"element vertex {len(vertices)}"),
        *("property float x", "property float y", "property float z"),
        *(f"element face {len(faces)}", "property list uchar int vertex_indices", "end_header"),
    ]
    rows = [" ".join(repr(float(value)) for value in row) for row in vertices]
    rows += [" ".join(map(str, [3, *row])) for row in faces.tolist()]
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def write_textured_obj(path: Path, texture_line: str, *, has_uv: bool = True) -> Path:
    """Writes a ball with one material `paint`, whose library holds the given line."""
    solid = ball()
    lines = [f"mtllib {path.stem}.mtl", *(f"v {x} {y} {z}" for x, y, z in solid.vertices), CUBE_UV, "usemtl paint"]
    corner = (lambda vertex, k: f"{vertex + 1}/{k + 1}") if has_uv else (lambda vertex, k: str(vertex + 1))
    lines += ["f " + " ".join(corner(vertex, k) for k, vertex in enumerate(face)) for face in solid.faces]
    path.write_text("\n".join(lines) + "\n")
    path.with_suffix(".mtl").write_text(f"newmtl paint\nKd 0.5 0.5 0.5\n{texture_line}\n")
    return path


def wrong_unit(folder: Path) -> Path:
    """A ball of 20 cm in millimetres, in a format that is in metres."""
    return write_glb(folder / "model.glb", mesh_of(ball(radius=100.0)))


def wrong_up_axis(folder: Path) -> Path:
    """A cylinder that stands on z = 0, in a format that is y up."""
    path = wrong_base(folder, [0.0, 0.0, 0.0])
    tree, binary = split_container(path.read_bytes())
    tree["nodes"][0]["rotation"] = [float(np.sqrt(0.5)), 0.0, 0.0, float(np.sqrt(0.5))]
    path.write_bytes(pack_glb(tree, binary or b""))
    return path


def wrong_base(folder: Path, offset: list[float]) -> Path:
    solid = trimesh.creation.cylinder(radius=0.05, height=0.3)
    solid.apply_translation(np.array([0, 0, 0.15]) + offset)
    return write_glb(folder / "model.glb", mesh_of(solid))


def far_origin(folder: Path) -> Path:
    return wrong_base(folder, [3.0, 2.0, 0.0])


def below_ground(folder: Path) -> Path:
    return wrong_base(folder, [0.0, 0.0, -0.3])


def inside_out(folder: Path) -> Path:
    solid = ball()
    path = folder / "model.stl"
    trimesh.Trimesh(solid.vertices, solid.faces[:, ::-1], process=False).export(path)
    return path


def some_turned(folder: Path) -> Path:
    solid = ball()
    faces = solid.faces.copy()
    faces[7:30] = faces[7:30, ::-1]
    return write_ply(folder / "model.ply", solid.vertices, faces)


def flipped_normals(folder: Path) -> Path:
    mesh = mesh_of(ball())
    return write_glb(folder / "model.glb", mesh_of(ball(), normals=-mesh.parts[0].normals))


def flipped_normals_of_a_sheet(folder: Path) -> Path:
    """An open half of a ball, so that no volume says which way is out."""
    solid = ball()
    upper = solid.faces[(solid.vertices[solid.faces][:, :, 2] >= 0.1 - 1e-9).all(axis=1)]
    half = trimesh.Trimesh(solid.vertices, upper, process=False)
    half.remove_unreferenced_vertices()
    mesh = mesh_of(half)
    return write_glb(folder / "model.glb", mesh_of(half, normals=-mesh.parts[0].normals))


def no_normals(folder: Path) -> Path:
    solid = ball()
    return write_ply(folder / "model.ply", solid.vertices, solid.faces)


def zero_normals(folder: Path) -> Path:
    normals = mesh_of(ball()).parts[0].normals.copy()
    normals[:9] = 0
    return write_glb(folder / "model.glb", mesh_of(ball(), normals=normals))


def missing_texture(folder: Path) -> Path:
    return write_textured_obj(folder / "model.obj", "map_Kd paint.png")


def misspelt_texture(folder: Path) -> Path:
    write_picture(folder / "Paint.PNG")
    return write_textured_obj(folder / "model.obj", "map_Kd paint.png")


def texture_of_another_machine(folder: Path) -> Path:
    write_picture(folder / "paint.png")
    return write_textured_obj(folder / "model.obj", "map_Kd C:\\Users\\me\\paint.png")


def broken_texture(folder: Path) -> Path:
    write_picture(folder / "paint.png")
    data = (folder / "paint.png").read_bytes()
    (folder / "paint.png").write_bytes(data[: len(data) // 2])
    return write_textured_obj(folder / "model.obj", "map_Kd paint.png")


def no_library(folder: Path) -> Path:
    path = write_textured_obj(folder / "model.obj", "")
    path.with_suffix(".mtl").unlink()
    return path


def misspelt_gltf_texture(folder: Path) -> Path:
    """A .gltf with its buffer and picture beside it, the latter in other case than it is named."""
    uv = np.random.default_rng(0).random((len(ball().vertices), 2)).astype(np.float32)
    tree, binary = split_container(glb_bytes(mesh_of(ball(), uv=uv)))
    (folder / "model.bin").write_bytes(binary or b"")
    tree["buffers"][0]["uri"] = "model.bin"
    tree["images"], tree["textures"] = [{"uri": "textures/paint%20a.png"}], [{"source": 0}]
    tree["materials"][0]["pbrMetallicRoughness"]["baseColorTexture"] = {"index": 0}
    (folder / "Textures").mkdir()
    write_picture(folder / "Textures" / "Paint A.png")
    path = folder / "model.gltf"
    path.write_text(json.dumps(tree))
    return path


def texture_without_uv(folder: Path) -> Path:
    write_picture(folder / "paint.png")
    return write_textured_obj(folder / "model.obj", "map_Kd paint.png", has_uv=False)


def write_picture(path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def hole(folder: Path) -> Path:
    solid = ball()
    return write_ply(folder / "model.ply", solid.vertices, solid.faces[1:])


def fin(folder: Path) -> Path:
    """A ball with one triangle that stands off one of its edges."""
    solid = ball()
    vertices = np.vstack([solid.vertices, [0.0, 0.0, 0.5]])
    faces = np.vstack([solid.faces, [[*solid.faces[0][:2], len(solid.vertices)]]])
    return write_ply(folder / "model.ply", vertices, faces)


def collapsed_faces(folder: Path) -> Path:
    solid = ball()
    faces = np.vstack([solid.faces, [[0, 0, 1], [3, 4, 3]]])
    return write_ply(folder / "model.ply", solid.vertices, faces)


def repeated_faces(folder: Path) -> Path:
    solid = ball()
    faces = np.vstack([solid.faces, np.roll(solid.faces[:5], 1, axis=1)])
    return write_ply(folder / "model.ply", solid.vertices, faces)


def loose_vertices(folder: Path) -> Path:
    solid = ball()
    return write_ply(folder / "model.ply", np.vstack([solid.vertices, np.zeros((4, 3))]), solid.faces)


def nan_vertex(folder: Path) -> Path:
    vertices = ball().vertices.copy()
    vertices[5, 1] = np.nan
    return write_ply(folder / "model.ply", vertices, ball().faces)


def loose_nan_vertex(folder: Path) -> Path:
    return write_ply(folder / "model.ply", np.vstack([ball().vertices, [[np.nan, 0, np.inf]]]), ball().faces)


def mirrored_node(folder: Path) -> Path:
    return scaled_node(folder, [-1.0, 1.0, 1.0])


def stretched_node(folder: Path) -> Path:
    return scaled_node(folder, [1.0, 2.0, 1.0])


def scaled_node(folder: Path, scale: list[float]) -> Path:
    tree, binary = split_container(glb_bytes(mesh_of(ball())))
    tree["nodes"][0]["scale"] = scale
    path = folder / "model.glb"
    path.write_bytes(pack_glb(tree, binary or b""))
    return path


def two_pieces(folder: Path) -> Path:
    other = ball()
    other.apply_translation([0.3, 0, 0])
    return write_glb(folder / "model.glb", mesh_of(trimesh.util.concatenate([ball(), other])))


def too_fine(folder: Path) -> Path:
    return write_glb(folder / "model.glb", mesh_of(trimesh.creation.torus(0.1, 0.04, 330, 310)))


Maker = Callable[[Path], Path]

BROKEN: dict[str, tuple[Maker, ...]] = {
    "unit_wrong": (wrong_unit,),
    "up_axis_wrong": (wrong_up_axis,),
    "origin_far": (far_origin,),
    "below_ground": (below_ground,),
    "inside_out": (inside_out,),
    "inconsistent_winding": (some_turned,),
    "flipped_normals": (flipped_normals, flipped_normals_of_a_sheet),
    "missing_normals": (no_normals,),
    "zero_normals": (zero_normals,),
    "texture_missing": (missing_texture,),
    "texture_misspelt": (misspelt_texture, texture_of_another_machine, misspelt_gltf_texture),
    "texture_broken": (broken_texture,),
    "material_missing": (no_library,),
    "texture_without_uv": (texture_without_uv,),
    "open_edges": (hole,),
    "non_manifold_edges": (fin,),
    "degenerate_faces": (collapsed_faces,),
    "duplicate_faces": (repeated_faces,),
    "unreferenced_vertices": (loose_vertices,),
    "non_finite_vertices": (nan_vertex, loose_nan_vertex),
    "negative_scale": (mirrored_node,),
    "non_uniform_scale": (stretched_node,),
    "disconnected_parts": (two_pieces,),
    "many_faces": (too_fine,),
}
"""What is broken, by the code that must name it."""
