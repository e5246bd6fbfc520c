"""Shadow maps of spot and area lights: what each sees from its middle, as far as everything lies within one cone."""

from collections.abc import Sequence

import moderngl
import numpy as np

from meshsight.core.pose import Matrix4, Points3, Vector3
from meshsight.records.scene import AreaLight, Scene, SpotLight
from meshsight.render.gl.placed import Placed
from meshsight.render.gl.programs import Programs
from meshsight.render.gl.shadow import BORDER_TEXELS, box_corners_world, draw_casters, light_axes

MAX_LAMP_SHADOWS = 4
_WIDEST = float(np.tan(np.deg2rad(75.0)))


class LampShadows:
    """The atlas of one context.

    Attributes:
        columns: light -> the square of the atlas that holds its shadow.
        clip_from_world: matrices of the squares.
        texel: size of a texel at distance 1, by square.
    """

    def __init__(self, context: moderngl.Context, programs: Programs, map_size: int) -> None:
        self.map_size = map_size
        self.columns: dict[SpotLight | AreaLight, int] = {}
        self.clip_from_world: list[Matrix4] = []
        self.texel: list[float] = []
        self._context = context
        self._program = programs.get("shadow.vert", "shadow.frag")
        self._atlas: moderngl.Texture | None = None
        self._target: moderngl.Framebuffer | None = None

    def draw(self, scene: Scene, placed: Sequence[Placed]) -> None:
        """Draws what the first few shadow-casting lights see; lights without a square cast none."""
        self.columns, self.clip_from_world, self.texel = {}, [], []
        lights = dict.fromkeys(light for light in (*scene.spot_lights, *scene.area_lights) if light.casts_shadow)
        if not placed or not lights:
            return
        corners = np.concatenate([box_corners_world(item) for item in placed])
        for light in lights:
            fit = _fit(_middle(light), corners, self.map_size)
            if fit is not None and len(self.columns) < MAX_LAMP_SHADOWS:
                self.columns[light] = len(self.columns)
                self.clip_from_world.append(fit[0])
                self.texel.append(fit[1])
        target = self._ready_target()
        target.use()
        target.viewport = (0, 0, self.map_size * MAX_LAMP_SHADOWS, self.map_size)
        target.clear(depth=1.0)
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.polygon_offset = (2.0, 4.0)
        for column, clip_from_world in enumerate(self.clip_from_world):
            target.viewport = (column * self.map_size, 0, self.map_size, self.map_size)
            draw_casters(self._context, self._program, clip_from_world @ scene.T_world_cam, placed)
        self._context.polygon_offset = (0.0, 0.0)

    def _ready_target(self) -> moderngl.Framebuffer:
        """Returns the framebuffer, made when lamps first need it."""
        if self._target is None:
            self._atlas = self._context.depth_texture((self.map_size * MAX_LAMP_SHADOWS, self.map_size))
            self._atlas.compare_func = "<="
            self._atlas.filter = (moderngl.LINEAR, moderngl.LINEAR)
            self._atlas.repeat_x = self._atlas.repeat_y = False
            self._target = self._context.framebuffer(depth_attachment=self._atlas)
        return self._target

    def bind(self, unit: int) -> None:
        """Binds the atlas, if there is one."""
        if self._atlas is not None:
            self._atlas.use(unit)

    def release(self) -> None:
        """Frees the atlas."""
        if self._target is not None and self._atlas is not None:
            self._target.release()
            self._atlas.release()


def _middle(light: SpotLight | AreaLight) -> Vector3:
    return light.position if isinstance(light, SpotLight) else light.T_world_light[:3, 3]


def _fit(position: Vector3, points: Points3, map_size: int) -> tuple[Matrix4, float] | None:
    """Returns the perspective clip matrix from a position that holds all points, and its texel's size at distance 1.

    None where the points do not lie within one cone of 75 degrees about their middle.
    """
    towards = points.mean(axis=0) - position
    distance = float(np.linalg.norm(towards))
    if distance < 1e-9:
        return None
    rotation = light_axes(-towards / distance)
    seen = (points - position) @ rotation.T
    nearest, farthest = float(seen[:, 2].min()), float(seen[:, 2].max())
    if nearest <= 1e-3 * farthest:
        return None
    reach = float(np.abs(seen[:, :2] / seen[:, 2:]).max())
    if reach > _WIDEST:
        return None
    reach = max(reach, 1e-4) * map_size / (map_size - 2 * BORDER_TEXELS)
    near, far = 0.98 * nearest, 1.02 * farthest
    clip = np.zeros((4, 4))
    clip[0, 0] = clip[1, 1] = 1.0 / reach
    clip[2, 2], clip[2, 3] = (far + near) / (far - near), -2.0 * far * near / (far - near)
    clip[3, 2] = 1.0
    view = np.eye(4)
    view[:3, :3], view[:3, 3] = rotation, -rotation @ position
    return clip @ view, 2.0 * reach / map_size
