"""BOP's files against geometry: someone else's reader finds every object where its own model projects.

The reader below knows json, numpy, Pillow, tarfile and trimesh, and nothing of meshsight. Objects are cuboids whose
mesh's origin lies off their centre, in two sizes; the camera has fx != fy, a principal point off the middle and any
roll; objects leave the image and hide each other. The truth is rendered pixel centre by pixel centre.
"""

import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy.spatial import ConvexHull

from meshsight.core.camera import Camera, project
from meshsight.core.images import write_image
from meshsight.core.masks import encode_mask, tight_box
from meshsight.core.pose import make_pose, sample_rotation, transform_points
from meshsight.datasets.annotate import cuboid_points
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import FORMAT_KINDS, WHOLE
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample

HEIGHT, WIDTH = 120, 160
CAMERA = Camera(fx=150.0, fy=190.0, cx=61.3, cy=74.9, size_hw=(HEIGHT, WIDTH))
# Low and high corners of each class's mesh in its own frame, in metres.
BOXES_M = {"Kiste": ((0.0, 0.0, 0.0), (0.30, 0.20, 0.12)), "bar": ((-0.1, -0.02, 0.05), (0.2, 0.06, 0.10))}
KINDS = ("bop", "bop_webdataset")


def filled(corners_px: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Tells which pixel centres lie within the convex hull of some points."""
    inside = np.ones(len(centres), bool)
    for normal_x, normal_y, offset in ConvexHull(corners_px).equations:
        inside &= centres @ (normal_x, normal_y) + offset <= 0
    return inside


def canvas_centres(first: float) -> np.ndarray:
    """Pixel centres of a canvas three images wide and high; the image's first pixel has its centre at `first`."""
    rows, columns = np.mgrid[-HEIGHT : 2 * HEIGHT, -WIDTH : 2 * WIDTH]
    return np.column_stack([columns.ravel(), rows.ravel()]) + first


def silhouette(corners_px: np.ndarray, first: float) -> np.ndarray:
    return filled(corners_px, canvas_centres(first)).reshape(3 * HEIGHT, 3 * WIDTH)


def within(canvas: np.ndarray) -> np.ndarray:
    return canvas[HEIGHT : 2 * HEIGHT, WIDTH : 2 * WIDTH]


def truth_sample(rng: np.random.Generator, frame: int) -> Sample:
    poses = []
    for _ in range(3):
        class_id, scale = int(rng.integers(0, 2)), float(rng.choice([1.0, 1.5]))
        low, high = (np.array(side) * scale for side in list(BOXES_M.values())[class_id])
        place = make_pose(sample_rotation(rng), rng.uniform([-0.45, -0.35, 1.0], [0.25, 0.2, 1.6]))
        poses.append((class_id, Pose(T_cam_object=place, scale=scale, box_low_m=low, box_high_m=high)))
    outlines = [
        silhouette(project(CAMERA, transform_points(pose.T_cam_object, cuboid_points(pose)[:8])), 0.5)
        for _, pose in poses
    ]
    owner = np.zeros((HEIGHT, WIDTH), int)
    for number, outline in enumerate(outlines, start=1):
        owner[within(outline)] = number
    labels = []
    for number, ((class_id, pose), outline) in enumerate(zip(poses, outlines, strict=True), start=1):
        visible = owner == number
        if visible.any():
            labels.append(truth_label(number, class_id, pose, outline, visible))
    return Sample(
        image=f"{frame}.png",
        size_hw=(HEIGHT, WIDTH),
        objects=tuple(labels),
        frame=frame,
        group=f"scene-{frame}",
        camera=CAMERA,
        T_world_cam=make_pose(sample_rotation(rng), rng.normal(size=3)),
    )


def truth_label(number: int, class_id: int, pose: Pose, outline: np.ndarray, visible: np.ndarray) -> ObjectLabel:
    box, full = tight_box(visible), tight_box(outline)
    assert box is not None and full is not None
    counts = PixelCounts(full=int(outline.sum()), inside=int(within(outline).sum()), visible=int(visible.sum()))
    return ObjectLabel(
        class_id=class_id,
        box=tuple(box.tolist()),
        instance_id=number,
        full_box=tuple((full - (WIDTH, HEIGHT, WIDTH, HEIGHT)).tolist()),
        mask=encode_mask(visible),
        full_mask=encode_mask(within(outline)),
        pixels=counts,
        pose=pose,
        mesh=f"{list(BOXES_M)[class_id]}.obj",
    )


@dataclass(frozen=True)
class Found:
    """One object as the foreign reader sees it; lengths in millimetres, pixel centres at whole numbers."""

    vertices_px: np.ndarray
    info: dict[str, Any]
    mask: np.ndarray
    mask_visib: np.ndarray
    model: dict[str, Any]


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    rng = np.random.default_rng(11)
    return [truth_sample(rng, frame) for frame in range(10)]


@pytest.fixture(scope="module", params=KINDS)
def found(request: pytest.FixtureRequest, samples: list[Sample], tmp_path_factory) -> list[list[Found]]:
    folder = tmp_path_factory.mktemp(request.param)
    for name, (low, high) in BOXES_M.items():
        mesh = trimesh.creation.box(bounds=[low, high])
        (folder / f"{name}.obj").write_text(trimesh.exchange.obj.export_obj(mesh))
    for sample in samples:
        write_image(folder / sample.image, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    dataset = Dataset(
        root=folder,
        classes=tuple(BOXES_M),
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="truth",
        fingerprint=None,
    )
    settings = {"imports": {f"{name}.obj": {"unit": "m", "up_axis": "z"} for name in BOXES_M}}
    spec = FORMAT_KINDS.module(request.param).Spec.model_validate({"kind": request.param, **settings})
    writer = FORMAT_KINDS.builder(request.param)(spec)
    writer.write({WHOLE: reduce_dataset(dataset, writer.capacity)[0]}, Target(folder / "out"))
    read: dict[str, Callable[[Path], Iterator[list[Found]]]] = {"bop": read_scenes, "bop_webdataset": read_shards}
    return list(read[request.param](folder / "out"))


def pixels_of(file: Path | io.BytesIO) -> np.ndarray:
    with Image.open(file) as image:
        return np.asarray(image)


def read_scenes(root: Path) -> Iterator[list[Found]]:
    scene = root / "train_pbr" / "000000"
    tables = {name: json.loads((scene / f"{name}.json").read_text()) for name in ("scene_gt", "scene_gt_info")}
    cameras = json.loads((scene / "scene_camera.json").read_text())
    for image_id in sorted(cameras, key=int):
        assert pixels_of(scene / "rgb" / f"{int(image_id):06d}.png").shape == (HEIGHT, WIDTH, 3)
        truths, infos = tables["scene_gt"][image_id], tables["scene_gt_info"][image_id]
        masks = [
            [pixels_of(scene / kind / f"{int(image_id):06d}_{index:06d}.png") for kind in ("mask", "mask_visib")]
            for index in range(len(truths))
        ]
        for pair in masks:
            assert all(mask.dtype == np.uint8 and set(np.unique(mask)) <= {0, 255} for mask in pair)
        yield objects_of(root, cameras[image_id], truths, infos, [[mask > 0 for mask in pair] for pair in masks])


def read_shards(root: Path) -> Iterator[list[Found]]:
    keys = json.loads((root / "train_pbr" / "key_to_shard.json").read_text())
    for key in sorted(keys):
        assert re.fullmatch(r"\d{6}_\d{6}", key)
        with tarfile.open(root / "train_pbr" / f"shard-{keys[key]:06d}.tar") as archive:
            content = {
                part: archive.extractfile(f"{key}.{part}").read()
                for part in ("rgb.png", "camera.json", "gt.json", "gt_info.json", "mask.json", "mask_visib.json")
            }
        assert pixels_of(io.BytesIO(content["rgb.png"])).shape == (HEIGHT, WIDTH, 3)
        rows = {part: json.loads(data) for part, data in content.items() if part.endswith("json")}
        masks = [
            [runs_to_mask(rows[part][str(index)]) for part in ("mask.json", "mask_visib.json")]
            for index in range(len(rows["gt.json"]))
        ]
        yield objects_of(root, rows["camera.json"], rows["gt.json"], rows["gt_info.json"], masks)


def runs_to_mask(row: dict[str, Any]) -> np.ndarray:
    """COCO's uncompressed run lengths: unset and set by turns, down the columns."""
    values = np.arange(len(row["counts"])) % 2
    return np.repeat(values, row["counts"]).reshape(row["size"], order="F").astype(bool)


def objects_of(root: Path, camera: dict, truths: list, infos: list, masks: list) -> list[Found]:
    K = np.array(camera["cam_K"]).reshape(3, 3)
    models = json.loads((root / "models" / "models_info.json").read_text())
    objects = []
    for truth, info, (mask, mask_visib) in zip(truths, infos, masks, strict=True):
        model = trimesh.load(root / "models" / f"obj_{truth['obj_id']:06d}.ply", process=False)
        points = np.asarray(model.vertices) @ np.array(truth["cam_R_m2c"]).reshape(3, 3).T + truth["cam_t_m2c"]
        pixels = points @ K.T
        row = models[str(truth["obj_id"])] | {"vertices": np.asarray(model.vertices)}
        objects.append(Found(pixels[:, :2] / pixels[:, 2:], info, mask, mask_visib, row))
    return objects


def pairs(samples: list[Sample], found: list[list[Found]]) -> Iterator[tuple[ObjectLabel, Found]]:
    assert len(samples) == len(found)
    for sample, objects in zip(samples, found, strict=True):
        yield from zip(sample.objects, objects, strict=True)


def test_the_scenes_are_hard_enough(samples):
    labels = [label for sample in samples for label in sample.objects]
    assert sum(label.pixels.inside < label.pixels.full for label in labels) >= 3, "some leave the image"
    assert sum(label.pixels.visible < label.pixels.inside for label in labels) >= 3, "some are hidden in part"
    assert {(label.class_id, label.pose.scale) for label in labels} == {(0, 1.0), (0, 1.5), (1, 1.0), (1, 1.5)}


def test_corners_project_to_the_truth(samples, found):
    for label, seen in pairs(samples, found):
        corners = project(CAMERA, transform_points(label.pose.T_cam_object, cuboid_points(label.pose)[:8])) - 0.5
        off = np.linalg.norm(seen.vertices_px[:, None] - corners[None], axis=2)
        assert off.min(axis=0).max() < 0.001, "every corner has a vertex"
        assert off.min(axis=1).max() < 0.001, "every vertex is a corner"


def test_masks_are_the_models_silhouettes(samples, found):
    for label, seen in pairs(samples, found):
        drawn = within(silhouette(seen.vertices_px, 0.0))
        assert (drawn & seen.mask).sum() / (drawn | seen.mask).sum() > 0.999
        assert not (seen.mask_visib & ~seen.mask).any()
        assert seen.mask.sum() == label.pixels.inside
        assert seen.mask_visib.sum() == label.pixels.visible


def test_properties_are_those_that_bop_toolkit_would_compute(samples, found):
    """Its `calc_gt_info.py`, on the model's silhouette and the masks: widths are of indices, counts of pixels."""
    for _, seen in pairs(samples, found):
        canvas = silhouette(seen.vertices_px, 0.0)
        rows, columns = canvas.nonzero()
        rows, columns = rows - HEIGHT, columns - WIDTH
        assert seen.info["bbox_obj"] == [columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)]
        rows, columns = seen.mask_visib.nonzero()
        assert seen.info["bbox_visib"] == [columns.min(), rows.min(), np.ptp(columns), np.ptp(rows)]
        assert all(isinstance(side, int) for key in ("bbox_obj", "bbox_visib") for side in seen.info[key])
        assert seen.info["px_count_all"] == canvas.sum()
        assert seen.info["px_count_valid"] == within(canvas).sum()
        assert seen.info["px_count_visib"] == seen.mask_visib.sum()
        assert seen.info["visib_fract"] == pytest.approx(seen.mask_visib.sum() / canvas.sum(), rel=1e-12)


def test_models_are_centred_and_in_millimetres(samples, found):
    for label, seen in pairs(samples, found):
        size = (label.pose.box_high_m - label.pose.box_low_m) * 1000
        low, high = seen.model["vertices"].min(axis=0), seen.model["vertices"].max(axis=0)
        assert np.allclose(low + high, 0, atol=1e-3)
        assert np.allclose(high - low, size, atol=1e-3)
        assert np.allclose([seen.model[f"size_{axis}"] for axis in "xyz"], size, atol=1e-6)
        assert np.allclose([seen.model[f"min_{axis}"] for axis in "xyz"], -size / 2, atol=1e-6)
        assert seen.model["diameter"] == pytest.approx(np.linalg.norm(size), rel=1e-6)


def test_symmetries_keep_the_models_vertices(samples, found):
    """Each cuboid with three different sides has the three half turns about its middle."""
    for _, seen in pairs(samples, found):
        turns = np.array(seen.model["symmetries_discrete"]).reshape(-1, 4, 4)
        assert len(turns) == 3
        for turn in turns:
            moved = seen.model["vertices"] @ turn[:3, :3].T + turn[:3, 3]
            off = np.linalg.norm(moved[:, None] - seen.model["vertices"][None], axis=2).min(axis=1)
            assert off.max() < 0.005 * seen.model["diameter"]


def test_bop_toolkit_reads_it(samples, tmp_path):
    """The benchmark's own loaders, where they are installed (they are on no package index)."""
    inout = pytest.importorskip("bop_toolkit_lib.inout")
    misc = pytest.importorskip("bop_toolkit_lib.misc")
    folder = tmp_path
    for sample in samples:
        write_image(folder / sample.image, np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    dataset = Dataset(
        root=folder,
        classes=tuple(BOXES_M),
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="truth",
        fingerprint=None,
    )
    writer = FORMAT_KINDS.builder("bop")(FORMAT_KINDS.module("bop").Spec())
    writer.write({WHOLE: reduce_dataset(dataset, writer.capacity)[0]}, Target(folder / "out"))
    scene = folder / "out" / "train_pbr" / "000000"
    cameras, truths = inout.load_scene_camera(scene / "scene_camera.json"), inout.load_scene_gt(scene / "scene_gt.json")
    models = inout.load_json(folder / "out" / "models" / "models_info.json", keys_to_int=True)
    assert inout.load_cam_params(folder / "out" / "camera.json")["im_size"] == (WIDTH, HEIGHT)
    for image_id, sample in enumerate(samples):
        for label, truth in zip(sample.objects, truths[image_id], strict=True):
            centre = np.zeros((1, 3))
            pixel = misc.project_pts(centre, cameras[image_id]["cam_K"], truth["cam_R_m2c"], truth["cam_t_m2c"])
            wanted = project(CAMERA, transform_points(label.pose.T_cam_object, cuboid_points(label.pose)[8:]))
            assert np.allclose(pixel + 0.5, wanted, atol=0.01)
            assert misc.get_symmetry_transformations(models[truth["obj_id"]], 0.01)
