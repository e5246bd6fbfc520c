"""Corners in DOPE files lie where the object's box projects: an independent parser, foreign flavours, faults.

The table below is typed from NVlabs/Deep_Object_Pose and Isaac Sim's PoseWriter: signs of the box's corners in the
object's own axes. Nothing of the package is used to parse what was written.
"""

import json
import logging
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.camera import Camera, project
from meshsight.core.errors import DataError
from meshsight.core.images import write_image
from meshsight.core.pose import look_at, make_pose, transform_points
from meshsight.datasets.annotate import cuboid_keypoints, cuboid_points
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats.dope import Spec, build
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, PixelCounts, Pose, Sample

DOPE_SIGNS = ["+-+", "--+", "-++", "+++", "+--", "---", "-+-", "++-"]
ISAAC_SIGNS = ["-++", "+++", "+-+", "--+", "-+-", "++-", "+--", "---"]
FORWARD_SIGNS = ["+-+", "+++", "++-", "+--", "--+", "-++", "-+-", "---"]
"""Of the samples that NVISII's generator was published with: front is x, top is z."""
SIZE_HW = (120, 160)
CAMERA = Camera(fx=190.0, fy=150.0, cx=60.0, cy=71.0, size_hw=SIZE_HW)
GL = np.diag([1.0, -1.0, -1.0, 1.0])
LOW, HIGH = np.array([-0.10, -0.03, -0.06]), np.array([0.08, 0.05, 0.04])
CENTRED = 0.5 * (HIGH - LOW)


