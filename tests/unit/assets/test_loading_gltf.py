"""glTF: scene graph, materials, embedded and separate files, extensions."""

import base64
import json
import struct

import numpy as np
import pytest
import trimesh
from PIL import Image

from meshsight.assets.loading import load_mesh
from meshsight.core.errors import AssetError
from meshsight.records.mesh import bounds_of
from meshsight.specs.mesh_import import MeshImport

from .models import QUAD_UV, block, corners_of, four_colors, quad, sorted_triangles, write_png

AS_FILE = MeshImport()
Y_UP = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])


def _textured_quad(**material) -> trimesh.Trimesh:
    mesh = quad()
    image = Image.fromarray(four_colors())
    pbr = trimesh.visual.material.PBRMaterial(baseColorTexture=image, **material)
    mesh.visual = trimesh.visual.TextureVisuals(uv=QUAD_UV, material=pbr)
    return mesh


def _gltf(folder, tree, data: bytes = b""):
    """Writes a .gltf whose one buffer is embedded."""
    uri = "data:application/octet-stream;base64," + base64.b64encode(data).decode()
    path = folder / "model.gltf"
    path.write_text(
        json.dumps({"asset": {"version": "2.0"}, "buffers": [{"uri": uri, "byteLength": len(data)}], **tree})
    )
    return path


def _triangle(folder, material: dict, *, uv=((0, 0), (1, 0), (0, 1)), colors=None, **tree):
    """Writes one triangle with one material, float texture coordinates and, if given, uint8 colours."""
    data = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0]], "<f4").tobytes() + np.array(uv, "<f4").tobytes()
    views = [{"buffer": 0, "byteLength": 36}, {"buffer": 0, "byteOffset": 36, "byteLength": 24}]
    accessors = [
        {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0]},
        {"bufferView": 1, "componentType": 5126, "count": 3, "type": "VEC2"},
    ]
    attributes = {"POSITION": 0, "TEXCOORD_0": 1}
    if colors is not None:
        data += np.array(colors, np.uint8).tobytes()
        views.append({"buffer": 0, "byteOffset": 60, "byteLength": 12})
        accessors.append({"bufferView": 2, "componentType": 5121, "normalized": True, "count": 3, "type": "VEC4"})
        attributes["COLOR_0"] = 2
    return _gltf(
        folder,
        {
            "bufferViews": views,
            "accessors": accessors,
            "materials": [material],
            "meshes": [{"primitives": [{"attributes": attributes, "material": 0}]}],
            "nodes": [{"mesh": 0}],
            "scenes": [{"nodes": [0]}],
            "scene": 0,
            **tree,
        },
        data,
    )


def test_gltf_is_metres_and_y_up_without_a_word(tmp_path, caplog):
    block().export(tmp_path / "block.glb")
    mesh = load_mesh(tmp_path / "block.glb", AS_FILE)
    expected = np.asarray(block().triangles) @ Y_UP.T
    np.testing.assert_allclose(sorted_triangles(corners_of(mesh)), sorted_triangles(expected), atol=1e-6)
    np.testing.assert_allclose(bounds_of(mesh).size, [0.1, 0.3, 0.2], atol=1e-6)
    assert caplog.text == ""


def test_an_exporter_that_ignored_the_standard_can_be_overruled(tmp_path):
    block().export(tmp_path / "block.glb")
    mesh = load_mesh(tmp_path / "block.glb", MeshImport(unit="cm", up_axis="z"))
    np.testing.assert_allclose(bounds_of(mesh).size, [0.001, 0.002, 0.003], atol=1e-8)


def test_factors_are_linear_and_textures_as_stored(tmp_path):
    _textured_quad(metallicFactor=0.25, roughnessFactor=0.75, baseColorFactor=[255, 128, 0, 255]).export(
        tmp_path / "quad.glb"
    )
    (part,) = load_mesh(tmp_path / "quad.glb", AS_FILE).parts
    material = part.material
    assert np.array_equal(material.base_color_texture, four_colors())
    np.testing.assert_allclose(material.base_color, [1, 128 / 255, 0], atol=1e-6)
    assert (material.metallic, material.roughness) == (0.25, 0.75)
    top_left = int(np.argmin(np.linalg.norm(part.vertices @ Y_UP - [0, 1, 0], axis=1)))
    np.testing.assert_allclose(part.uv[top_left], [0, 1], atol=1e-6)


def test_a_metallic_roughness_texture_comes_back(tmp_path):
    image = Image.fromarray(four_colors(4))
    _textured_quad(metallicRoughnessTexture=image).export(tmp_path / "quad.glb")
    material = load_mesh(tmp_path / "quad.glb", AS_FILE).parts[0].material
    assert np.array_equal(material.metallic_roughness_texture, four_colors(4))


