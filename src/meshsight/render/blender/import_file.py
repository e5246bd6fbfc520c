"""Turns a 3D file into GLB on request: in metres, with its materials, without running anything that the file holds."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import bpy
import numpy as np
import wire


def read_fbx(path):
    """Reads Autodesk's format; the importer turns its units into metres."""
    if hasattr(bpy.ops.import_scene, "fbx") and "fbx" in dir(bpy.ops.import_scene):
        bpy.ops.import_scene.fbx(filepath=path, use_anim=False, use_image_search=False)
    else:
        bpy.ops.wm.fbx_import(filepath=path, use_anim=False)


def read_usd(path):
    """Reads Universal Scene Description, packed or not."""
    known = bpy.ops.wm.usd_import.get_rna_type().properties.keys()
    wanted = {
        "import_cameras": False,
        "import_lights": False,
        "set_frame_range": False,
        "apply_unit_conversion_scale": True,
        "import_textures_mode": "IMPORT_PACK",
        "create_world_material": False,
    }
    bpy.ops.wm.usd_import(filepath=path, **{name: value for name, value in wanted.items() if name in known})


def read_dae(path):
    """Reads Collada, which Blender gave up with 5.0."""
    if "collada_import" not in dir(bpy.ops.wm):
        raise RuntimeError(
            f"Blender {bpy.app.version_string} reads no Collada; 4.5 does, and is found where it is "
            "installed: meshsight blender install --version 4.5.15"
        )
    bpy.ops.wm.collada_import(filepath=path, import_units=False)


def read_blend(path):
    """Opens Blender's own file, without its scripts, drivers' code and windows."""
    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False, use_scripts=False)
    factor = bpy.context.scene.unit_settings.scale_length
    for thing in bpy.data.objects:
        if thing.parent is None and factor != 1:
            thing.matrix_world = _scaling(factor) @ thing.matrix_world


def _scaling(factor):
    return type(bpy.data.objects[0].matrix_world).Scale(factor, 4)


READERS = {
    ".fbx": read_fbx,
    ".usd": read_usd,
    ".usda": read_usd,
    ".usdc": read_usd,
    ".usdz": read_usd,
    ".dae": read_dae,
    ".blend": read_blend,
}


def convert(message, arrays):
    """Reads `source`, writes `out`; answers with what is in it and what had to be left out."""
    source, out = message["source"], message["out"]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    READERS[pathlib.Path(source).suffix.lower()](source)
    shown = {thing for thing in bpy.context.scene.objects if thing.type == "MESH" and not thing.hide_render}
    if not shown:
        raise RuntimeError("holds no meshes")
    notes = leave_out_foreign_pictures(pathlib.Path(source).resolve().parent)
    for thing in list(bpy.data.objects):
        if thing.type in {"CAMERA", "LIGHT", "SPEAKER"} or (thing.type == "MESH" and thing not in shown):
            bpy.data.objects.remove(thing)
    bpy.ops.export_scene.gltf(
        filepath=out,
        export_format="GLB",
        export_yup=True,
        export_apply=True,
        export_animations=False,
        export_cameras=False,
        export_lights=False,
        export_extras=False,
    )
    faces = sum(len(thing.data.loop_triangles) for thing in shown if not thing.data.calc_loop_triangles())
    materials = {slot.material.name for thing in shown for slot in thing.material_slots if slot.material}
    return {
        "num_meshes": len(shown),
        "num_triangles": faces,
        "num_materials": len(materials),
        "notes": notes,
        "version": bpy.app.version_string,
    }, {}


def leave_out_foreign_pictures(folder):
    """Removes pictures that a file names outside its own folder, or that are not there, and says which."""
    notes = []
    for image in list(bpy.data.images):
        if image.source != "FILE" or image.packed_file is not None:
            continue
        path = pathlib.Path(os.path.realpath(bpy.path.abspath(image.filepath)))
        if not path.is_file():
            notes.append(f"picture '{image.name}' is missing ({image.filepath})")
        elif folder not in path.parents:
            notes.append(f"picture '{image.name}' lies outside the file's folder and was left out")
        else:
            continue
        bpy.data.images.remove(image)
    return notes


def picture(message, arrays):
    """Reads a picture with Blender's own libraries; answers with its linear values (h, w, 3), row 0 at the top."""
    image = bpy.data.images.load(message["source"])
    width, height = image.size
    values = np.empty(width * height * image.channels, np.float32)
    image.pixels.foreach_get(values)
    bpy.data.images.remove(image)
    return {}, {"radiance": values.reshape(height, width, -1)[::-1, :, :3]}


def main():
    """Says that it is there, then serves."""
    pipe = wire.Wire()
    pipe.send({"event": "ready", "version": bpy.app.version_string})
    pipe.serve({"convert": convert, "picture": picture})


if __name__ == "__main__":
    main()
