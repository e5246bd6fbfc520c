"""Recomposed frames: the same views of the same objects, elsewhere, and told so exactly."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from meshsight.core.camera import project
from meshsight.core.pose import invert_pose
from meshsight.records.scene_json import scene_from_json, scene_to_json
from meshsight.specs.recomposition import RecompositionSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.recompose import Recomposer
from meshsight.synthesis.sampler import SceneSampler
from meshsight.synthesis.separation import keeps_apart
from meshsight.synthesis.view import View, overhang_of


@pytest.fixture
def recomposer(assets, make_spec):
    def make(**settings) -> Recomposer:
        return Recomposer(
            spec=RecompositionSpec(**{"just_merge": 1.0, "bank": 3, **settings}),
            sampler=SceneSampler(spec=make_spec(count=[2, 4]), assets=assets),
        )

    return make


def poses(scene):
    return [invert_pose(scene.T_world_cam) @ thing.T_world_object for thing in scene.objects]


def test_an_object_is_only_turned_about_the_camera(recomposer):
    """Distances from the camera's centre to every point are what they were when the sprite was taken."""
    for frame in range(6):
        scene = recomposer().draw(frame)
        for pose, thing in zip(poses(scene), scene.objects, strict=True):
            turn = pose[:3, :3] @ thing.T_cam_taken[:3, :3].T
            np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)
            np.testing.assert_allclose(turn @ thing.T_cam_taken[:3, 3], pose[:3, 3], atol=1e-9)


def test_what_is_taken_is_the_banks_view_at_one_of_the_sizes(recomposer):
    made = recomposer(sizes=(0.5, 1.0))
    seen = set()
    for frame in range(12):
        scene = made.draw(frame)
        sources = [made.bank[k] for k in made.bank]
        for thing in scene.objects:
            found = [
                (pose, other)
                for source in sources
                for pose, other in zip(poses(source), source.objects, strict=True)
                if other.mesh == thing.mesh and np.allclose(pose[:3, :3], thing.T_cam_taken[:3, :3], atol=1e-12)
            ]
            assert found
            center = made.sampler.geometries.get(thing.mesh).center * thing.scale
            ratios = {
                round(
                    float(np.linalg.norm(pose[:3, :3] @ center + pose[:3, 3]))
                    / float(np.linalg.norm(thing.T_cam_taken[:3, :3] @ center + thing.T_cam_taken[:3, 3])),
                    6,
                )
                for pose, _ in found
            }
            assert ratios & {0.5, 1.0}
            seen |= ratios
    assert {0.5, 1.0} <= seen


def test_the_same_object_and_size_is_the_same_to_the_last_bit(recomposer):
    """So that its sprite is found again."""
    made, taken = recomposer(sizes=(1.0,), bank=1), {}
    for frame in range(8):
        for thing in made.draw(frame).objects:
            taken.setdefault(thing.instance_id, set()).add(thing.T_cam_taken.tobytes())
    assert all(len(each) == 1 for each in taken.values())


def test_every_view_comes_once_before_any_comes_again(recomposer):
    """On the camera's axis, at the depth of the bank's scene; objects of one frame do not go through them in step."""
    views = {
        "x_deg": {"kind": "linspace", "low": 180, "high": 270, "num": 3},
        "y_deg": {"kind": "choice", "values": [0, -40]},
    }
    made = recomposer(views=views, sizes=(1.0,), bank=2)
    wanted = {
        tuple(np.round(Rotation.from_euler("xyz", [x, y, 0], degrees=True).as_matrix().ravel(), 6) + 0.0)
        for x in (180, 225, 270)
        for y in (0, -40)
    }
    seen = {}
    for frame in range(12):
        scene = made.draw(frame)
        for index, thing in enumerate(scene.objects[:2]):
            taken = thing.T_cam_taken
            center = taken[:3, :3] @ (made.sampler.geometries.get(thing.mesh).center * thing.scale) + taken[:3, 3]
            np.testing.assert_allclose(center[:2], 0, atol=1e-9)
            seen.setdefault(index, []).append(tuple(np.round(taken[:3, :3].ravel(), 6) + 0.0))
        assert "degrees of views" in scene.origins["objects[0].T_world_object"]
    for turns in seen.values():
        assert set(turns[:6]) == set(turns[6:]) == wanted
    assert seen[0] != seen[1]


def test_the_middle_of_objects_keeps_to_its_share_of_the_image(recomposer):
    made = recomposer(x=[-0.3, -0.2], y=0.1, sizes=(0.5,))
    for frame in range(6):
        scene = made.draw(frame)
        for pose, thing in zip(poses(scene), scene.objects, strict=True):
            center = pose[:3, :3] @ (made.sampler.geometries.get(thing.mesh).center * thing.scale) + pose[:3, 3]
            height, width = scene.camera.size_hw
            x, y = project(scene.camera, center[None])[0]
            assert 0.2 <= x / width <= 0.3
            assert y / height == pytest.approx(0.6)


def test_views_are_lists_of_angles():
    with pytest.raises(ValueError, match="expected a number, a linspace or a choice"):
        RecompositionSpec.model_validate({"views": {"x_deg": [0, 90], "y_deg": 0}})


def test_rules_of_the_recipe_are_kept(recomposer):
    made = recomposer()
    rejection = made.sampler.spec.rejection
    for frame in range(8):
        scene = made.draw(frame)
        view = View(camera=scene.camera, T_world_cam=scene.T_world_cam, near_m=scene.near_m, far_m=scene.far_m)
        put = []
        for thing in scene.objects:
            body = Body(geometry=made.sampler.geometries.get(thing.mesh), scale=thing.scale)
            placed = PlacedBody(body=body, T_world_object=thing.T_world_object)
            assert keeps_apart(placed, put, 0.0)
            assert thing.class_id is None or overhang_of(view, placed) <= rejection.max_box_overhang
            put.append(placed)


def test_frames_are_drawn_alone_and_read_back_from_json(recomposer):
    scene = recomposer().draw(5)
    again = recomposer().draw(5)
    assert scene_to_json(scene) == scene_to_json(again)
    assert scene_to_json(scene_from_json(scene_to_json(scene), "here")) == scene_to_json(scene)
    assert scene.origins["objects[0].T_world_object"].startswith("renderer.recomposition: as in scene")


def test_without_merging_the_recipes_own_scenes_are_drawn(recomposer):
    made = recomposer(just_merge=0.0)
    own = made.sampler.draw(4)
    assert [t.T_world_object.tolist() for t in made.draw(4).objects] == [t.T_world_object.tolist() for t in own.objects]


def test_the_share_of_merged_frames_is_as_asked(recomposer):
    made = recomposer(just_merge=0.7)
    merged = [made.draw(frame).objects[0].T_cam_taken is not None for frame in range(120)]
    assert np.mean(merged) == pytest.approx(0.7, abs=0.13)


def test_copies_share_a_layout_and_its_group(recomposer):
    made = recomposer(blending=("alpha", "feather", "poisson"), copies=True)
    scenes = [made.draw(frame) for frame in range(6)]
    assert [scene.blending for scene in scenes] == ["alpha", "feather", "poisson"] * 2
    assert [scene.layout for scene in scenes] == [0, 0, 0, 1, 1, 1]
    assert [scene.frame for scene in scenes] == list(range(6))
    first = [[thing.T_world_object.tolist() for thing in scene.objects] for scene in scenes[:3]]
    assert first[0] == first[1] == first[2]
