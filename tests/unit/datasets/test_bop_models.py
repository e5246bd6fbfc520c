"""The files of BOP: models with colours and textures, masks as images."""

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
import trimesh
from PIL import Image

from meshsight.assets.builtin.catalogue import make_builtin
from meshsight.assets.surface_samples import surface_color
from meshsight.core.images import decode_image
from meshsight.datasets.bop.ply import model_files
from meshsight.datasets.bop.scene_folders import mask_png
from meshsight.records.mesh import Material, MeshPart


@pytest.mark.parametrize("name", ["mug", "carton", "car"])
def test_textures_of_all_parts_lie_in_one_picture(name):
    """In the middle of each face the model shows the mesh's own colour."""
    mesh = make_builtin(name)
    files = model_files(mesh, 1.0, np.zeros(3), "x.png")
    model = trimesh.load(trimesh.util.wrap_as_stream(files.ply), file_type="ply", process=False)
    properties = model.metadata["_ply_raw"]["vertex"]["data"]
    uv = np.column_stack([properties["texture_u"], properties["texture_v"]])[model.faces].mean(axis=1)
    picture = decode_image(files.texture, "texture")
    column, row = uv[:, 0] * picture.shape[1], (1 - uv[:, 1]) * picture.shape[0]
    shown = picture[row.astype(int), column.astype(int)] / 255.0
    middle = np.full((len(model.faces), 3), 1 / 3)
    wanted = np.concatenate([surface_color(part, part.faces, middle[: len(part.faces)]) for part in mesh.parts])
    assert len(wanted) == len(shown)
    assert np.quantile(np.abs(shown - wanted).max(axis=1), 0.9) < 0.02


def test_a_repeating_texture_becomes_colours_of_vertices():
    mesh = make_builtin("mug")
    (first, *rest) = mesh.parts
    tiled = replace(mesh, parts=(replace(first, uv=first.uv * 3), *rest))
    assert model_files(tiled, 1.0, np.zeros(3), "x.png").texture is None


def test_vertex_colours_are_in_the_model():
    part = MeshPart(
        vertices=np.eye(3, dtype=np.float32),
        faces=np.array([[0, 1, 2]], np.int32),
        normals=np.zeros((3, 3), np.float32),
        vertex_colors=np.eye(3, dtype=np.float32),
        material=Material(base_color=(1.0, 1.0, 1.0)),
    )
    mesh = replace(make_builtin("mug"), parts=(part,))
    files = model_files(mesh, 2.0, np.array([1.0, 0.0, 0.0]), "x.png")
    model = trimesh.load(trimesh.util.wrap_as_stream(files.ply), file_type="ply", process=False)
    assert np.array_equal(model.visual.vertex_colors[:, :3], np.eye(3) * 255)
    assert np.allclose(model.vertices, [[1000, 0, 0], [-1000, 2000, 0], [-1000, 0, 2000]])


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_mask_images_are_ordinary_pngs(share):
    mask = np.random.default_rng(1).random((37, 53)) < share
    with Image.open(io.BytesIO(mask_png(mask))) as image:
        image.load()
        assert (image.mode, image.size) == ("L", (53, 37))
        assert np.array_equal(np.asarray(image), np.where(mask, 255, 0))
    assert np.array_equal(cv2.imdecode(np.frombuffer(mask_png(mask), np.uint8), cv2.IMREAD_UNCHANGED) > 0, mask)
