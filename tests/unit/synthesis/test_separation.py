import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from meshsight.core.pose import make_pose, sample_rotation
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.geometry import measure
from meshsight.synthesis.separation import gap_between, keeps_apart


def placed_box(assets, rng, spread):
    body = Body(geometry=measure(assets.meshes["box"]), scale=rng.uniform(0.5, 2.0))
    return PlacedBody(body=body, T_world_object=make_pose(sample_rotation(rng), rng.uniform(-spread, spread, 3)))


def share_a_point(a, b):
    """Slow oracle: is there a point that satisfies all twelve half-spaces?"""
    rows, limits = [], []
    for box in (a, b):
        middle = box.axes.T @ box.center
        rows += [*box.axes.T, *-box.axes.T]
        limits += [*(box.half_size + middle), *(box.half_size - middle)]
    return linprog(np.zeros(3), A_ub=np.array(rows), b_ub=np.array(limits), bounds=[(None, None)] * 3).success


@given(st.integers(0, 100_000))
def test_boxes_have_a_gap_exactly_when_they_share_no_point(assets, seed):
    rng = np.random.default_rng(seed)
    a, b = placed_box(assets, rng, 0.25), placed_box(assets, rng, 0.25)
    assert (gap_between(a, b) > 0) == (not share_a_point(a, b))


@given(st.integers(0, 100_000))
def test_the_gap_is_a_lower_bound_of_the_distance(assets, seed):
    rng = np.random.default_rng(seed)
    a, b = placed_box(assets, rng, 0.6), placed_box(assets, rng, 0.6)
    inside = [box.center + (rng.uniform(-1, 1, (200, 3)) * box.half_size) @ box.axes.T for box in (a, b)]
    nearest = np.linalg.norm(inside[0][:, None] - inside[1][None], axis=2).min()
    assert gap_between(a, b) <= nearest + 1e-12


def test_parallel_boxes_have_their_exact_gap(assets):
    body = Body(geometry=measure(assets.meshes["cube"]), scale=1.0)
    a, b = (PlacedBody(body=body, T_world_object=make_pose(np.eye(3), np.array([x, 0.0, 0.0]))) for x in (0.0, 0.13))
    np.testing.assert_allclose(gap_between(a, b), 0.03, atol=1e-8)
    diameter = 0.1 * 3**0.5
    assert keeps_apart(a, [b], 0.029 / diameter)
    assert not keeps_apart(a, [b], 0.031 / diameter)
