from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.pose import transform_points
from meshsight.specs.base import parse_spec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.placements.grid import Spec, build

EXACT = {"kind": "grid", "rows": 3, "columns": 4, "spacing": 1.2, "jitter": 0, "yaw_deg": 0, "empty": 0}
WHOLE = {"max_box_overhang": 1.0, "allow_clipping": True}


def middles(scene, assets):
    cache = GeometryCache(assets=assets)
    bodies = [Body(geometry=cache.get(thing.mesh), scale=thing.scale) for thing in scene.objects]
    placed = [PlacedBody(body=b, T_world_object=o.T_world_object) for b, o in zip(bodies, scene.objects, strict=True)]
    return np.array([body.center for body in placed])


def cells_of(scene, assets, pitch):
    """Middles in the grid's own axes, in multiples of the pitch, counted from the first."""
    xy = middles(scene, assets)[:, :2]
    return (xy - xy[0]) @ scene.objects[0].T_world_object[:2, :2] / pitch


@given(st.integers(0, 5000))
def test_without_jitter_objects_stand_exactly_in_cells_of_their_own(assets, draw, make_spec, frame):
    scene = draw(make_spec(count=12, distractors={"count": 0}, placement=EXACT, rejection=WHOLE), frame)
    footprints = {"box": np.hypot(0.2, 0.1), "cube": np.hypot(0.1, 0.1), "ball": np.hypot(0.12, 0.12), "cone": 0.1}
    pitch = 1.2 * max(footprints[thing.mesh] if thing.mesh != "cone" else np.hypot(0.1, 0.1) for thing in scene.objects)
    cells = cells_of(scene, assets, pitch)
    np.testing.assert_allclose(cells, np.round(cells), atol=1e-3)
    assert sorted(map(tuple, np.round(cells - cells.min(axis=0)).astype(int).tolist())) == [
        (x, y) for x in range(3) for y in range(4)
    ]


@given(st.integers(0, 5000))
def test_objects_stray_from_their_cells_by_the_jitter_at_most(assets, draw, make_spec, frame):
    fields = EXACT | {"jitter": 0.1, "yaw_deg": [-20, 20]}
    strict = draw(make_spec(count=6, distractors={"count": 0}, placement=EXACT, rejection=WHOLE), frame)
    loose = draw(make_spec(count=6, distractors={"count": 0}, placement=fields, rejection=WHOLE), frame)
    assert [o.mesh for o in strict.objects] == [o.mesh for o in loose.objects]
    pitch = 1.2 * np.hypot(0.2, 0.1)
    shifts = (middles(loose, assets) - middles(strict, assets))[:, :2] @ strict.objects[0].T_world_object[:2, :2]
    assert 0 < np.abs(shifts).max() <= 0.1 * pitch + 1e-9
    turns = [
        np.degrees(np.arccos(np.clip(a.T_world_object[:2, 0] @ b.T_world_object[:2, 0], -1, 1)))
        for a, b in zip(strict.objects, loose.objects, strict=True)
    ]
    assert 0 < max(turns) <= 20 + 1e-6


@given(st.integers(0, 5000))
def test_every_object_touches_the_ground(assets, draw, make_spec, frame):
    scene = draw(make_spec(count=[1, 8], distractors={"count": 2}, placement="grid"), frame)
    for thing in scene.objects:
        vertices = assets.meshes[thing.mesh].vertices.astype(np.float64) * thing.scale
        assert transform_points(thing.T_world_object, vertices)[:, 2].min() == pytest.approx(0, abs=1e-6)


def test_cells_are_left_free_as_often_as_asked_and_no_two_bodies_share_one(assets):
    spec = parse_spec(Spec, {"rows": 5, "columns": 8, "empty": 0.4}, "test")
    geometry = GeometryCache(assets=assets).get("cube")
    shares = []
    for frame in range(200):
        bodies = [Body(geometry=geometry, scale=1.0) for _ in range(3)]
        layout = build(spec).arranged(bodies, Draws(seed=0, frame=frame, attempt=0)).layout
        shares.append(len(layout.cells) / 40)
        taken = [set(map(tuple, cells.tolist())) for cells in layout.own.values()]
        assert all(a.isdisjoint(b) for a, b in combinations(taken, 2))
        assert sum(map(len, taken)) == len(layout.cells)
    assert np.mean(shares) == pytest.approx(0.6, abs=0.02)


def test_rows_are_added_until_every_object_has_a_cell(assets):
    spec = parse_spec(Spec, {"rows": 1, "columns": 2, "empty": 0.5}, "test")
    geometry = GeometryCache(assets=assets).get("cube")
    bodies = [Body(geometry=geometry, scale=1.0) for _ in range(11)]
    layout = build(spec).arranged(bodies, Draws(seed=0, frame=0, attempt=0)).layout
    assert 11 <= len(layout.cells) <= 12
    assert min(len(layout.own[body]) for body in bodies) == 1
