"""Of all poses in which a symmetric object looks the same, one is labelled: the same one whatever pose it stands in."""

import itertools

import numpy as np
import pytest

from meshsight.core.errors import SpecError
from meshsight.core.pose import make_pose, rotation_about, rotation_about_z, sample_rotation
from meshsight.datasets.canonical import canonical_pose
from meshsight.specs.base import parse_spec
from meshsight.specs.symmetry import SymmetrySpec

SCALE = 1.5
FLIP = np.diag([1.0, -1.0, -1.0, 1.0])
TWO_PAIRS = [{"object": [0, 1, 0], "camera": [0, 0, 1]}, {"object": [0, 0, 1], "camera": [0, 1, 0]}]


def symmetry(**settings) -> SymmetrySpec:
    return parse_spec(SymmetrySpec, settings, "symmetry")


def rows(pose: np.ndarray) -> list[float]:
    return pose.ravel().tolist()


def screw() -> SymmetrySpec:
    """Six turns by 60 degrees about an upright axis through (0.02, -0.01)."""
    offset = np.array([0.02, -0.01, 0.0])
    turns = [rotation_about_z(k * np.pi / 3) for k in range(1, 6)]
    return symmetry(discrete=[rows(make_pose(turn, offset - turn @ offset)) for turn in turns], align=TWO_PAIRS[:1])


CYLINDER = symmetry(discrete=[rows(FLIP)], continuous=[{"axis": [0, 0, 2], "offset": [0.03, 0, 0]}], align=TWO_PAIRS)


