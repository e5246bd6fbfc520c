"""Shadow maps: one square of a wide depth texture for each sun that casts a shadow, fitted to what can cast one."""

from collections.abc import Sequence

import moderngl
import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix4, Points3, Vector3, transform_points
from meshsight.records.scene import Scene, Sun
from meshsight.render.gl.placed import Placed
from meshsight.render.gl.programs import Programs, set_uniform

# Room at the borders of a square, so that filtering never reads the neighbouring one.
BORDER_TEXELS = 4


class ShadowMaps:
    """The shadow atlas of one context.

    Attributes:
        suns: those whose shadows the atlas holds, in the order of its squares.
        clip_from_world: their matrices.
        texel_m: how far to lift a receiver along its normal so that it does not shadow itself.
    """

    def __init__(self, context: moderngl.Context, programs: Programs, map_size: int, max_suns: int) -> None:
        self.map_size = map_size
        self.suns: list[Sun] = []
        self.clip_from_world: list[Matrix4] = []
        self.texel_m = 0.0
        self._context = context
        self._program = programs.get("shadow.vert", "shadow.frag")
        self._atlas = context.depth_texture((map_size * max_suns, map_size))
        self._atlas.compare_func = "<="
        self._atlas.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._atlas.repeat_x = self._atlas.repeat_y = False
        self._target = context.framebuffer(depth_attachment=self._atlas)

    def draw(self, scene: Scene, placed: Sequence[Placed]) -> None:
        """Draws what every shadow-casting sun sees."""
        self.suns = [sun for sun in scene.suns if sun.casts_shadow] if placed else []
        self.clip_from_world = []
        self.texel_m = 0.0
        if not self.suns:
            return
        corners = [box_corners_world(item) for item in placed]
        self._target.use()
        self._target.viewport = (0, 0, self.map_size * len(self.suns), self.map_size)
        self._target.clear(depth=1.0)
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.polygon_offset = (2.0, 4.0)
        for column, sun in enumerate(self.suns):
            clip_from_world = fit_light(sun.direction, np.concatenate(corners), self.map_size)
            self.clip_from_world.append(clip_from_world)
            self.texel_m = max(self.texel_m, _texel_size(clip_from_world, self.map_size))
            self._target.viewport = (column * self.map_size, 0, self.map_size, self.map_size)
            draw_casters(self._context, self._program, clip_from_world @ scene.T_world_cam, placed)
        self._context.polygon_offset = (0.0, 0.0)

    def bind(self, unit: int) -> None:
        """Binds the atlas."""
        self._atlas.use(unit)

    def release(self) -> None:
        """Frees the atlas."""
        self._target.release()
        self._atlas.release()


def draw_casters(
    context: moderngl.Context, program: moderngl.Program, clip_from_cam: Matrix4, placed: Sequence[Placed]
) -> None:
    """Draws what a light sees of objects that it lies outside of."""
    for item in placed:
        # A light's image is mirrored as the camera's is, so outside faces turn the same way in both.
        item.set_culling(context, is_outside=True)
        set_uniform(program, "shadow_from_object", clip_from_cam @ item.cam_from_object)
        for part in item.geometry.parts:
            part.draw(program)


def fit_light(direction: Vector3, points: Points3, map_size: int) -> Matrix4:
    """Returns the orthographic clip matrix that looks along the light and holds all points (n, 3)."""
    rotation = light_axes(direction)
    seen = points @ rotation.T
    low, high = seen.min(axis=0), seen.max(axis=0)
    half = np.maximum(0.5 * (high - low), 1e-4)
    half[:2] *= map_size / (map_size - 2 * BORDER_TEXELS)
    half[2] *= 1.01
    fit = np.eye(4)
    fit[:3, :3] = rotation / half[:, None]
    fit[:3, 3] = -0.5 * (high + low) / half
    return fit


def light_axes(direction: Vector3) -> Float[np.ndarray, "3 3"]:
    """Returns rows right, up and away from the light."""
    away = -direction / np.linalg.norm(direction)
    helper = np.array([0.0, 0.0, 1.0]) if abs(away[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    right = np.cross(helper, away)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(away, right), away])


def _texel_size(clip_from_world: Matrix4, map_size: int) -> float:
    return float(2.0 / map_size / np.linalg.norm(clip_from_world[:2, :3], axis=1).min())


def box_corners_world(item: Placed) -> Points3:
    """Returns the eight corners of the object's own box, in the world."""
    hull = item.geometry.hull
    low, high = hull.min(axis=0), hull.max(axis=0)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    return transform_points(item.thing.T_world_object, corners * item.thing.scale)