def test_separate_files_are_read_like_one(tmp_path):
    one, many = tmp_path / "one.glb", tmp_path / "many"
    _textured_quad().export(one)
    many.mkdir()
    for name, data in trimesh.exchange.gltf.export_gltf(trimesh.Scene(_textured_quad())).items():
        (many / name).write_bytes(data)
    assert load_mesh(one, AS_FILE).fingerprint == load_mesh(many / "model.gltf", AS_FILE).fingerprint


def test_the_scene_graph_is_flattened_with_its_transforms(tmp_path):
    scene = trimesh.Scene()
    turn = trimesh.transformations.rotation_matrix(0.7, [1, 2, 3], [0.1, 0, 0])
    scale = np.diag([2.0, 1.0, 0.5, 1.0])
    scene.add_geometry(block(), node_name="one", geom_name="block", transform=turn)
    scene.graph.update("two", "one", matrix=scale, geometry="block")
    scene.export(tmp_path / "scene.glb")
    mesh = load_mesh(tmp_path / "scene.glb", MeshImport(up_axis="z"))
    assert len(mesh.parts) == 2
    expected = [
        trimesh.transform_points(np.asarray(block().triangles).reshape(-1, 3), T).reshape(-1, 3, 3)
        for T in (turn, turn @ scale)
    ]
    found = sorted_triangles(corners_of(mesh))
    np.testing.assert_allclose(found, sorted_triangles(np.concatenate(expected)), atol=1e-5)


@pytest.mark.parametrize("with_normals", [False, True])
@pytest.mark.parametrize("mirror", [(-1, 1, 1), (1, -2, 1), (-1, -1, -1), (-1, -1, 1)])
def test_mirrored_nodes_still_face_outwards(tmp_path, mirror, with_normals):
    ball = trimesh.creation.icosphere(subdivisions=2)
    scene = trimesh.Scene()
    scene.add_geometry(ball, transform=np.diag([*mirror, 1.0]))
    (tmp_path / "ball.glb").write_bytes(trimesh.exchange.gltf.export_glb(scene, include_normals=with_normals))
    (part,) = load_mesh(tmp_path / "ball.glb", MeshImport(up_axis="z")).parts
    a, b, c = (part.vertices[part.faces[:, k]].astype(float) for k in range(3))
    assert (a * np.cross(b, c)).sum() / 6 == pytest.approx(ball.volume * abs(np.prod(mirror)), rel=1e-4)
    outward = part.vertices / np.array(mirror, dtype=float) ** 2
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    assert ((part.normals * outward).sum(axis=1) > 0.97).all()


def test_vertex_colours_are_linear(tmp_path):
    path = _triangle(tmp_path, {}, colors=[[255, 0, 0, 255], [0, 51, 0, 255], [0, 0, 102, 255]])
    (part,) = load_mesh(path, AS_FILE).parts
    np.testing.assert_allclose(part.vertex_colors, [[1, 0, 0], [0, 0.2, 0], [0, 0, 0.4]], atol=1e-6)


def test_the_standard_default_material(tmp_path):
    path = _triangle(tmp_path, {})
    tree = json.loads(path.read_text())
    del tree["materials"], tree["meshes"][0]["primitives"][0]["material"]
    path.write_text(json.dumps(tree))
    material = load_mesh(path, AS_FILE).parts[0].material
    assert (material.base_color, material.metallic, material.roughness) == ((1.0, 1.0, 1.0), 1.0, 1.0)


def test_emission_with_its_strength(tmp_path):
    strong = {"KHR_materials_emissive_strength": {"emissiveStrength": 4}}
    path = _triangle(tmp_path, {"emissiveFactor": [1, 0.5, 0], "extensions": strong})
    assert load_mesh(path, AS_FILE).parts[0].material.emissive == (4.0, 2.0, 0.0)


def test_an_emissive_texture_is_left_out_aloud(tmp_path, caplog):
    path = _triangle(tmp_path, {"name": "screen", "emissiveFactor": [1, 1, 1], "emissiveTexture": {"index": 0}})
    assert load_mesh(path, AS_FILE).parts[0].material.emissive == (0.0, 0.0, 0.0)
    assert "the emissive texture of material 'screen' is left out" in caplog.text


def test_transparency_is_left_out_aloud(tmp_path, caplog):
    load_mesh(_triangle(tmp_path, {"name": "glass", "alphaMode": "BLEND"}), AS_FILE)
    assert "material 'glass' is transparent, but is shown opaque" in caplog.text