def rotation(quaternion_xyzw) -> np.ndarray:
    x, y, z, w = np.array(quaternion_xyzw) / np.linalg.norm(quaternion_xyzw)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def corner(signs: str, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return np.array([{"-": low, "+": high}[sign][axis] for axis, sign in enumerate(signs)])


def pixel(point, intrinsics) -> tuple[float, float]:
    x, y, z = point
    return intrinsics["fx"] * x / z + intrinsics["cx"], intrinsics["fy"] * y / z + intrinsics["cy"]


def poses(low: np.ndarray, high: np.ndarray) -> list[Pose]:
    """Rolled cameras, the object in the middle, over the left and over the lower border."""
    world = np.eye(4)
    found = []
    for eye, target, roll in (
        ([0.4, -0.5, 0.5], [0.0, 0.0, 0.0], 0.7),
        ([0.5, 0.3, 0.4], [0.15, -0.25, 0.0], -1.2),
        ([-0.3, 0.4, 0.6], [0.05, 0.0, 0.22], 2.9),
    ):
        T_world_cam = look_at(np.array(eye), np.array(target), roll)
        T_cam_object = np.linalg.inv(T_world_cam) @ world
        found.append(Pose(T_cam_object=T_cam_object, scale=1.0, box_low_m=low, box_high_m=high))
    return found


def labelled(pose: Pose) -> ObjectLabel:
    keypoints = cuboid_keypoints(pose, CAMERA)
    xy = keypoints[:8, :2]
    height, width = SIZE_HW
    x1, y1 = np.clip(xy.min(axis=0), 0, (width, height))
    x2, y2 = np.clip(xy.max(axis=0), 0, (width, height))
    assert x1 < x2 and y1 < y2
    return ObjectLabel(
        class_id=1,
        box=(float(x1), float(y1), float(x2), float(y2)),
        instance_id=3,
        keypoints=keypoints,
        pixels=PixelCounts(full=900, inside=800, visible=600),
        pose=pose,
    )


@pytest.fixture
def source(tmp_path: Path) -> Dataset:
    samples = tuple(
        Sample(
            image=f"images/{frame:06d}.png",
            size_hw=SIZE_HW,
            objects=(labelled(pose),),
            frame=frame,
            group=f"scene-{frame:06d}",
            camera=CAMERA,
            T_world_cam=make_pose(pose.T_cam_object[:3, :3].T, np.array([0.3, -0.2, 0.7])),
        )
        for frame, pose in enumerate(poses(LOW, HIGH))
    )
    root = tmp_path / "source"
    for sample in samples:
        write_image(root / sample.image, np.zeros((*SIZE_HW, 3), np.uint8))
    return Dataset(
        root=root,
        classes=("cup", "Cracker Box"),
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="source",
        fingerprint=None,
    )


def written(source: Dataset, folder: Path, **settings) -> Path:
    writer = build(Spec(**settings))
    writer.write({WHOLE: reduce_dataset(source, writer.capacity)[0]}, Target(folder))
    return folder


def frames(folder: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(folder.glob("0*.json"))]


def without_conventions(folder: Path) -> Path:
    (folder / "conventions.json").unlink()
    (folder / "classes.json").unlink()
    return folder


def corners_of(dataset: Dataset) -> list[np.ndarray]:
    return [
        transform_points(label.pose.T_cam_object, cuboid_points(label.pose))
        for sample in dataset.samples()
        for label in sample.objects
    ]


def keypoints_of(dataset: Dataset) -> list[np.ndarray]:
    return [label.keypoints for sample in dataset.samples() for label in sample.objects]


def assert_same(one: Dataset, other: Dataset, within_px: float = 1e-6, within_m: float = 1e-9) -> None:
    for a, b in zip(keypoints_of(one), keypoints_of(other), strict=True):
        assert np.abs(a - b).max() < within_px
    for a, b in zip(corners_of(one), corners_of(other), strict=True):
        assert np.abs(a - b).max() < within_m


@pytest.mark.parametrize("units", ["m", "cm"])
@pytest.mark.parametrize(("order", "signs"), [("dope", DOPE_SIGNS), ("isaac", ISAAC_SIGNS)])
def test_written_corners_lie_where_the_box_projects(source, tmp_path, order, signs, units):
    folder = written(source, tmp_path / "written", units=units, corner_order=order)
    per_metre = {"m": 1.0, "cm": 100.0}[units]
    outside = 0
    for frame, pose in zip(frames(folder), poses(LOW, HIGH), strict=True):
        (thing,) = frame["objects"]
        assert np.allclose(np.array(thing["location"]) / per_metre, pose.T_cam_object[:3, 3], atol=1e-9)
        turned, intrinsics = rotation(thing["quaternion_xyzw"]), frame["camera_data"]["intrinsics"]
        listed = [corner(sign, LOW, HIGH) for sign in signs] + [(LOW + HIGH) / 2]
        for point, found, in_camera in zip(
            listed, thing["projected_cuboid"], [*thing["cuboid"], thing["cuboid_centroid"]], strict=True
        ):
            expected = turned @ point * per_metre + thing["location"]
            assert np.abs(np.array(pixel(expected, intrinsics)) - found).max() < 0.5  # measured: 1e-12
            assert np.allclose(expected, in_camera, atol=1e-6)
            outside += not (0 <= found[0] < SIZE_HW[1] and 0 <= found[1] < SIZE_HW[0])
        assert thing["projected_cuboid_centroid"] == thing["projected_cuboid"][8]
        view = np.array(frame["camera_data"]["camera_view_matrix"])
        world = np.array([*thing["location_worldframe"], 1.0])
        assert np.allclose((world @ view)[:3], thing["location"])  # row vectors, as NVISII's
        assert thing["visibility"] == pytest.approx(600 / 900)
    assert outside >= 6, "objects must be cut by the border"


def test_the_settings_files_say_camera_and_size(source, tmp_path):
    folder = written(source, tmp_path / "written", units="cm")
    (camera,) = json.loads((folder / "_camera_settings.json").read_text())["camera_settings"]
    assert camera["intrinsic_settings"] == {
        "resX": 160, "resY": 120, "fx": 190.0, "fy": 150.0, "cx": 60.0, "cy": 71.0, "s": 0,
    }  # fmt: skip
    settings = json.loads((folder / "_object_settings.json").read_text())
    assert settings["exported_object_classes"] == ["cup", "Cracker Box"]
    assert settings["exported_objects"][1]["cuboid_dimensions"] == pytest.approx((100 * (HIGH - LOW)).tolist())


def test_centimetres_and_metres_give_the_same_poses(source, tmp_path):
    metres = open_dataset(written(source, tmp_path / "m", units="m"))
    centimetres = open_dataset(written(source, tmp_path / "cm", units="cm"))
    assert_same(source, metres)
    assert_same(source, centimetres)


@pytest.mark.parametrize("order", ["dope", "isaac"])
def test_the_order_is_recognised_without_being_told(source, tmp_path, order, caplog):
    folder = without_conventions(written(source, tmp_path / "written", corner_order=order))
    for path in folder.glob("0*.json"):  # nothing but the numbers may tell
        frame = json.loads(path.read_text())
        frame.pop("keypoint_order", None)
        path.write_text(json.dumps(frame))
    with caplog.at_level(logging.WARNING):
        found = open_dataset(folder)
    assert_same(source, found)
    assert found.classes == ("Cracker Box",)
    assert ("corners in Isaac's order" in caplog.text) == (order == "isaac")


def test_a_box_can_be_found_from_its_corners_alone(source, tmp_path):
    """Without `cuboid`, the model's box follows from the points; the settings' size fixes its scale."""
    folder = without_conventions(written(source, tmp_path / "written"))
    for path in folder.glob("0*.json"):
        frame = json.loads(path.read_text())
        del frame["objects"][0]["cuboid"]
        path.write_text(json.dumps(frame))
    assert_same(source, open_dataset(folder), within_m=1e-6)
    (folder / "_object_settings.json").unlink()
    for pose, found in zip(poses(LOW, HIGH), corners_of(open_dataset(folder)), strict=True):
        assert np.abs(project(CAMERA, found) - cuboid_keypoints(pose, CAMERA)[:, :2]).max() < 1e-5


# Files as other programs write them, put together by hand from their documentation.


def points_in(signs: list[str], pose: Pose) -> list[list[float]]:
    box = pose.box_low_m, pose.box_high_m
    points = [pose.T_cam_object[:3, :3] @ corner(sign, *box) + pose.T_cam_object[:3, 3] for sign in signs]
    points.append(pose.T_cam_object[:3, :3] @ (sum(box) / 2) + pose.T_cam_object[:3, 3])
    intrinsics = {"fx": CAMERA.fx, "fy": CAMERA.fy, "cx": CAMERA.cx, "cy": CAMERA.cy}
    return [list(pixel(point, intrinsics)) for point in points]


def quaternion(turned: np.ndarray) -> list[float]:
    w = np.sqrt(max(0.0, 1 + np.trace(turned))) / 2
    assert w > 0.05, "the test's poses are chosen so"
    x, y, z = (turned[2, 1] - turned[1, 2], turned[0, 2] - turned[2, 0], turned[1, 0] - turned[0, 1]) / (4 * w)
    return [float(v) for v in (x, y, z, w)]


def frame_folder(folder: Path, rows: list[dict], ending: str = ".png") -> Path:
    for number, row in enumerate(rows):
        name = folder / "000" / f"{number:05d}{ending}"
        write_image(name, np.zeros((*SIZE_HW, 3), np.uint8))
        name.with_suffix(".json").write_text(json.dumps(row))
    return folder


INTRINSICS = {"fx": CAMERA.fx, "fy": CAMERA.fy, "cx": CAMERA.cx, "cy": CAMERA.cy}


def nvisii(pose: Pose, signs: list[str] = DOPE_SIGNS) -> dict:
    return {
        "camera_data": {"width": 160, "height": 120, "intrinsics": INTRINSICS},
        "objects": [
            {
                "class": "cup",
                "name": "google_cup_0",
                "provenance": "nvisii",
                "location": pose.T_cam_object[:3, 3].tolist(),
                "quaternion_xyzw": quaternion(pose.T_cam_object[:3, :3]),
                "projected_cuboid": points_in(signs, pose),
                "segmentation_id": 4,
                "local_cuboid": None,
                "px_count_all": 0,
                "px_count_visib": 0,
                "visibility": 1,
                "bounding_box_minx_maxx_miny_maxy": [10, 19, 31, 40],
            }
        ],
    }


def fat(pose: Pose) -> dict:
    """NDDS: centimetres, the centre apart, boxes y, x, matrices for row vectors; the camera in a file of its own."""
    points = points_in(DOPE_SIGNS, pose)
    corners = [
        (pose.T_cam_object[:3, :3] @ corner(s, pose.box_low_m, pose.box_high_m) + pose.T_cam_object[:3, 3]) * 100
        for s in DOPE_SIGNS
    ]
    return {
        "camera_data": {"location_worldframe": [1, 2, 3], "quaternion_xyzw_worldframe": [0, 0, 0, 1]},
        "objects": [
            {
                "class": "002_master_chef_can_16k",
                "visibility": 0.75,
                "location": (pose.T_cam_object[:3, 3] * 100).tolist(),
                "quaternion_xyzw": quaternion(pose.T_cam_object[:3, :3]),
                "cuboid": [c.tolist() for c in corners],
                "projected_cuboid": points[:8],
                "projected_cuboid_centroid": points[8],
                "bounding_box": {"top_left": [20.5, 60.25], "bottom_right": [130.0, 90.75]},
            }
        ],
    }


def gl_pose(pose: Pose) -> np.ndarray:
    return GL @ pose.T_cam_object


def isaac(pose: Pose) -> dict:
    T = gl_pose(pose)
    view = np.eye(4)
    view[3, :3] = [0.1, 0.2, -0.3]  # row vectors: the world's origin in the camera's GL axes
    return {
        "camera_data": {"width": 160, "height": 120, "intrinsics": INTRINSICS, "camera_view_matrix": view.tolist()},
        "keypoint_order": ["LUF", "RUF", "RDF", "LDF", "LUB", "RUB", "RDB", "LDB", "Center"],
        "objects": [
            {
                "class": "cup",
                "prim_path": "/World/cup",
                "visibility": 0.5,
                "truncation_ratio": 0.25,
                "location": T[:3, 3].tolist(),
                "quaternion_xyzw": quaternion(T[:3, :3]),
                "projected_cuboid": points_in(ISAAC_SIGNS, pose),
            }
        ],
    }


def blenderproc(pose: Pose) -> dict:
    T = gl_pose(pose)
    return {
        "camera_data": {"width": 160, "height": 120, "intrinsics": INTRINSICS},
        "objects": [
            {
                "class": "cup",
                "name": "cup_000",
                "visibility": 431,
                "location": (T[:3, 3] * 100).tolist(),
                "quaternion_xyzw": quaternion(T[:3, :3]),
                "projected_cuboid": points_in(DOPE_SIGNS, pose),
            }
        ],
    }


def easy_poses(low: np.ndarray = LOW, high: np.ndarray = HIGH) -> list[Pose]:
    """Poses whose quaternions, in both cameras' axes, have a w well away from 0."""
    found = []
    for axis, angle, place in (
        ([0.5, 0.7, 0.2], 1.3, [0.03, -0.05, 0.62]),
        ([0.9, -0.4, 0.3], 1.0, [-0.17, 0.02, 0.71]),
        ([0.6, 0.1, -0.8], 1.7, [0.1, 0.18, 0.55]),
    ):
        x, y, z = np.array(axis) / np.linalg.norm(axis) * np.sin(angle / 2)
        turned = rotation([x, y, z, np.cos(angle / 2)])
        found.append(Pose(T_cam_object=make_pose(turned, np.array(place)), scale=1.0, box_low_m=low, box_high_m=high))
    return found


def assert_truth(dataset: Dataset, truth: list[Pose], within_m: float) -> None:
    for label, pose in zip((label for s in dataset.samples() for label in s.objects), truth, strict=True):
        assert np.abs(label.keypoints - cuboid_keypoints(pose, CAMERA)).max() < 1e-6
        assert np.allclose(label.pose.T_cam_object, pose.T_cam_object, atol=1e-9)
        assert np.allclose(label.pose.box_low_m, pose.box_low_m, atol=within_m)
        assert np.allclose(label.pose.box_high_m, pose.box_high_m, atol=within_m)


@pytest.mark.parametrize(
    ("signs", "said"),
    [(DOPE_SIGNS, ""), (ISAAC_SIGNS, "Isaac's order"), (FORWARD_SIGNS, "right -y, down -z, front +x")],
)
def test_nvisii(tmp_path, signs, said, caplog):
    truth = easy_poses(-CENTRED, CENTRED)
    folder = frame_folder(tmp_path / "set", [nvisii(pose, signs) for pose in truth])
    with caplog.at_level(logging.WARNING):
        found = open_dataset(folder)
    assert said in caplog.text and bool(said) == ("corners in" in caplog.text)
    assert_truth(found, truth, 1e-6)
    sample = next(found.samples())
    (label,) = sample.objects
    assert label.box == (10, 30, 20, 40)  # columns 10..19, rows 30..39, which visii counts from the bottom
    assert (label.instance_id, label.stated, label.pixels) == (4, None, None)  # a 1 with no pixels is: not computed
    assert sample.group == "000"


def test_fat(tmp_path):
    truth = easy_poses()
    folder = frame_folder(tmp_path / "set", [fat(pose) for pose in truth], ".left.jpg")
    settings = {
        "camera_settings": [
            {"name": "right", "intrinsic_settings": {"fx": 1, "fy": 1, "cx": 1, "cy": 1}},
            {
                "name": "left",
                "intrinsic_settings": {"resX": 160, "resY": 120, **INTRINSICS, "s": 0},
                "captured_image_size": {"width": 160, "height": 120},
            },
        ]
    }
    (folder / "000" / "_camera_settings.json").write_text(json.dumps(settings))
    found = open_dataset(folder)
    assert_truth(found, truth, 1e-9)
    sample = next(found.samples())
    assert sample.camera == CAMERA
    assert sample.T_world_cam is None  # NDDS gives it in Unreal's axes
    (label,) = sample.objects
    assert label.box == (60.25, 20.5, 90.75, 120)
    assert label.full_box == (60.25, 20.5, 90.75, 130)
    assert label.stated is not None and label.stated.visibility == 0.75
    assert found.classes == ("002_master_chef_can_16k",)


def test_isaac(tmp_path, caplog):
    truth = easy_poses(-CENTRED, CENTRED)
    with caplog.at_level(logging.WARNING):
        found = open_dataset(frame_folder(tmp_path / "set", [isaac(pose) for pose in truth]))
    assert_truth(found, truth, 1e-6)
    sample = next(found.samples())
    (label,) = sample.objects
    assert label.stated is not None
    assert (label.stated.visibility, label.stated.truncation) == (0.5, 0.25)
    assert np.allclose(np.linalg.inv(sample.T_world_cam)[:3, 3], [0.1, -0.2, 0.3])
    x1, y1 = np.clip(label.keypoints[:, :2].min(axis=0), 0, None)
    assert label.box[:2] == pytest.approx((x1, y1))  # no box in the file: the corners'


def test_blenderproc(tmp_path, caplog):
    truth = easy_poses(-CENTRED, CENTRED)
    with caplog.at_level(logging.WARNING):
        found = open_dataset(frame_folder(tmp_path / "set", [blenderproc(pose) for pose in truth]))
    assert_truth(found, truth, 1e-6)
    assert "nothing tells the unit; took cm" in caplog.text
    assert next(found.samples()).objects[0].stated is None  # 431 is a number of pixels


def test_a_forgotten_principal_point_is_the_centre(tmp_path, caplog):
    centred = {"fx": CAMERA.fx, "fy": CAMERA.fy, "cx": 80.0, "cy": 60.0}
    rows = [blenderproc(pose) for pose in easy_poses(-CENTRED, CENTRED)]
    for row in rows:
        for point in row["objects"][0]["projected_cuboid"]:
            point[0], point[1] = point[0] + 80.0 - CAMERA.cx, point[1] + 60.0 - CAMERA.cy
        row["camera_data"]["intrinsics"] = {**centred, "cx": 0, "cy": 0}
    with caplog.at_level(logging.WARNING):
        found = open_dataset(frame_folder(tmp_path / "set", rows))
    assert "took the image's centre for 3 principal points at (0, 0)" in caplog.text
    assert (next(found.samples()).camera.cx, next(found.samples()).camera.cy) == (80, 60)


def test_the_size_in_the_settings_tells_the_unit(tmp_path):
    """NDDS's settings are centimetres whatever the poses are in."""
    truth = easy_poses(-CENTRED, CENTRED)
    rows = [blenderproc(pose) for pose in truth]
    folder = frame_folder(tmp_path / "set", rows)
    size = {"class": "cup", "cuboid_dimensions": (2 * CENTRED).tolist()}  # metres, beside poses in centimetres
    (folder / "_object_settings.json").write_text(json.dumps({"exported_objects": [size]}))
    assert_truth(open_dataset(folder), truth, 1e-6)


def test_mixed_orders_are_refused_or_remapped(tmp_path, caplog):
    truth = easy_poses(-CENTRED, CENTRED)
    rows = [nvisii(pose, signs) for pose, signs in zip(truth, (DOPE_SIGNS, ISAAC_SIGNS, DOPE_SIGNS), strict=True)]
    folder = frame_folder(tmp_path / "set", rows)
    with pytest.raises(DataError, match=r"2 objects in DOPE's order, 1 in Isaac's order.*doubtful_corners: remap"):
        open_dataset(folder)
    with caplog.at_level(logging.WARNING):
        found = open_dataset(folder, spec=Spec(doubtful_corners="remap"))
    assert "2 objects in DOPE's order, 1 in Isaac's order. Read each in its own order" in caplog.text
    assert_truth(found, truth, 1e-6)


def test_corners_that_no_order_fits_are_refused_or_left_out(tmp_path):
    truth = easy_poses(-CENTRED, CENTRED)
    rows = [nvisii(pose) for pose in truth]
    rows[1]["objects"][0]["projected_cuboid"][2][0] += 9.0
    folder = frame_folder(tmp_path / "set", rows)
    with pytest.raises(DataError, match=r"2 objects in DOPE's order, 1 in none \(off by more than 3 px\)"):
        open_dataset(folder)
    found = open_dataset(folder, spec=Spec(doubtful_corners="remap"))
    assert [len(sample.objects) for sample in found.samples()] == [1, 0, 1]
    assert_truth(found, [truth[0], truth[2]], 1e-6)


def test_mirrored_corners_fit_no_order(tmp_path):
    mirrored = [sign.translate(str.maketrans("+-", "-+"))[0] + sign[1:] for sign in DOPE_SIGNS]
    folder = frame_folder(tmp_path / "set", [nvisii(pose, mirrored) for pose in easy_poses(-CENTRED, CENTRED)])
    with pytest.raises(DataError, match="3 in none"):
        open_dataset(folder)


def test_what_cannot_be_seen_is_left_out_and_counted(tmp_path, caplog):
    pose = easy_poses(-CENTRED, CENTRED)[0]
    row = nvisii(pose)
    (seen,) = row["objects"]
    row["objects"] += [
        {**seen, "visibility": 0},
        {**seen, "projected_cuboid": [[-100, -100]] * 9},
        {**seen, "bounding_box_minx_maxx_miny_maxy": [200, 220, 10, 20]},
    ]
    with caplog.at_level(logging.WARNING):
        found = open_dataset(frame_folder(tmp_path / "set", [row]))
    assert [len(sample.objects) for sample in found.samples()] == [1]
    for words in ("with visibility 0", "whose corners are all marked as not there", "outside their image"):
        assert f"left out 1 objects {words}" in caplog.text


def test_without_poses_the_setting_decides(tmp_path):
    truth = easy_poses(-CENTRED, CENTRED)
    rows = [nvisii(pose, ISAAC_SIGNS) for pose in truth]
    for row in rows:
        del row["objects"][0]["quaternion_xyzw"]
    folder = frame_folder(tmp_path / "set", rows)
    expected = [cuboid_keypoints(pose, CAMERA) for pose in truth]
    right = keypoints_of(open_dataset(folder, spec=Spec(corner_order="isaac")))
    assert np.allclose(right, expected)
    assert not np.allclose(keypoints_of(open_dataset(folder)), expected)


def test_without_poses_named_corners_decide(tmp_path):
    """Isaac's CenterPose order starts with the centre; the names say so."""
    truth = easy_poses(-CENTRED, CENTRED)
    names = ["Center", "LDB", "LDF", "LUB", "LUF", "RDB", "RDF", "RUB", "RUF"]
    rows = [isaac(pose) for pose in truth]
    for row in rows:
        (thing,) = row["objects"]
        points = dict(zip(row["keypoint_order"], thing["projected_cuboid"], strict=True))
        row["keypoint_order"], thing["projected_cuboid"] = names, [points[name] for name in names]
        del thing["location"]
    found = keypoints_of(open_dataset(frame_folder(tmp_path / "set", rows)))
    assert np.allclose(found, [cuboid_keypoints(pose, CAMERA) for pose in truth])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: row["objects"][0]["projected_cuboid"].pop(), None),
        (lambda row: row["objects"][0].update(projected_cuboid=[[1, 2]]), "needs 8 or 9 points, found 1"),
        (lambda row: row["objects"][0].update(location=[1, 2]), "not as DOPE writes it: objects.0.location"),
        (lambda row: row.update(keypoint_order=["Center"]), "'keypoint_order' has no 'LUF'"),
        (lambda row: row["objects"][0].update({"class": None, "name": None}), "an object without 'class'"),
    ],
)
def test_faults_are_named(tmp_path, change, words):
    rows = [nvisii(pose) for pose in easy_poses(-CENTRED, CENTRED)]
    change(rows[1])
    folder = frame_folder(tmp_path / "set", rows)
    if words is None:  # eight points without a centre are as NDDS's
        assert [label.keypoints[8, 2] for s in open_dataset(folder).samples() for label in s.objects] == [2, 0, 1]
        return
    with pytest.raises(DataError, match=words) as caught:
        open_dataset(folder)
    assert "00001.json" in str(caught.value)


