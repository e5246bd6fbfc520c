"""What is the same for all draws of a frame: camera, lights and exposure, in one uniform buffer."""

import moderngl
import numpy as np
from jaxtyping import Float

from meshsight.core.camera import Camera
from meshsight.core.errors import RenderError
from meshsight.core.pose import Matrix4
from meshsight.records.scene import Scene
from meshsight.render.equirect import rotation_env_world
from meshsight.render.gl.shadow import ShadowMaps
from meshsight.render.irradiance import IrradianceForms, rotate_forms
from meshsight.render.tone import gains
from meshsight.render.window import canvas_projection

MAX_SUNS = 2
MAX_POINT_LIGHTS = 4
SIZES = (f"MAX_SUNS {MAX_SUNS}", f"MAX_POINT_LIGHTS {MAX_POINT_LIGHTS}")
FRAME_BINDING = 0

# The layout of `shaders/frame.glsl`: matrices are stored column by column.
_BLOCK = np.dtype(
    [
        ("clip_from_cam", "f4", (4, 4)),
        ("env_from_cam", "f4", (4, 4)),
        ("irradiance", "f4", (7, 4)),
        ("gains", "f4", 4),
        ("intrinsics", "f4", 4),
        ("view", "f4", 4),
        ("shadow", "f4", 4),
        ("shadow_from_cam", "f4", (MAX_SUNS, 4, 4)),
        ("sun_direction", "f4", (MAX_SUNS, 4)),
        ("sun_irradiance", "f4", (MAX_SUNS, 4)),
        ("point_position", "f4", (MAX_POINT_LIGHTS, 4)),
        ("point_intensity", "f4", (MAX_POINT_LIGHTS, 4)),
    ]
)


class FrameBlock:
    """The uniform buffer that holds camera, lights and exposure of the frame being drawn."""

    def __init__(self, context: moderngl.Context) -> None:
        self._buffer = context.buffer(reserve=_BLOCK.itemsize, dynamic=True)

    def fill(
        self, scene: Scene, drawn: Camera, T_cam_world: Matrix4, forms: IrradianceForms, shadows: ShadowMaps
    ) -> None:
        """Writes the values of a scene whose lights were checked, and binds the buffer.

        Args:
            scene: the scene.
            drawn: the pinhole camera that the triangles are drawn with: the scene's own, unless it has a lens.
            T_cam_world: the camera's pose, inverted.
            forms: irradiance of the environment.
            shadows: maps that were drawn.
        """
        block = np.zeros((), dtype=_BLOCK)
        env_from_cam = np.eye(4)
        env_from_cam[:3, :3] = rotation_env_world(scene.environment) @ scene.T_world_cam[:3, :3]
        camera = scene.camera
        block["clip_from_cam"] = canvas_projection(drawn, scene.near_m, scene.far_m).T
        block["env_from_cam"] = env_from_cam.T
        block["irradiance"] = irradiance_coefficients(rotate_forms(forms, env_from_cam[:3, :3]))
        block["gains"] = (*gains(scene.sensor), scene.environment.strength)
        block["intrinsics"] = (camera.fx, camera.fy, camera.cx, camera.cy)
        block["view"] = (camera.size_hw[1], camera.size_hw[0], scene.near_m, scene.far_m)
        _fill_suns(block, scene, T_cam_world, shadows)
        for i, light in enumerate(scene.point_lights[:MAX_POINT_LIGHTS]):
            block["point_position"][i, :3] = T_cam_world[:3, :3] @ light.position + T_cam_world[:3, 3]
            block["point_intensity"][i, :3] = light.intensity
        self._buffer.write(block.tobytes())
        self._buffer.bind_to_uniform_block(FRAME_BINDING)

    def release(self) -> None:
        """Frees the buffer."""
        self._buffer.release()


def _fill_suns(block: np.ndarray, scene: Scene, T_cam_world: Matrix4, shadows: ShadowMaps) -> None:
    ordered = [*shadows.suns, *(sun for sun in scene.suns if sun not in shadows.suns)]
    for i, sun in enumerate(ordered):
        block["sun_direction"][i, :3] = T_cam_world[:3, :3] @ sun.direction
        block["sun_irradiance"][i, :3] = sun.irradiance
    for i, clip_from_world in enumerate(shadows.clip_from_world):
        block["shadow_from_cam"][i] = (clip_from_world @ scene.T_world_cam).T
    texels = shadows.map_size * np.array([MAX_SUNS, 1])
    block["shadow"] = (shadows.texel_m, *(0.5 / texels), 0)


def check_lights(scene: Scene) -> None:
    """Refuses more lights than the shaders hold.

    Raises:
        RenderError: too many suns.
    """
    if len(scene.suns) > MAX_SUNS:
        raise RenderError(
            f"frame {scene.frame}: renderer 'raster' draws up to {MAX_SUNS} suns, found {len(scene.suns)}"
        )


def irradiance_coefficients(forms: IrradianceForms) -> Float[np.ndarray, "7 4"]:
    """Returns the factors of the quadratic forms on unit normals, in the order of `shaders/shade.frag.glsl`."""
    xx, yy, zz = forms[:, 0, 0], forms[:, 1, 1], forms[:, 2, 2]
    linear = np.stack([2 * forms[:, 0, 3], 2 * forms[:, 1, 3], 2 * forms[:, 2, 3], forms[:, 3, 3] + xx], axis=1)
    square = np.stack([2 * forms[:, 0, 1], 2 * forms[:, 1, 2], 2 * forms[:, 0, 2], zz - xx], axis=1)
    return np.concatenate([linear, square, [[*(yy - xx), 0.0]]])
