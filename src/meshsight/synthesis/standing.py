"""How a body stands on the plane z = 0, upright or on a stable side, or is held above it."""

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix3, Matrix4, make_pose
from meshsight.synthesis.body import Body
from meshsight.synthesis.rests import rotation_onto
from meshsight.synthesis.sampling import sample_index


def draw_stance(body: Body, upright: float, yaw: Matrix3, rng: np.random.Generator) -> Matrix3:
    """Draws whether a body stands as it was modelled or lies on a stable side of its hull, and turns it.

    Args:
        body: what stands.
        upright: probability of standing as it was modelled.
        yaw: turn about the vertical, after that.
        rng: where to draw from.
    """
    if rng.random() < upright:
        return yaw
    rests = body.geometry.rests
    return yaw @ rotation_onto(rests.normals[sample_index(rests.weights, rng)])


def stand(body: Body, xy: Float[np.ndarray, "2"], rotation: Matrix3) -> Matrix4:
    """Returns the pose whose bounding sphere is over a point of the plane z = 0 and whose lowest vertex lies in it."""
    return hold(body, xy, 0.0, rotation)


def hold(body: Body, xy: Float[np.ndarray, "2"], height_m: float, rotation: Matrix3) -> Matrix4:
    """Returns the pose whose bounding sphere is over a point of the plane z = 0 and whose lowest vertex is so high."""
    lowest = float((body.geometry.hull_points @ rotation[2]).min()) * body.scale
    offset = rotation @ body.center
    return make_pose(rotation, np.array([xy[0] - offset[0], xy[1] - offset[1], height_m - lowest]))