def test_glossiness_is_read_as_roughness(tmp_path):
    old = {"KHR_materials_pbrSpecularGlossiness": {"diffuseFactor": [0.1, 0.2, 0.3, 1], "glossinessFactor": 0.25}}
    material = load_mesh(_triangle(tmp_path, {"extensions": old}), AS_FILE).parts[0].material
    assert (material.base_color, material.metallic, material.roughness) == ((0.1, 0.2, 0.3), 0.0, 0.75)


def test_a_texture_transform_moves_the_coordinates(tmp_path):
    """The matrix of KHR_texture_transform, worked out on paper: scale, then rotate, then offset, v down."""
    write_png(tmp_path / "four.png", four_colors())
    moved = {"KHR_texture_transform": {"offset": [0.5, 0.25], "rotation": np.pi / 2, "scale": [2, 4]}}
    path = _triangle(
        tmp_path,
        {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, "extensions": moved}}},
        images=[{"uri": "four.png"}],
        textures=[{"source": 0}],
    )
    (part,) = load_mesh(path, AS_FILE).parts
    # (u, v) -> (0.5 + 4 v, 0.25 - 2 u) with v down, for the corners (0, 0), (1, 0), (0, 1)
    down = np.array([[0.5, 0.25], [0.5, -1.75], [4.5, 0.25]])
    np.testing.assert_allclose(part.uv, np.stack([down[:, 0], 1 - down[:, 1]], axis=1), atol=1e-6)


TEXTURED = {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}


@pytest.mark.parametrize(
    ("tree", "material", "message"),
    [
        ({"images": [{"uri": "Four.png"}], "textures": [{"source": 0}]}, TEXTURED, "refers to 'Four.png'"),
        ({"images": [{"uri": "Four.png"}], "textures": [{"source": 0}]}, TEXTURED, "did you mean 'four.png'?"),
        ({"images": [{"uri": "../four.png"}], "textures": [{"source": 0}]}, TEXTURED, "lies outside"),
        ({"images": [{"uri": "..%2Ffour.png"}], "textures": [{"source": 0}]}, TEXTURED, "lies outside"),
        ({"images": [{"uri": "data:image/png;base64,!"}], "textures": [{"source": 0}]}, TEXTURED, "cannot be decoded"),
        (
            {"images": [{"uri": "model.gltf"}], "textures": [{"source": 0}]},
            TEXTURED,
            "image 0 (model.gltf): the texture",
        ),
        ({"textures": [{}]}, TEXTURED, "texture 0 is in a format we do not read"),
        ({}, TEXTURED, "its materials are not as glTF describes them"),
        (
            {"textures": [{}]},
            {"pbrMetallicRoughness": {"baseColorTexture": {"index": 0, "texCoord": 1}}},
            "uses a second set of texture coordinates",
        ),
        ({"extensionsRequired": ["KHR_draco_mesh_compression"]}, {}, "export it without mesh compression"),
        ({"asset": {"version": "1.0"}}, {}, "glTF 1.0 is not read, only 2.0"),
        ({"buffers": [{"uri": "gone.bin", "byteLength": 60}]}, {}, "refers to 'gone.bin', which is not in"),
    ],
)
def test_a_wrong_gltf_is_told_in_one_line(tmp_path, tree, material, message):
    folder = tmp_path / "model"
    folder.mkdir()
    for place in (folder, tmp_path):
        write_png(place / "four.png", four_colors())
    with pytest.raises(AssetError) as caught:
        load_mesh(_triangle(folder, material, **tree), AS_FILE)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_percent_signs_in_names_are_decoded(tmp_path):
    write_png(tmp_path / "four colours.png", four_colors())
    path = _triangle(tmp_path, TEXTURED, images=[{"uri": "four%20colours.png"}], textures=[{"source": 0}])
    texture = load_mesh(path, AS_FILE).parts[0].material.base_color_texture
    assert np.array_equal(texture, four_colors())


def test_integer_texture_coordinates_are_refused(tmp_path):
    path = _triangle(tmp_path, {})
    tree = json.loads(path.read_text())
    tree["accessors"][1] |= {"componentType": 5123, "normalized": True}
    path.write_text(json.dumps(tree))
    with pytest.raises(AssetError, match="texture coordinates as integers"):
        load_mesh(path, AS_FILE)


def test_a_glb_with_trailing_bytes_and_unknown_chunks_is_read(tmp_path):
    block().export(tmp_path / "block.glb")
    data = (tmp_path / "block.glb").read_bytes()
    longer = data + struct.pack("<II", 4, 0x12345678) + b"xxxx"
    (tmp_path / "more.glb").write_bytes(longer[:8] + struct.pack("<I", len(longer)) + longer[12:])
    more, plain = (load_mesh(tmp_path / name, AS_FILE) for name in ("more.glb", "block.glb"))
    assert more.fingerprint == plain.fingerprint
