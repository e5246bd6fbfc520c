"""Light on what the rays hit: Lambert's law under the environment, suns and lamps with hard shadows.

Shapes: n rays of an image.
"""

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix4, invert_pose
from meshsight.records.scene import Scene
from meshsight.render.equirect import RadianceMap, rotation_env_world, shrink
from meshsight.render.irradiance import evaluate_forms, irradiance_forms, rotate_forms
from meshsight.render.lamps import falloff, lamps_of
from meshsight.render.rays.looks import Looks
from meshsight.render.rays.tracing import Tracer

_IRRADIANCE_ROWS = 32
_CELLS_PER_SIDE = 4

# A shadow ray starts this far off the surface, as a part of its depth, so that it does not hit where it starts.
_LIFT = 1e-4


def light_looks(
    scene: Scene, looks: Looks, points_cam: Float[np.ndarray, "n 3"], radiance: RadianceMap, tracer: Tracer
) -> Float[np.ndarray, "n 3"]:
    """Returns linear RGB radiance towards the camera where something is seen, and zeros elsewhere."""
    seen = np.flatnonzero(looks.is_seen & ~looks.is_flat)
    normals, points = looks.normal[seen], points_cam[seen]
    T_cam_world = invert_pose(scene.T_world_cam)
    irradiance = _from_environment(scene, radiance, normals)
    irradiance += _from_suns(scene, T_cam_world, points, normals, tracer)
    irradiance += _from_lamps(scene, T_cam_world, points, normals, tracer)
    light = np.zeros_like(points_cam)
    light[seen] = looks.albedo[seen] / np.pi * irradiance + looks.emitted[seen]
    return light


def _from_environment(
    scene: Scene, radiance: RadianceMap, normals: Float[np.ndarray, "k 3"]
) -> Float[np.ndarray, "k 3"]:
    R_env_cam = rotation_env_world(scene.environment) @ scene.T_world_cam[:3, :3]
    forms = rotate_forms(irradiance_forms(shrink(radiance, _IRRADIANCE_ROWS)), R_env_cam)
    return scene.environment.strength * evaluate_forms(forms, normals)


def _from_suns(
    scene: Scene,
    T_cam_world: Matrix4,
    points: Float[np.ndarray, "k 3"],
    normals: Float[np.ndarray, "k 3"],
    tracer: Tracer,
) -> Float[np.ndarray, "k 3"]:
    total = np.zeros_like(points)
    for sun in scene.suns:
        direction = T_cam_world[:3, :3] @ sun.direction
        cosine = np.maximum(normals @ direction, 0.0)
        if sun.casts_shadow:
            cosine = np.where(tracer.is_blocked(points + normals * (_LIFT * points[:, 2:]), direction), 0.0, cosine)
        total += cosine[:, None] * np.asarray(sun.irradiance)
    return total


def _from_lamps(
    scene: Scene,
    T_cam_world: Matrix4,
    points: Float[np.ndarray, "k 3"],
    normals: Float[np.ndarray, "k 3"],
    tracer: Tracer,
) -> Float[np.ndarray, "k 3"]:
    total = np.zeros_like(points)
    R_cam_world = T_cam_world[:3, :3]
    for lamp in lamps_of(scene, _CELLS_PER_SIDE, num_own_points=0):
        towards = R_cam_world @ lamp.position + T_cam_world[:3, 3] - points
        squared = np.maximum(np.einsum("kd,kd->k", towards, towards), 1e-6)
        share = falloff(lamp, towards @ R_cam_world, squared)
        share *= np.maximum(np.einsum("kd,kd->k", towards, normals) / np.sqrt(squared), 0.0)
        if lamp.casts_shadow:
            lit = np.flatnonzero(share > 0)
            lift = normals[lit] * (_LIFT * points[lit, 2:])
            share[lit[tracer.is_blocked_on_the_way(points[lit] + lift, towards[lit] - lift)]] = 0.0
        total += share[:, None] * np.asarray(lamp.intensity)
    return total
