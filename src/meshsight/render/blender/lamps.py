"""Lamps of every sort, from a pool; what they give is set in the units of the scene record."""

import math

import bpy
import mathutils
import shapes


class Lamps:
    """The lamps of a frame."""

    def __init__(self, scene, sun_angle_rad):
        self._scene = scene
        self._sun_angle_rad = sun_angle_rad
        self._pools = {}
        self._used = {}
        self._shown = []

    def begin(self):
        """Starts a frame in the dark."""
        self._used = dict.fromkeys(self._pools, 0)
        for thing in self._shown:
            self._scene.collection.objects.unlink(thing)
        self._shown.clear()

    def place(self, lamp):
        """Lights a lamp: its `sort` is SUN, POINT, SPOT or AREA, `strength` what that sort counts in."""
        thing = self._take(lamp["sort"])
        light = thing.data
        # Irradiance of a sun; 4 pi times the intensity of a small light; the power of an area that shines to one side.
        level = max(lamp["strength"])
        light.energy = level * lamp["factor"]
        light.color = [channel / level for channel in lamp["strength"]] if level > 0 else (1, 1, 1)
        set_shadow(light, lamp["casts_shadow"])
        if "pose" in lamp:
            shapes.set_pose(thing, lamp["pose"])
            light.shape, light.size, light.size_y = lamp["shape"], *lamp["size_m"]
        else:
            thing.location = lamp["position"]
            # Blender's lamps shine along their own -z.
            thing.rotation_quaternion = mathutils.Vector(lamp["shines"]).to_track_quat("-Z", "Y")
        if lamp["sort"] == "SPOT":
            light.spot_size, light.spot_blend = lamp["cone_rad"], lamp["blend"]

    def _take(self, sort):
        pool, used = self._pools.setdefault(sort, []), self._used.get(sort, 0)
        if used == len(pool):
            pool.append(self._make(sort))
        self._used[sort] = used + 1
        self._scene.collection.objects.link(pool[used])
        self._shown.append(pool[used])
        return pool[used]

    def _make(self, sort):
        light = bpy.data.lights.new(sort, sort)
        if sort == "SUN":
            light.angle = self._sun_angle_rad
        elif sort != "AREA":
            light.shadow_soft_size = 0.0
        else:
            light.spread = math.pi
        thing = bpy.data.objects.new(sort, light)
        thing.rotation_mode = "QUATERNION"
        thing.visible_camera = False
        return thing


def set_shadow(light, casts_shadow):
    """Says whether a lamp's light can be blocked, in the words of each version."""
    light.use_shadow = casts_shadow
    if hasattr(light.cycles, "cast_shadow"):
        light.cycles.cast_shadow = casts_shadow
