"""The written files against the meshes: someone else's reader finds every object where its own points project.

The reader below knows JSON, numpy, OpenCV and pycocotools, and nothing of meshsight. The camera has fx != fy, a
principal point far from the middle, any roll, and in one set a lens that bends; objects overlap, leave the image, and
are scaled.
"""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from scipy.ndimage import binary_dilation
from scipy.spatial import ConvexHull

from meshsight.assets.library import AssetLibrary
from meshsight.core.errors import RenderError
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.generate import generate

MESHES = ("builtin:mug", "builtin:box_cereal", "builtin:duck")  # nothing on them is thinner than a pixel
RECIPE = {
    "frames": 12,
    "seed": 5,
    "image": {"size_hw": [120, 160], "format": "png"},
    "objects": [{"name": mesh.removeprefix("builtin:"), "mesh": mesh, "scale": [0.7, 1.6]} for mesh in MESHES],
    "count": [3, 5],
    "distractors": {"count": 2, "in_front": 0.5},
    "placement": {"kind": "frustum", "overhang": 0.5},
    "camera": {
        "kind": "shell",
        "roll_deg": [-180, 180],
        "framing": [0.8, 1.2],
        "intrinsics": {"kind": "calibrated", "fx": 150, "fy": 190, "cx": 61.3, "cy": 74.9},
    },
    "environment": {"source": {"kind": "procedural", "families": ["sky"], "seeds": [0, 0]}},
    "backgrounds": [{"kind": "plain"}],
}
LENS = [-0.18, 0.04, 0.002, -0.001, 0.003]


@dataclass(frozen=True)
class Label:
    """One object as the foreign reader sees it: its row, its mask, and its mesh's points in pixels."""

    row: dict[str, Any]
    mask: np.ndarray
    points: np.ndarray
    camera: dict[str, Any]
    tolerance_px: float

    @property
    def is_whole(self) -> bool:
        """Whether nothing hides the object or cuts it off."""
        return self.row["pixels"]["visible"] == self.row["pixels"]["full"] and not self.row["is_cut"]


@pytest.fixture(
    scope="module",
    params=[
        "raycast",
        *(pytest.param(kind, marks=pytest.mark.gl) for kind in ("raster", "raster behind a lens", "composite")),
    ],
)
def folder(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    out = tmp_path_factory.mktemp("labels") / "set"
    renderer = {"kind": request.param.split()[0]}
    if renderer["kind"] == "composite":
        renderer |= {"keep_on_disk": False, "recomposition": {"bank": 6}}
    spec = SceneSpec.model_validate({**RECIPE, "renderer": renderer})
    if "lens" in request.param:
        intrinsics = {**RECIPE["camera"]["intrinsics"], "distortion": LENS}
        spec = spec.evolve(camera={**RECIPE["camera"], "intrinsics": intrinsics})
    try:
        generate(spec, out, root=out.parent, workers=1, progress=False)
    except RenderError as error:
        pytest.skip(str(error))
    return out


@pytest.fixture(scope="module")
def vertices() -> dict[str, np.ndarray]:
    library = AssetLibrary(Path(), {})
    return {mesh: library.mesh(mesh).vertices.astype(np.float64) for mesh in MESHES}


@pytest.fixture(scope="module")
def labels(folder: Path, vertices: dict[str, np.ndarray]) -> list[Label]:
    return list(read_as_a_stranger(folder, vertices))


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line) for path in sorted((folder / "labels").iterdir()) for line in path.read_text().splitlines()
    ]


def project(points: np.ndarray, row: dict[str, Any], camera: dict[str, Any]) -> np.ndarray:
    pose = np.array(row["pose"]["T_cam_object"])
    in_camera = points @ pose[:3, :3].T + pose[:3, 3]
    pixels, _ = cv2.projectPoints(in_camera, np.zeros(3), np.zeros(3), matrix(camera), np.array(camera["distortion"]))
    return pixels[:, 0]


def matrix(camera: dict[str, Any]) -> np.ndarray:
    return np.array([[camera["fx"], 0, camera["cx"]], [0, camera["fy"], camera["cy"]], [0, 0, 1.0]])


def straight(pixels: np.ndarray, camera: dict[str, Any]) -> np.ndarray:
    """Pixels as a pinhole would have them, where what is convex stays convex."""
    bend, K = np.array(camera["distortion"]), matrix(camera)
    return cv2.undistortPoints(pixels[:, None], K, bend, None, None, K)[:, 0] if bend.any() else pixels


def tolerance_px(folder: Path, camera: dict[str, Any]) -> float:
    """Behind a lens the rasteriser's outlines are an eighth of a pixel off; sprites end at half coverage."""
    kind = json.loads((folder / "manifest.json").read_text())["spec"]["renderer"]["kind"]
    return 0.25 if kind == "composite" else 0.15 if any(camera["distortion"]) else 1e-2


