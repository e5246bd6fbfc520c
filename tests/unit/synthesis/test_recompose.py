"""Recomposed frames: the same views of the same objects, elsewhere, and told so exactly."""

import numpy as np
import pytest

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
