"""Windows, packing, closedness, box projection and silhouettes."""

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.camera import project
from meshsight.core.pose import sample_rotation
from meshsight.records.mesh import Material, Mesh, MeshPart
from meshsight.records.scene import MaterialOverride
from meshsight.render.closed import is_closed
from meshsight.render.packing import pack_windows
from meshsight.render.silhouette import make_silhouette
from meshsight.render.surface import resolve_surface, textured_parts
from meshsight.render.window import Window, canvas_projection, hull_points, object_window

from ...contracts.handmade import QUARTERS, Handmade, from_trimesh, scene_of

ASSETS = Handmade()


def joined(*shapes: trimesh.Trimesh) -> Mesh:
    meshes = [from_trimesh("part", shape) for shape in shapes]
    return Mesh(name="joined", fingerprint="joined", parts=tuple(mesh.parts[0] for mesh in meshes))


def unmerged_box(at: float = 0.0) -> trimesh.Trimesh:
    box = trimesh.creation.box((1, 1, 1), transform=trimesh.transformations.translation_matrix([at, 0, 0]))
    box.unmerge_vertices()
    return box


def inside_out(shape: trimesh.Trimesh) -> trimesh.Trimesh:
    shape.invert()
    return shape


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (ASSETS.meshes["ball"], True),
        (ASSETS.meshes["cube"], True),
        (ASSETS.meshes["knot"], True),
        (ASSETS.meshes["open"], False),
        (ASSETS.meshes["square"], False),
        (joined(unmerged_box(), unmerged_box(2.0)), True),
        (joined(inside_out(unmerged_box())), False),
        (joined(unmerged_box(), inside_out(unmerged_box(2.0))), False),
    ],
)
def test_only_a_watertight_mesh_that_faces_outwards_is_closed(mesh, expected):
    assert is_closed(mesh) == expected


def test_a_mesh_closed_by_several_parts_is_closed():
    box = unmerged_box()
    halves = [replace(ASSETS.meshes["square"].parts[0]) for _ in range(2)]
    halves = [
        MeshPart(
            vertices=np.array(box.vertices, dtype=np.float32),
            faces=np.array(box.faces[chosen], dtype=np.int32),
            normals=np.array(box.vertex_normals, dtype=np.float32),
            material=Material(),
        )
        for chosen in (slice(0, 5), slice(5, 12))
    ]
    assert is_closed(Mesh(name="two", fingerprint="two", parts=tuple(halves)))
    assert not is_closed(Mesh(name="one", fingerprint="one", parts=(halves[0],)))


@given(st.integers(0, 10_000))
def test_a_window_holds_every_projected_vertex(seed):
    rng = np.random.default_rng(seed)
    vertices = ASSETS.meshes["knot"].vertices @ sample_rotation(rng).T * rng.uniform(0.05, 1.0)
    points = vertices + rng.uniform((-3, -3, 1.5), (3, 3, 6))
    scene = scene_of(near_m=0.1)
    window = object_window(points, scene)
    pixels = project(scene.camera, points)
    height, width = scene.camera.size_hw
    on_canvas = ((pixels >= (-width, -height)) & (pixels < (2 * width, 2 * height))).all(axis=1)
    corner, end = (window.left, window.top), (window.right, window.bottom)
    assert ((pixels[on_canvas] >= corner) & (pixels[on_canvas] <= end)).all()
    assert window.is_cut == (not on_canvas.all())
    assert window == object_window(hull_points(points), scene)


def test_windows_of_objects_at_the_clip_planes():
    scene = scene_of(near_m=1.0, far_m=10.0)
    points = np.array([[-0.1, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 0.2]])
    whole = Window(-96, -64, 192, 128, is_cut=True)
    assert object_window(points + np.array([0, 0, 0.9]), scene) == whole
    for z in (-3.0, 0.5, 11.0):
        window = object_window(points + np.array([0, 0, z]), scene)
        assert window.width == window.height == 0 and window.is_cut
        assert not window.touches_image((64, 96))
    assert object_window(points + np.array([0, 0, 9.9]), scene).is_cut
    assert not object_window(points + np.array([0, 0, 5.0]), scene).is_cut