def poses(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [make_pose(sample_rotation(rng), rng.uniform(-0.2, 0.2, 3) + np.array([0, 0, 1])) for _ in range(count)]


def by_trying(T_cam_object: np.ndarray, of: SymmetrySpec, steps: int) -> np.ndarray:
    """The pose of many tried ones whose axes come nearest to the camera's, the first pair before the second."""
    turns = [np.eye(4)]
    for axis in of.continuous:
        unit = np.array(axis.axis) / np.linalg.norm(axis.axis)
        offset = SCALE * np.array(axis.offset)
        spins = [rotation_about(unit, 2 * np.pi * k / steps) for k in range(steps)]
        turns = [make_pose(spin, offset - spin @ offset) for spin in spins]
    found = []
    for numbers, turn in itertools.product([rows(np.eye(4)), *of.discrete], turns):
        same = np.array(numbers).reshape(4, 4)
        same[:3, 3] *= SCALE
        found.append(T_cam_object @ turn @ same)
    scores = [[np.array(p.camera) @ pose[:3, :3] @ np.array(p.object) for p in of.align] for pose in found]
    best = max(score[0] for score in scores)
    if len(of.align) == 1:
        return found[int(np.argmax([score[0] for score in scores]))]
    tied = [k for k, score in enumerate(scores) if score[0] >= best - 1e-6]
    return found[max(tied, key=lambda k: scores[k][1])]


@pytest.mark.parametrize(("of", "steps", "within"), [(screw(), 1, 1e-12), (CYLINDER, 1440, 0.005)])
def test_it_is_what_trying_all_of_them_finds(of, steps, within):
    for T_cam_object in poses(40):
        found, tried = canonical_pose(T_cam_object, SCALE, of), by_trying(T_cam_object, of, steps)
        np.testing.assert_allclose(found[:3, :3], tried[:3, :3], atol=within)
        np.testing.assert_allclose(found[:3, 3], tried[:3, 3], atol=within * 0.1)


def test_equal_poses_have_one_label():
    """Turned about its axis or upside down, a cylinder looks the same and is labelled the same."""
    rng = np.random.default_rng(1)
    offset = SCALE * np.array([0.03, 0.0, 0.0])
    for T_cam_object in poses(30):
        wanted = canonical_pose(T_cam_object, SCALE, CYLINDER)
        for flip in (np.eye(4), FLIP):
            turn = rotation_about_z(rng.uniform(0, 2 * np.pi))
            turned = T_cam_object @ make_pose(turn, offset - turn @ offset) @ flip
            np.testing.assert_allclose(canonical_pose(turned, SCALE, CYLINDER), wanted, atol=1e-9)
        np.testing.assert_allclose(canonical_pose(wanted, SCALE, CYLINDER), wanted, atol=1e-9)


@pytest.mark.parametrize("pairs", [1, 2])
def test_a_ball_is_labelled_as_it_stands_to_the_camera_alone(pairs):
    """Whatever its turn: it has one label for each place, which brings both pairs of axes together."""
    ball = symmetry(
        continuous=[{"axis": axis, "offset": [0.02, 0.01, 0.03]} for axis in np.eye(3).tolist()],
        align=TWO_PAIRS[:pairs],
    )
    centre = SCALE * np.array([0.02, 0.01, 0.03])
    labels = [canonical_pose(pose, SCALE, ball) for pose in poses(10)]
    for pose, label in zip(poses(10), labels, strict=True):
        np.testing.assert_allclose(label[:3, :3], labels[0][:3, :3], atol=1e-12)
        np.testing.assert_allclose(label[:3, 1], [0, 0, 1], atol=1e-12)
        np.testing.assert_allclose((label @ [*centre, 1])[:3], (pose @ [*centre, 1])[:3], atol=1e-12)
        assert np.linalg.det(label[:3, :3]) == pytest.approx(1)
        if pairs == 2:
            np.testing.assert_allclose(label[:3, 2], [0, 1, 0], atol=1e-12)


def test_a_points_ring_stays_the_ring():
    """The label's pose brings the surface onto itself: distances to the axis and heights are kept, up to the flip."""
    axis_at = SCALE * np.array([0.03, 0.0])
    points = np.random.default_rng(2).uniform(-0.1, 0.1, (50, 3))
    for T_cam_object in poses(10):
        moved = np.linalg.inv(T_cam_object) @ canonical_pose(T_cam_object, SCALE, CYLINDER)
        there = points @ moved[:3, :3].T + moved[:3, 3]
        sign = np.sign(moved[2, 2])
        np.testing.assert_allclose(there[:, 2], sign * points[:, 2], atol=1e-9)
        if sign > 0:
            far = [np.linalg.norm(some[:, :2] - axis_at, axis=1) for some in (points, there)]
            np.testing.assert_allclose(far[0], far[1], atol=1e-9)


def test_an_axis_that_no_turn_moves_is_left_to_the_second_pair():
    of = symmetry(
        continuous=[{"axis": [0, 0, 1]}],
        align=[{"object": [0, 0, 1], "camera": [0, 1, 0]}, {"object": [1, 0, 0], "camera": [0, 0, 1]}],
    )
    for T_cam_object in poses(10):
        found = canonical_pose(T_cam_object, 1.0, of)[:3, :3]
        np.testing.assert_allclose(found[:, 2], T_cam_object[:3, 2], atol=1e-12)
        assert found[2, 0] > 0 and abs(found[2, 1]) < 1e-9  # x as far ahead as can be, so y across


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "expected a discrete or continuous symmetry"),
        ({"discrete": [[1.0] * 16]}, r"discrete\[0\]: expected a rotation and a translation"),
        ({"discrete": [[1.0] * 15]}, r"discrete\[0\]"),
        ({"discrete": [[*rows(FLIP)[:12], 0, 0, 0, 2]]}, "expected 0, 0, 0, 1 as the last row"),
        ({"continuous": [{"axis": [0, 0, 0]}]}, r"continuous\[0\].axis: expected a direction"),
        ({"continuous": [{"axis": [0, 0, 1]}], "align": []}, "align"),
    ],
)
def test_what_is_no_symmetry_is_refused(settings, words):
    with pytest.raises(SpecError, match=words):
        symmetry(**settings)
