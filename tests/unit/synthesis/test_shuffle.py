"""Objects that drift: they stay in their box, keep apart, and the frames of a world follow one another."""

import numpy as np
import pytest

from meshsight.core.errors import SpecError
from meshsight.datasets.annotate import group_of
from meshsight.specs.base import parse_spec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.placements.shuffle import Spec
from meshsight.synthesis.sampler import SceneSampler
from meshsight.synthesis.separation import gap_between

pytest.importorskip("mujoco")

BOX = {"x_m": [0.2, 1.0], "y_m": [-0.4, 0.4], "z_m": [-0.3, 0.5]}


def recipe(make_spec, frames=4, **placement):
    return make_spec(
        count=6,
        distractors={"count": 3, "where": "placement", "scale": 1},
        placement={"kind": "shuffle", **BOX, "seconds": 0.2, **placement},
        camera={"kind": "box", "x_m": -1, "y_m": 0, "z_m": 0, "look_at": [1, 0, 0], "jitter": 0},
        worlds={"frames": frames, "share": ["objects", "distractors", "placement", "camera"]},
        rejection={"max_box_overhang": 1.0, "allow_clipping": True},
    )


def poses(scene):
    return np.array([thing.T_world_object for thing in scene.objects])


def test_the_frames_of_a_world_follow_one_another_and_can_be_drawn_alone(assets, make_spec):
    spec = recipe(make_spec)
    sampler = SceneSampler(spec=spec, assets=assets)
    scenes = [sampler.draw(frame) for frame in range(6)]
    alone = SceneSampler(spec=spec, assets=assets).draw(3)
    np.testing.assert_array_equal(poses(alone), poses(scenes[3]))
    for before, after in ((0, 1), (1, 2), (2, 3)):
        assert [o.mesh for o in scenes[before].objects] == [o.mesh for o in scenes[after].objects]
        way = np.linalg.norm(poses(scenes[after])[:, :3, 3] - poses(scenes[before])[:, :3, 3], axis=1)
        assert 0.005 < way.max() <= 1.0 * 0.2 * 2 and way.min() < 0.25
    assert len(scenes[4].objects) == 9
    assert [group_of(scene) for scene in scenes] == ["world-000000"] * 4 + ["world-000001"] * 2
    assert not np.array_equal(poses(scenes[4]), poses(scenes[0]))


def test_bodies_stay_in_their_box_and_out_of_each_other(assets, make_spec):
    cache = GeometryCache(assets=assets)
    sampler = SceneSampler(spec=recipe(make_spec, frames=8), assets=assets)
    low, high = np.array([BOX[name] for name in ("x_m", "y_m", "z_m")]).T
    for frame in range(8):
        scene = sampler.draw(frame)
        bodies = [
            PlacedBody(body=Body(geometry=cache.get(o.mesh), scale=o.scale), T_world_object=o.T_world_object)
            for o in scene.objects
        ]
        for k, body in enumerate(bodies):
            points = body.hull_points(np.eye(4))
            assert (points >= low - 2e-3).all() and (points <= high + 2e-3).all()
            balls = [other for other in bodies[:k] if other.body.geometry.mesh.name == "ball"]
            assert all(gap_between(body, other) > -0.04 for other in balls)


def test_walls_that_lean_open_the_box_with_the_view(assets, make_spec):
    lean = 0.5
    sides = {"x_m": [0.2, 1.2], "y_m": [-0.1, 0.1], "z_m": [-0.2, 0.2]}
    sampler = SceneSampler(spec=recipe(make_spec, frames=8, **sides, widens=lean), assets=assets)
    cache = GeometryCache(assets=assets)
    furthest = []
    for frame in range(8):
        for thing in sampler.draw(frame).objects:
            body = Body(geometry=cache.get(thing.mesh), scale=thing.scale)
            x, y, z = PlacedBody(body=body, T_world_object=thing.T_world_object).hull_points(np.eye(4)).T
            furthest.append(max(np.max(np.abs(y) - lean * x) - 0.1, np.max(np.abs(z) - lean * x) - 0.2))
            assert x.min() > 0.198 and x.max() < 1.202
    assert -0.05 < max(furthest) < 2e-3
    with pytest.raises(SpecError, match="widens: the walls of y_m meet before x = -1"):
        parse_spec(Spec, {"x_m": [-1, 1], "y_m": [-0.1, 0.1], "widens": lean}, "recipe")


def test_a_later_attempt_looks_a_little_later(assets, make_spec):
    sampler = SceneSampler(spec=recipe(make_spec), assets=assets)
    first, second = sampler.draw(0), sampler.draw(0, attempt=1)
    way = np.linalg.norm(poses(second)[:, :3, 3] - poses(first)[:, :3, 3], axis=1)
    assert 0 < way.max() <= 1.0 * 0.2 / 7 + 0.02
    assert first.objects[0].scale == second.objects[0].scale


def test_pushes_change_directions(assets, make_spec):
    """Without pushes a lone ball in a large box flies straight on."""
    spec = recipe(make_spec, pushes_per_s=0, speed_m_s=0.5, seconds=0.1).evolve(
        count=1, objects=[{"name": "ball", "mesh": "ball"}], distractors={"count": 0}
    )
    spec = spec.evolve(placement={**spec.placement.model_dump(), "x_m": [-50, 50], "y_m": [-50, 50], "z_m": [-50, 50]})
    sampler = SceneSampler(spec=spec, assets=assets)
    places = np.array([poses(sampler.draw(frame))[0, :3, 3] for frame in range(4)])
    steps = np.diff(places, axis=0)
    np.testing.assert_allclose(np.linalg.norm(steps, axis=1), 0.05, rtol=0.1)
    np.testing.assert_allclose(steps[1:], steps[:1].repeat(2, 0), atol=2e-3)