def test_hull_points_of_flat_and_solid_meshes():
    assert len(hull_points(ASSETS.meshes["cube"].vertices)) == 8
    assert len(hull_points(ASSETS.meshes["square"].vertices)) == 4


def test_the_clip_matrix_agrees_with_the_camera():
    scene = scene_of(near_m=0.5, far_m=20.0)
    rng = np.random.default_rng(0)
    points = rng.uniform((-1, -1, 0.6), (1, 1, 19), (50, 3))
    clip = np.concatenate([points, np.ones((50, 1))], axis=1) @ canvas_projection(scene.camera, 0.5, 20.0).T
    np.testing.assert_allclose(clip[:, 3], points[:, 2])
    place = (clip[:, :2] / clip[:, 3:] + 1) / 2 * (3 * 96, 3 * 64) - (96, 64)
    np.testing.assert_allclose(place, project(scene.camera, points), atol=1e-9)
    planes = np.array([[0, 0, 0.5, 1], [0, 0, 20.0, 1]]) @ canvas_projection(scene.camera, 0.5, 20.0).T
    np.testing.assert_allclose(planes[:, 2] / planes[:, 3], [-1, 1])


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 300)), max_size=12))
def test_packed_windows_do_not_overlap(sizes):
    places, (width, height) = pack_windows(sizes)
    atlas = np.zeros((height, width), dtype=np.int32)
    for (x, y), (w, h) in zip(places, sizes, strict=True):
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height
        atlas[y : y + h, x : x + w] += 1
    assert atlas.max(initial=0) <= 1


def test_box_projection_moves_nothing():
    before, after = ASSETS.meshes["cube"].parts[0], textured_parts(ASSETS.meshes["cube"])[0]
    np.testing.assert_array_equal(after.vertices[after.faces], before.vertices[before.faces])
    np.testing.assert_array_equal(after.normals[after.faces], before.normals[before.faces])
    assert after.uv is not None and after.uv.min() >= 0 and after.uv.max() <= 1
    edges = np.linalg.norm(np.diff(after.uv[after.faces], axis=1), axis=2)
    assert edges.min() >= 1 - 1e-6


def test_a_mesh_with_uv_stays_as_it_is():
    assert textured_parts(ASSETS.meshes["pictured"]) is ASSETS.meshes["pictured"].parts


def test_an_override_replaces_what_it_names():
    mesh = ASSETS.meshes["pictured"]
    part = replace(
        mesh.parts[0], material=replace(mesh.parts[0].material, metallic_roughness_texture=QUARTERS, metallic=0.7)
    )
    mesh = replace(mesh, parts=(part,))
    plain = resolve_surface(mesh, 0, MaterialOverride(), ASSETS)
    assert (plain.metallic, plain.metallic_from_texture, plain.roughness_from_texture) == (0.7, True, True)
    assert plain.base_color_texture is not None and plain.base_color_texture.pixels is QUARTERS
    changed = resolve_surface(mesh, 0, MaterialOverride(metallic=0.2, tint=(0.5, 1.0, 1.0), texture="quarters"), ASSETS)
    assert (changed.metallic, changed.metallic_from_texture, changed.roughness_from_texture) == (0.2, False, True)
    assert changed.base_color == (0.5, 1.0, 1.0)
    assert changed.base_color_texture is not None and changed.base_color_texture.key == "ref:quarters"


def test_a_silhouette_is_cropped_and_holds_what_the_id_pass_saw():
    window = Window(-3, 2, 5, 9, is_cut=False)
    alone = np.zeros((7, 8), dtype=bool)
    alone[2:4, 1:5] = True
    ids = np.zeros((20, 20), dtype=np.int32)
    ids[4, 1:3] = 6
    found = make_silhouette(6, window, alone, ids)
    assert found.origin_xy == (-2, 4)
    np.testing.assert_array_equal(found.mask, [[1, 1, 1, 1, 1], [1, 1, 1, 1, 0]])
    assert not alone[2, 5], "the caller's array is not written"
