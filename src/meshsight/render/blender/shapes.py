"""Meshes and the objects that show them: made once, and brought into the scene for the frames that need them.

What a frame shows is linked into the scene in the order of the request. So a scene looks the same to Cycles whatever
was drawn before, and so does its noise.
"""

import bpy
import numpy as np

PAINT = "paint"


class Shapes:
    """Meshes by key, and a pool of objects for each.

    Attributes:
        meshes: Blender's meshes by key.
    """

    def __init__(self, scene):
        self._scene = scene
        self._placeholder = bpy.data.materials.new("placeholder")
        self.meshes = {}
        self._pools = {}
        self._used = {}
        self._planes = []
        self._shown = []

    def add(self, key, arrays, num_parts):
        """Takes a mesh: `vertices`, `faces`, `part_of_face`, `normals`, `uv` and, maybe, `colors`."""
        mesh = make_mesh(key, arrays)
        for _ in range(num_parts):
            mesh.materials.append(self._placeholder)
        self.meshes[key] = mesh
        self._pools[key] = []

    def forget(self, key):
        """Frees a mesh and its objects."""
        for thing in self._pools.pop(key):
            if thing in self._shown:
                self._shown.remove(thing)
            bpy.data.objects.remove(thing)
        bpy.data.meshes.remove(self.meshes.pop(key))

    def begin(self):
        """Starts a frame: nothing is shown."""
        self._used = dict.fromkeys(self._pools, 0)
        for thing in self._shown:
            self._scene.collection.objects.unlink(thing)
        self._shown.clear()

    def place(self, key, pose, index, materials):
        """Shows a mesh at a pose, with a material for each part; returns the object."""
        pool, used = self._pools[key], self._used[key]
        if used == len(pool):
            pool.append(_new_object(key, self.meshes[key]))
        self._used[key] = used + 1
        return self._show(pool[used], pose, index, materials)

    def place_plane(self, number, plane, material):
        """Shows rectangle `number` of the frame; light passes through a wall, not through the ground."""
        if number == len(self._planes):
            self._planes.append(_new_object(f"plane {number}", _new_plane(self._placeholder)))
        thing = self._planes[number]
        width, height = plane["size_m"]
        corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2)
        co = np.column_stack([corners, np.zeros(4)]).astype(np.float32)
        thing.data.vertices.foreach_set("co", co.ravel())
        thing.data.uv_layers[0].data.foreach_set("uv", (corners / plane["tile_m"]).astype(np.float32).ravel())
        thing.data.update()
        thing.visible_shadow = plane["casts_shadow"]
        return self._show(thing, plane["pose"], 0, [material])

    def _show(self, thing, pose, index, materials):
        self._scene.collection.objects.link(thing)
        self._shown.append(thing)
        thing.pass_index = index
        set_pose(thing, pose)
        for slot, material in zip(thing.material_slots, materials, strict=True):
            slot.link = "OBJECT"
            slot.material = material
        return thing


def _new_object(name, mesh):
    thing = bpy.data.objects.new(name, mesh)
    thing.rotation_mode = "QUATERNION"
    return thing


def make_mesh(key, arrays):
    """Builds a mesh of triangles with its own normals."""
    vertices, faces, normals = arrays["vertices"], arrays["faces"], arrays["normals"]
    mesh = bpy.data.meshes.new(key)
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", vertices.ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", faces.ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    mesh.polygons.foreach_set("material_index", arrays["part_of_face"].astype(np.int32))
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), dtype=bool))
    mesh.uv_layers.new(name="uv").data.foreach_set("uv", arrays["uv"][faces.ravel()].ravel())
    if "colors" in arrays:
        paint = np.column_stack([arrays["colors"], np.ones(len(vertices), dtype=np.float32)])
        mesh.color_attributes.new(PAINT, "FLOAT_COLOR", "POINT").data.foreach_set("color", paint.ravel())
    mesh.update(calc_edges=True)
    mesh.normals_split_custom_set_from_vertices(normals.tolist())
    return mesh


def _new_plane(placeholder):
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], dtype=np.float32)
    mesh = bpy.data.meshes.new("plane")
    mesh.from_pydata(corners.tolist(), [], [(0, 1, 2, 3)])
    mesh.uv_layers.new(name="uv")
    mesh.materials.append(placeholder)
    return mesh


def set_pose(thing, pose):
    """Moves an object: `pose` is [position, quaternion wxyz, scale]."""
    position, quaternion, scale = pose
    thing.location = position
    thing.rotation_quaternion = quaternion
    thing.scale = (scale, scale, scale)


def set_motion(thing, motion):
    """Lets an object move from the first to the second of two poses while the shutter is open; None lets it rest."""
    if thing.animation_data is not None:
        thing.animation_data_clear()
    if motion is None:
        return
    for pose, frame in zip(motion, (0.5, 1.5), strict=True):
        set_pose(thing, pose)
        thing.keyframe_insert("location", frame=frame)
        thing.keyframe_insert("rotation_quaternion", frame=frame)
