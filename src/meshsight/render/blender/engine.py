"""Cycles itself: its settings, its devices, and the passes of a render as arrays."""

import time

import bpy
import numpy as np

FLAT_COLOR, FLAT_COVER = "flat_color", "flat_cover"
DEVICE_TYPES = ("OPTIX", "CUDA", "HIP", "METAL", "ONEAPI")

_grabbed = {}
_spent = {"reading": 0.0}


def start_empty():
    """Empties Blender's world and chooses Cycles."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    bpy.context.preferences.edit.keyframe_new_interpolation_type = "LINEAR"
    return scene


def devices():
    """Returns {type: [names]} of the devices other than the processor."""
    preferences = bpy.context.preferences.addons["cycles"].preferences
    found = {}
    for kind in DEVICE_TYPES:
        try:
            names = [device.name for device in preferences.get_devices_for_type(kind) if device.type == kind]
        except ValueError:  # not compiled in
            continue
        if names:
            found[kind] = names
    return found


def choose_device(scene, wanted):
    """Renders on a device: `auto`, `cpu` or one of the types in lower case. Returns its name for people."""
    there = devices()
    kind = next(iter(there), "CPU") if wanted == "auto" else wanted.upper()
    if kind == "CPU":
        scene.cycles.device = "CPU"
        return "CPU"
    if kind not in there:
        raise LookupError(
            f"device '{wanted}': Cycles finds none here; there are: {', '.join(['cpu', *map(str.lower, there)])}"
        )
    preferences = bpy.context.preferences.addons["cycles"].preferences
    preferences.compute_device_type = kind
    for device in preferences.get_devices_for_type(kind):
        device.use = device.type == kind
    scene.cycles.device = "GPU"
    return f"{kind} {', '.join(there[kind])}"


def configure(scene, settings):
    """Sets what stays the same from frame to frame; to be called before the first render."""
    cycles, render = scene.cycles, scene.render
    # Kept between frames, lights would be in the order of their coming and going, and so the noise; nor is that faster
    # where everything changes from frame to frame.
    render.use_persistent_data = False
    render.film_transparent = True
    render.resolution_percentage = 100
    render.use_compositing = render.use_sequencer = False
    render.filter_size = cycles.filter_width = 1.5
    if settings["threads"]:
        render.threads_mode, render.threads = "FIXED", settings["threads"]
    cycles.use_auto_tile = False
    cycles.use_light_tree = settings["use_light_tree"]
    cycles.max_bounces = settings["max_bounces"]
    cycles.diffuse_bounces = cycles.glossy_bounces = settings["max_bounces"]
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 10.0
    set_quality(scene, settings)
    layer = scene.view_layers[0]
    layer.use_pass_z = layer.use_pass_object_index = True


def set_quality(scene, settings):
    """Sets samples and denoiser of the picture."""
    cycles = scene.cycles
    cycles.samples = settings["samples"]
    cycles.use_adaptive_sampling = settings["adaptive_threshold"] > 0
    cycles.adaptive_threshold = settings["adaptive_threshold"]
    cycles.use_denoising = settings["denoiser"] != "none"
    if cycles.use_denoising:
        cycles.denoiser = "OPENIMAGEDENOISE"
        cycles.denoising_input_passes = "RGB_ALBEDO_NORMAL"
        cycles.denoising_quality = settings["denoiser_quality"].upper()
        cycles.denoising_prefilter = settings["denoiser_prefilter"].upper()


def set_flat_passes(scene, is_wanted):
    """Adds or removes the two passes that carry flat colours past light and exposure."""
    aovs = scene.view_layers[0].aovs
    if is_wanted and FLAT_COLOR not in aovs:
        for name, kind in ((FLAT_COLOR, "COLOR"), (FLAT_COVER, "VALUE")):
            aov = aovs.add()
            aov.name, aov.type = name, kind
    elif not is_wanted and FLAT_COLOR in aovs:
        for _ in range(2):
            aovs.remove(aovs[0])


def watch_passes():
    """Makes every render leave its passes in memory.

    A background Blender shows its result to no script, so the engine is asked before it lets go of it.
    """
    engine = next(kind for kind in bpy.types.RenderEngine.__subclasses__() if kind.__name__ == "CyclesRender")
    original = engine.render

    def render(self, depsgraph):
        original(self, depsgraph)
        started = time.process_time()
        result = self.get_result()
        width, height = result.resolution_x, result.resolution_y
        for taken in result.layers[0].passes:
            flat = np.empty(width * height * taken.channels, np.float32)
            taken.rect.foreach_get(flat)
            _grabbed[taken.name] = flat.reshape(height, width, taken.channels)[::-1]
        _spent["reading"] = time.process_time() - started

    engine.render = render


def watch_progress(report):
    """Calls `report` whenever Cycles says how far it is."""
    bpy.app.handlers.render_stats.append(lambda *_: report())


def render():
    """Renders; returns {pass: (h, w, channels)}, row 0 at the top, and Blender's own part of the processor time."""
    _grabbed.clear()
    started = time.process_time()
    bpy.ops.render.render()
    own = time.process_time() - started - _spent["reading"]
    if "Combined" not in _grabbed:
        raise RuntimeError("Cycles returned no picture")
    return dict(_grabbed), own


def labels_of(passes):
    """Returns object indices (h, w) uint16 and planar depths (h, w) float32 of the passes of a render."""
    index = passes.get("Object Index", passes.get("IndexOB"))
    return np.rint(index[..., 0]).astype(np.uint16), passes["Depth"][..., 0]


def draw_labels(scene, settings):
    """Renders once more through the pinhole at mid-shutter, with one sample and no light: its indices and depths."""
    cycles, layer, dof = scene.cycles, scene.view_layers[0], scene.camera.data.dof
    had_blur, had_dof, bounces = scene.render.use_motion_blur, dof.use_dof, cycles.max_bounces
    scene.render.use_motion_blur = dof.use_dof = False
    cycles.samples, cycles.max_bounces = 1, 0
    cycles.use_denoising = cycles.use_adaptive_sampling = False
    layer.material_override = _plain()
    try:
        return labels_of(render()[0])
    finally:
        layer.material_override = None
        scene.render.use_motion_blur, dof.use_dof, cycles.max_bounces = had_blur, had_dof, bounces
        set_quality(scene, settings)


def _plain():
    return bpy.data.materials.get("plain") or bpy.data.materials.new("plain")
