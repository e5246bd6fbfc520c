"""Runs inside Blender: writes one box in every format that it knows; the last argument is the folder."""

import os
import sys
from pathlib import Path

import bpy

OUT = Path(sys.argv[-1])


def make_box() -> None:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.mesh.primitive_cube_add(size=1)
    box = bpy.context.object
    box.scale, box.location = (0.2, 0.1, 0.4), (0, 0, 0.2)
    material = bpy.data.materials.new("paint")
    if bpy.app.version < (5, 0):
        material.use_nodes = True
    red = bpy.data.images.new("red", 8, 8)
    red.pixels[:] = [1, 0, 0, 1] * 64
    red.filepath_raw, red.file_format = str(OUT / "red.png"), "PNG"
    red.save()
    tree = material.node_tree
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = bpy.data.images.load(str(OUT / "red.png"))
    surface = tree.nodes["Principled BSDF"]
    tree.links.new(texture.outputs[0], surface.inputs["Base Color"])
    surface.inputs["Roughness"].default_value = 0.3
    box.data.materials.append(material)


def write_all() -> None:
    bpy.ops.export_scene.fbx(filepath=str(OUT / "box.fbx"), path_mode="COPY", embed_textures=True)
    for name in ("box.usdc", "box.usdz"):
        bpy.ops.wm.usd_export(filepath=str(OUT / name))
    if "collada_export" in dir(bpy.ops.wm):
        bpy.ops.wm.collada_export(filepath=str(OUT / "box.dae"))
    script = bpy.data.texts.new("evil.py")
    script.write(f"open({str(OUT / 'evil')!r}, 'w').close()")
    script.use_module = True
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "box.blend"))
    (OUT / "thief").mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "thief" / "box.blend"), copy=True)
    bpy.context.scene.unit_settings.scale_length = 0.001
    bpy.ops.wm.save_as_mainfile(filepath=str(OUT / "millimetres.blend"))


make_box()
write_all()
sys.stdout.flush()
os._exit(0)