def read_as_a_stranger(folder: Path, vertices: dict[str, np.ndarray]) -> Iterator[Label]:
    for line in lines_of(folder):
        for row in line["objects"]:
            mask = coco_mask.decode({"size": line["size_hw"], "counts": row["mask"].encode()}).astype(bool)
            points = project(vertices[row["mesh"]] * row["pose"]["scale"], row, line["camera"])
            yield Label(row, mask, points, line["camera"], tolerance_px(folder, line["camera"]))


def test_the_set_is_hard_enough(labels: list[Label]) -> None:
    pixels = [label.row["pixels"] for label in labels]
    assert len(labels) >= 30
    assert sum(label.is_whole for label in labels) >= 8
    assert sum(count["visible"] < 0.8 * count["inside"] for count in pixels) >= 4
    assert sum(count["inside"] < 0.95 * count["full"] for count in pixels) >= 4


def test_every_vertex_of_a_visible_object_lands_in_its_mask(labels: list[Label]) -> None:
    for label in labels:
        if label.row["pixels"]["visible"] == label.row["pixels"]["inside"]:
            rim = binary_dilation(label.mask, np.ones((3, 3), bool))
            height, width = rim.shape
            inside = label.points[np.all((label.points >= 0) & (label.points < (width, height)), axis=1)]
            columns, rows = inside.astype(int).T
            assert rim[rows, columns].all()


def test_every_pixel_of_a_mask_lies_within_the_projected_points(labels: list[Label]) -> None:
    for label in labels:
        rows, columns = np.nonzero(label.mask)
        centres = straight(np.stack([columns + 0.5, rows + 0.5], axis=1), label.camera)
        sides = ConvexHull(straight(label.points, label.camera)).equations
        outside = centres @ sides[:, :2].T + sides[:, 2]  # signed distance in pixels
        assert outside.max() < label.tolerance_px


def test_full_boxes_are_those_of_the_projected_points(labels: list[Label]) -> None:
    """A covered pixel's centre is never outside; what is thinner than a pixel may be missed."""
    for label in labels:
        low, high = label.points.min(axis=0), label.points.max(axis=0)
        x1, y1, x2, y2 = label.row["full_box"]
        slack = np.array([x1 + 0.5 - low[0], y1 + 0.5 - low[1], high[0] - x2 + 0.5, high[1] - y2 + 0.5])
        assert slack.min() > -label.tolerance_px
        if not label.row["is_cut"]:
            assert slack.max() < 2.0


def test_boxes_are_exactly_those_of_the_masks(labels: list[Label]) -> None:
    for label in labels:
        rows, columns = np.nonzero(label.mask)
        assert label.row["box"] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert label.row["pixels"]["visible"] == len(rows)
        if label.is_whole:
            assert label.row["box"] == label.row["full_box"]


def test_keypoints_are_the_corners_of_the_mesh(
    folder: Path, vertices: dict[str, np.ndarray], labels: list[Label]
) -> None:
    rows = iter(labels)
    for line in lines_of(folder):
        height, width = line["size_hw"]
        for row in line["objects"]:
            assert next(rows).row == row
            points = vertices[row["mesh"]] * row["pose"]["scale"]
            low, high = points.min(axis=0), points.max(axis=0)
            corners = [[(low, high)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)]
            expected = project(np.array([*corners, (low + high) / 2]), row, line["camera"])
            keypoints = np.array(row["keypoints"])
            assert np.allclose(keypoints[:, :2], expected, atol=1e-6)
            is_inside = np.all((expected >= 0) & (expected < (width, height)), axis=1)
            assert keypoints[:, 2].tolist() == np.where(is_inside, 2, 1).tolist()


def test_coco_json_says_the_same(folder: Path, labels: list[Label]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO(str(folder / "coco.json"))
    rows = coco.loadAnns(sorted(coco.getAnnIds()))
    assert len(rows) == len(labels)
    for row, label in zip(rows, labels, strict=True):
        assert np.array_equal(coco.annToMask(row).astype(bool), label.mask)
        x, y, width, height = row["bbox"]
        assert [x, y, x + width, y + height] == label.row["box"]
        assert coco.loadCats([row["category_id"]])[0]["name"] == label.row["mesh"].removeprefix("builtin:")


def test_masks_of_one_image_do_not_overlap(folder: Path) -> None:
    for line in lines_of(folder):
        masks = [coco_mask.decode({"size": line["size_hw"], "counts": row["mask"].encode()}) for row in line["objects"]]
        assert not masks or np.sum(masks, axis=0).max() <= 1