def test_a_torn_file_is_named(tmp_path):
    folder = frame_folder(tmp_path / "set", [nvisii(pose) for pose in easy_poses()])
    file = folder / "000" / "00002.json"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(DataError, match=r"00002\.json: not as DOPE writes it"):
        open_dataset(folder)


def test_corners_behind_the_camera_have_no_pixel(tmp_path):
    """NVISII divides by their depth all the same, which puts them on the wrong side of the picture."""
    near = Pose(
        T_cam_object=make_pose(easy_poses()[0].T_cam_object[:3, :3], np.array([0.02, 0.01, 0.06])),
        scale=1.0,
        box_low_m=-CENTRED,
        box_high_m=CENTRED,
    )
    expected = cuboid_keypoints(near, CAMERA)
    assert 2 <= (expected[:, 2] == 0).sum() <= 6, "some corners must be behind"
    folder = frame_folder(tmp_path / "set", [nvisii(pose) for pose in (near, *easy_poses(-CENTRED, CENTRED))])
    (label,) = next(open_dataset(folder).samples()).objects
    assert np.allclose(label.keypoints, expected)


def test_objects_of_a_few_pixels_tell_nothing_of_the_order(tmp_path, caplog):
    far = Pose(
        T_cam_object=make_pose(easy_poses()[0].T_cam_object[:3, :3], np.array([0.5, -0.4, 9.0])),
        scale=1.0,
        box_low_m=-CENTRED,
        box_high_m=CENTRED,
    )
    truth = [far, *easy_poses(-CENTRED, CENTRED)]
    with caplog.at_level(logging.WARNING):
        found = open_dataset(frame_folder(tmp_path / "set", [nvisii(pose, ISAAC_SIGNS) for pose in truth]))
    assert "corners in Isaac's order" in caplog.text
    assert_truth(found, truth, 1e-5)


