"""The environment as a camera sees it, for renderers that look it up themselves."""

import numpy as np
from jaxtyping import Float

from meshsight.records.scene import AssetSource, Scene
from meshsight.render.equirect import look_up, rotation_env_world
from meshsight.render.rays.tracing import image_window, pixel_rays
from meshsight.render.tone import encode_srgb, gains, tone_curve


def draw_sky(scene: Scene, assets: AssetSource) -> Float[np.ndarray, "h w 3"]:
    """Returns the encoded colours of the environment at each pixel's centre, exposed as the sensor says."""
    rays = pixel_rays(scene.camera, image_window(scene.camera))
    colors = sky_along(rays, scene, assets)
    return colors.reshape(*scene.camera.size_hw, 3)


def sky_along(rays: Float[np.ndarray, "n 3"], scene: Scene, assets: AssetSource) -> Float[np.ndarray, "n 3"]:
    """Returns the encoded colours of the environment along rays of the camera's frame."""
    directions = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    R_env_cam = rotation_env_world(scene.environment) @ scene.T_world_cam[:3, :3]
    radiance = assets.environment(scene.environment.ref)
    sky = scene.environment.strength * look_up(radiance, directions @ R_env_cam.T)
    return encode_srgb(tone_curve(sky * gains(scene.sensor)))
