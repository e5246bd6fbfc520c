"""Draws frames on request, for as long as the program that started it lives; see docs/blender.md."""

import pathlib
import sys

# A program `blender -P` does not look for modules beside the script, as Python does.
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import bpy
import engine
import lamps
import looks
import shapes
import wire

LENS_MM = 50.0


class Studio:
    """Blender's one world, and all that is loaded into it."""

    def __init__(self, pipe):
        self._pipe = pipe
        self._scene = None

    def configure(self, message, arrays):
        """Chooses settings and device; the first command."""
        settings = self._settings = message["settings"]
        scene = self._scene = engine.start_empty()
        engine.configure(scene, settings)
        device = engine.choose_device(scene, settings["device"])
        engine.watch_passes()
        engine.watch_progress(lambda: self._pipe.send({"event": "progress"}))
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.camera.rotation_mode = "QUATERNION"
        scene.collection.objects.link(scene.camera)
        self._pictures = looks.Pictures()
        self._materials = looks.Materials(self._pictures)
        self._shapes = shapes.Shapes(scene)
        self._lamps = lamps.Lamps(scene, settings["sun_angle_rad"])
        self._sky = looks.Sky(scene, self._pictures, settings["environment_map_px"])
        return {"device": device, "version": bpy.app.version_string, "devices": engine.devices()}, {}

    def mesh(self, message, arrays):
        """Loads a mesh."""
        self._shapes.add(message["key"], arrays, message["num_parts"])
        return {}, {}

    def picture(self, message, arrays):
        """Loads a texture."""
        self._pictures.add(message["key"], arrays["pixels"], message["is_color"])
        return {}, {}

    def environment(self, message, arrays):
        """Loads an environment map."""
        self._pictures.add_radiance(message["key"], arrays["radiance"])
        return {}, {}

    def forget(self, message, arrays):
        """Frees meshes and pictures."""
        for key in message["meshes"]:
            self._shapes.forget(key)
        for key in message["pictures"]:
            self._materials.forget(key)
            self._pictures.forget(key)
        return {}, {}

    def render(self, message, arrays):
        """Draws one frame; answers with its light, indices and depths, and flat colours where there are any."""
        self._look(message["camera"])
        self._fill(message)
        engine.set_flat_passes(self._scene, message["has_flat"])
        self._scene.cycles.seed = message["seed"]
        passes, render_cpu_s = engine.render()
        index, depth = engine.labels_of(passes)
        if message["needs_label_pass"]:
            index, depth = engine.draw_labels(self._scene, self._settings)
        arrays = {"light": passes["Combined"], "index": index, "depth": depth}
        if message["has_flat"]:
            arrays["flat"] = passes[engine.FLAT_COLOR][..., :3]
            arrays["flat_cover"] = passes[engine.FLAT_COVER][..., 0]
        return {"render_cpu_s": render_cpu_s}, arrays

    def _look(self, camera):
        """Sets the camera; focal length and sensor are in proportion only, so the lens is always 50 mm."""
        scene, thing = self._scene, self._scene.camera
        render, data = scene.render, thing.data
        render.resolution_x, render.resolution_y = camera["size_wh"]
        render.pixel_aspect_x, render.pixel_aspect_y = camera["pixel_aspect"]
        data.sensor_fit, data.lens, data.sensor_width = "HORIZONTAL", LENS_MM, LENS_MM * camera["width_per_focal"]
        data.shift_x, data.shift_y = camera["shift"]
        data.clip_start, data.clip_end = camera["clip_m"]
        data.dof.use_dof = camera["focus"] is not None
        if camera["focus"] is not None:
            data.dof.focus_distance = camera["focus"]["distance_m"]
            data.dof.aperture_fstop = LENS_MM / 1000 / camera["focus"]["aperture_m"]
        shapes.set_motion(thing, camera["motion"])
        shapes.set_pose(thing, camera["pose"])

    def _fill(self, message):
        scene = self._scene
        for pool in (self._materials, self._shapes, self._lamps):
            pool.begin()
        scene.frame_set(1)
        scene.render.use_motion_blur = message["is_moving"]
        scene.render.motion_blur_shutter = 1.0
        for item in message["objects"]:
            materials = [self._materials.take(look) for look in item["looks"]]
            thing = self._shapes.place(item["mesh"], item["pose"], item["index"], materials)
            shapes.set_motion(thing, item["motion"])
            if item["motion"] is not None:
                shapes.set_pose(thing, item["pose"])
        for number, plane in enumerate(message["planes"]):
            self._shapes.place_plane(number, plane, self._materials.take(plane["look"]))
        for lamp in message["lamps"]:
            self._lamps.place(lamp)
        self._sky.set(message["environment"])


def main():
    """Says that it is there, then serves."""
    pipe = wire.Wire()
    studio = Studio(pipe)
    pipe.send({"event": "ready", "version": bpy.app.version_string})
    pipe.serve(
        {name: getattr(studio, name) for name in ("configure", "mesh", "picture", "environment", "forget", "render")}
    )


if __name__ == "__main__":
    main()
