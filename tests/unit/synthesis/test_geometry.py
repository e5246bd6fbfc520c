import numpy as np
import pytest
from scipy.spatial import ConvexHull

from meshsight.synthesis.geometry import GeometryCache, measure
from meshsight.synthesis.rests import find_rests, rotation_onto


def rests_of(vertices):
    return find_rests(ConvexHull(np.asarray(vertices, dtype=np.float64)))


def test_a_box_is_measured_exactly(assets):
    geometry = measure(assets.meshes["box"])
    np.testing.assert_allclose(geometry.center, [0.05, -0.02, 0.4], atol=1e-7)
    np.testing.assert_allclose(geometry.half_size, [0.1, 0.05, 0.15], atol=1e-7)
    assert geometry.radius == pytest.approx(np.linalg.norm([0.1, 0.05, 0.15]), abs=1e-7)


def test_no_vertex_reaches_beyond_the_hull(assets):
    for name in ("ball", "cone", "bar", "sheet"):
        vertices = assets.meshes[name].vertices.astype(np.float64)
        points = measure(assets.meshes[name]).hull_points
        for heading in np.random.default_rng(0).standard_normal((50, 3)):
            assert (points @ heading).max() == pytest.approx((vertices @ heading).max(), abs=1e-12)


def test_a_mesh_is_loaded_once_and_twins_share_their_measures(assets):
    assets.asked.clear()
    cache = GeometryCache(assets=assets)
    assert cache.get("cube") is cache.get("cube") is cache.get("twin")
    assert assets.asked == ["cube", "twin"]


def test_a_cube_rests_on_six_sides_alike(assets):
    rests = measure(assets.meshes["cube"]).rests
    assert len(rests.normals) == 6
    np.testing.assert_allclose(rests.weights, 1 / 6, atol=1e-9)
    np.testing.assert_allclose(np.sort(np.abs(rests.normals), axis=1), np.tile([0, 0, 1], (6, 1)), atol=1e-9)


def test_a_bar_hardly_ever_stands_on_its_end(assets):
    rests = measure(assets.meshes["bar"]).rests
    on_end = np.abs(rests.normals[:, 0]) > 0.9
    # The square end of side a at distance b: 4 asin(a^2 / (a^2 + 4 b^2)) of 4 pi, twice.
    expected = 2 * 4 * np.arcsin(0.02**2 / (0.02**2 + 0.6**2)) / (4 * np.pi)
    assert rests.weights[on_end].sum() == pytest.approx(expected, rel=1e-3)


def test_a_leaning_prism_does_not_rest_where_it_would_topple():
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    upright, leaning = np.array([0, 0, 3.0]), np.array([1.5, 0, 3.0])
    assert any(np.allclose(n, [0, 0, -1]) for n in rests_of([*square, *(square + upright)]).normals)
    assert not any(np.allclose(n, [0, 0, -1]) for n in rests_of([*square, *(square + leaning)]).normals)


def test_a_cone_rests_on_its_base_or_its_flank(assets):
    rests = measure(assets.meshes["cone"]).rests
    base = rests.normals[:, 2] < -0.99
    assert base.sum() == 1
    assert 0.05 < rests.weights[base].sum() < 0.5
    assert rests.weights.sum() == pytest.approx(1)


def test_a_flat_mesh_lies_as_it_was_modelled(assets):
    geometry = measure(assets.meshes["sheet"])
    assert geometry.hull is None
    np.testing.assert_array_equal(geometry.rests.normals, [[0, 0, -1]])


def test_the_resting_side_is_turned_down():
    for normal in np.random.default_rng(1).standard_normal((30, 3)):
        normal /= np.linalg.norm(normal)
        rotation = rotation_onto(normal)
        np.testing.assert_allclose(rotation @ normal, [0, 0, -1], atol=1e-12)
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
