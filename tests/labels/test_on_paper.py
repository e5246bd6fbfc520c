"""One plate with hand-written vertices and K, whose every label is worked out on paper, read from the written line.

The plate is 0.4 m wide and 0.8 m high and faces the camera at z = 2 m. With fx = 100, fy = 50, cx = 25, cy = 20 its
left border projects to 100 * -0.2 / 2 + 25 = 15, its right one to 35, its upper one to 50 * -0.4 / 2 + 20 = 10, its
lower one to 30. So it covers columns 15 to 34 and rows 10 to 29: 400 pixels.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from meshsight.core.camera import Camera
from meshsight.core.errors import RenderError
from meshsight.core.pose import make_pose, rotation_about_z
from meshsight.datasets.annotate import annotate
from meshsight.datasets.sample_json import sample_to_json
from meshsight.records.mesh import Material, Mesh, MeshPart, bounds_of
from meshsight.records.scene import Environment, PlainBackground, Scene, SceneObject, SensorDraw
from meshsight.render.base import RENDERER_KINDS, Renderer, open_renderer

PLATE = Mesh(
    name="plate",
    fingerprint="plate",
    parts=(
        MeshPart(
            vertices=np.array([[-0.2, -0.4, 0], [0.2, -0.4, 0], [0.2, 0.4, 0], [-0.2, 0.4, 0]], np.float32),
            faces=np.array([[0, 2, 1], [0, 3, 2]], np.int32),  # seen from -z, where the camera is
            normals=np.array([[0, 0, -1]] * 4, np.float32),
            material=Material(),
        ),
    ),
)
CAMERA = Camera(fx=100.0, fy=50.0, cx=25.0, cy=20.0, size_hw=(40, 60))


class OneMesh:
    """An asset source with nothing but the plate and a grey sky."""

    def mesh(self, ref: str) -> Mesh:
        assert ref == "plate"
        return PLATE

    def image_size_hw(self, ref: str) -> tuple[int, int]:
        raise AssertionError(ref)

    def image(self, ref: str, at_least_hw: tuple[int, int] | None = None) -> np.ndarray:
        raise AssertionError(ref)

    def environment(self, ref: str) -> np.ndarray:
        return np.ones((8, 16, 3), np.float32)


@pytest.fixture(scope="module", params=["raycast", pytest.param("raster", marks=pytest.mark.gl)])
def renderer(request: pytest.FixtureRequest) -> Renderer:
    try:
        return open_renderer(RENDERER_KINDS.module(request.param).Spec(), OneMesh())
    except RenderError as error:
        pytest.skip(str(error))


def plate(x: float, y: float, z: float, instance_id: int = 1, **more: Any) -> SceneObject:
    pose = make_pose(np.eye(3), np.array([x, y, z], dtype=np.float64))
    return replace(SceneObject(instance_id=instance_id, mesh="plate", class_id=0, T_world_object=pose), **more)


def written(renderer: Renderer, *objects: SceneObject, T_world_cam: np.ndarray | None = None) -> dict[str, Any]:
    """Returns the line that is written for a scene, as plain JSON."""
    scene = Scene(
        frame=0,
        camera=CAMERA,
        T_world_cam=np.eye(4) if T_world_cam is None else T_world_cam,
        objects=objects,
        ground=None,
        environment=Environment(ref="grey", strength=1.0, rotation_rad=0.0),
        suns=(),
        point_lights=(),
        background=PlainBackground(color=(0.2, 0.2, 0.2)),
        sensor=SensorDraw(),
        origins={},
    )
    sample = annotate(renderer.render(scene), scene, {"plate": bounds_of(PLATE)}, "images/000000.png")
    return json.loads(sample_to_json(sample))


def counts(row: dict[str, Any]) -> tuple[int, int, int]:
    return row["full"], row["inside"], row["visible"]


def test_the_plate_on_paper(renderer: Renderer) -> None:
    (row,) = written(renderer, plate(0, 0, 2))["objects"]
    assert row["box"] == row["full_box"] == [15, 10, 35, 30]
    assert counts(row["pixels"]) == (400, 400, 400)
    mask = coco_mask.decode({"size": [40, 60], "counts": row["mask"].encode()})
    expected = np.zeros((40, 60), np.uint8)
    expected[10:30, 15:35] = 1
    assert np.array_equal(mask, expected)
    corners = [[15, 10], [35, 10], [15, 30], [35, 30]]  # the plate has no depth: near and far corners coincide
    assert np.allclose(np.array(row["keypoints"])[:, :2], [*corners, *corners, [25, 20]], atol=1e-5)
    assert [point[2] for point in row["keypoints"]] == [2] * 9
    assert row["pose"]["T_cam_object"] == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 2], [0, 0, 0, 1]]
    assert (row["is_cut"], row["is_ignored"], row["mesh"], row["class_id"]) == (False, False, "plate", 0)


@pytest.mark.parametrize(
    ("x", "y", "full_box", "inside"),
    [
        (-0.4, 0.0, [-5, 10, 15, 30], 300),  # 0.4 m at 2 m is 20 px to the left
        (0.8, 0.0, [55, 10, 75, 30], 100),
        (0.0, -0.8, [15, -10, 35, 10], 200),  # 0.8 m at 2 m is 20 px upwards
        (0.0, 0.8, [15, 30, 35, 50], 200),
    ],
)
def test_over_every_border(renderer: Renderer, x: float, y: float, full_box: list[int], inside: int) -> None:
    (row,) = written(renderer, plate(x, y, 2))["objects"]
    assert row["full_box"] == full_box
    assert counts(row["pixels"]) == (400, inside, inside)
    assert row["box"] == [max(0, full_box[0]), max(0, full_box[1]), min(60, full_box[2]), min(40, full_box[3])]
    assert 1 in [point[2] for point in row["keypoints"]]


def test_scale_and_roll(renderer: Renderer) -> None:
    """Twice as large is 40 x 40 px; a quarter turn of the camera makes the plate 80 px wide (cut to 55) and 10 high."""
    (large,) = written(renderer, plate(0, 0, 2, scale=2.0))["objects"]
    assert large["box"] == [5, 0, 45, 40] and large["pose"]["box_high_m"] == pytest.approx([0.4, 0.8, 0], abs=1e-7)
    T_world_cam = make_pose(rotation_about_z(np.pi / 2), np.zeros(3))
    (turned,) = written(renderer, plate(0, 0, 2), T_world_cam=T_world_cam)["objects"]
    assert turned["box"] == [5, 15, 45, 25]


def test_hidden_behind_and_one_pixel(renderer: Renderer) -> None:
    """Two instances of one mesh: the one behind is fully hidden. Another is behind the camera, another a pixel big."""
    behind_it = plate(0, 0, 4, 2)  # 10 x 10 px around the middle
    behind_camera = plate(0, 0, -2, 3)
    tiny = plate(0.71, 0.02, 2, 4, scale=0.05)  # 1 x 1 px at (60.5, 20.5): outside
    seen = plate(0.61, 0.02, 2, 5, scale=0.05)  # 1 x 1 px at (55.5, 20.5)
    line = written(renderer, plate(0, 0, 2), behind_it, behind_camera, tiny, seen)
    assert [row["instance_id"] for row in line["objects"]] == [1, 5]
    assert {row["instance_id"]: counts(row) for row in line["hidden"]} == {2: (100, 100, 0), 3: (0, 0, 0), 4: (1, 0, 0)}
    assert line["objects"][1]["box"] == [55, 20, 56, 21]
    assert counts(line["objects"][1]["pixels"]) == (1, 1, 1)


def test_half_hidden_by_a_distractor(renderer: Renderer) -> None:
    before = plate(0.1, 0, 1, 2, class_id=None)  # covers x from 100 * -0.1 + 25 = 15 to 55, y from 0 to 40
    aside = plate(0.2, 0, 1, 2, class_id=None)  # covers x from 25 on
    assert written(renderer, plate(0, 0, 2), before)["objects"] == []
    line = written(renderer, plate(0, 0, 2), aside)
    (row,) = line["objects"]
    assert (row["box"], row["full_box"], counts(row["pixels"])) == ([15, 10, 25, 30], [15, 10, 35, 30], (400, 400, 200))
    assert line["hidden"] == []


def test_filling_the_view_and_beyond_the_canvas(renderer: Renderer) -> None:
    (row,) = written(renderer, plate(0, 0, 0.2))["objects"]  # 200 px wide: more than three images
    assert row["box"] == [0, 0, 60, 40] and row["is_cut"]
    assert counts(row["pixels"]) == (180 * 120, 2400, 2400)
    assert row["full_box"] == [-60, -40, 120, 80]