def test_a_list_of_classes_gives_their_order(source, tmp_path):
    folder = written(source, tmp_path / "written")
    (folder / "conventions.json").unlink()
    assert open_dataset(folder).classes == ("cup", "Cracker Box")
    other = json.loads((folder / "classes.json").read_text())
    other["classes"] = other["classes"][:1]
    (folder / "classes.json").write_text(json.dumps(other))
    with pytest.raises(DataError, match=r"000000\.json: class 'Cracker Box' is not in the data set's list"):
        list(open_dataset(folder).samples())


def test_numbers_that_contradict_the_programs_habit_are_said(tmp_path, caplog):
    """DOPE's own sample files are centimetres, whatever its documentation says."""
    truth = easy_poses(-CENTRED, CENTRED)
    rows = [nvisii(pose) for pose in truth]
    for row in rows:
        (thing,) = row["objects"]
        thing["location"] = [100 * x for x in thing["location"]]
    folder = frame_folder(tmp_path / "set", rows)
    with caplog.at_level(logging.WARNING):
        open_dataset(folder)
    assert "NVISII writes m, which puts the objects 62" in caplog.text and "say `units` if not so" in caplog.text
    assert_truth(open_dataset(folder, spec=Spec(units="cm")), truth, 1e-6)


def test_the_folders_own_settings_come_before_those_above(tmp_path):
    truth = easy_poses(-CENTRED, CENTRED)
    rows = [blenderproc(pose) for pose in truth]
    for row in rows:
        row["camera_data"] = {}
    folder = frame_folder(tmp_path / "set", rows)
    wrong = {"camera_settings": [{"intrinsic_settings": {**INTRINSICS, "fx": 20.0}}]}
    right = {"camera_settings": [{"intrinsic_settings": INTRINSICS}]}
    (folder / "_camera_settings.json").write_text(json.dumps(wrong))
    with pytest.raises(DataError, match="in none"):
        open_dataset(folder)
    (folder / "000" / "_camera_settings.json").write_text(json.dumps(right))
    found = open_dataset(folder)
    assert_truth(found, truth, 1e-6)
    assert next(found.samples()).size_hw == SIZE_HW  # from the image: no file says it
