"""Diffuse light of an environment: its order-2 spherical harmonics as one quadratic form for each colour.

Light arriving from all directions falls on a surface with a clamped cosine, which spherical harmonics up to order 2
hold to about 1 % (Ramamoorthi and Hanrahan, SIGGRAPH 2001). Their cosine kernel is k(t) = 3/32 + t/2 + 15/32 t^2 with
t the cosine between normal and light, so irradiance is [n 1] M [n 1]^T with M the sum of radiance times [15/32 w w^T,
w/4; w^T/4, 3/32].
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float, Float32

from meshsight.core.pose import Matrix3
from meshsight.render.equirect import texel_directions, texel_solid_angles

IrradianceForms = Float[np.ndarray, "3 4 4"]


def irradiance_forms(radiance: Float32[np.ndarray, "h w 3"]) -> IrradianceForms:
    """Returns M of each colour in the environment's own frame."""
    height, width = radiance.shape[:2]
    kernel = _kernel(height, width)
    return (radiance.reshape(-1, 3).T @ kernel).astype(np.float64).reshape(3, 4, 4)


def rotate_forms(forms: IrradianceForms, R_env_other: Matrix3) -> IrradianceForms:
    """Returns the forms that take normals of another frame."""
    turn = np.eye(4)
    turn[:3, :3] = R_env_other
    return turn.T @ forms @ turn


def evaluate_forms(forms: IrradianceForms, normals: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns linear RGB irradiance on surfaces with the given unit normals."""
    homogeneous = np.concatenate([normals, np.ones((len(normals), 1))], axis=1)
    return np.maximum(np.einsum("ni,cij,nj->nc", homogeneous, forms, homogeneous, optimize=True), 0.0)


@lru_cache(maxsize=4)
def _kernel(height: int, width: int) -> Float32[np.ndarray, "n 16"]:
    directions = texel_directions(height, width).reshape(-1, 3)
    kernel = np.empty((len(directions), 4, 4))
    kernel[:, :3, :3] = 15 / 32 * directions[:, :, None] * directions[:, None, :]
    kernel[:, :3, 3] = kernel[:, 3, :3] = directions / 4
    kernel[:, 3, 3] = 3 / 32
    kernel *= texel_solid_angles(height, width).reshape(-1, 1, 1)
    return kernel.reshape(-1, 16).astype(np.float32)
