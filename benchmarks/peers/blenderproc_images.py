"""Runs in a Python that has blenderproc 2.8.0 and bpy 4.2.23: draws a job's images as BlenderProc's users do.

BlenderProc wants to fetch a Blender and packages by itself. Here it takes bpy and what is installed: its installer is
replaced by nothing, and a language setting that bpy does not have is left out. All else is its own. A new scene and
environment for each image, ids by its second render, COCO files by its own writer.
"""

import json
import os
import shutil
import sys
import time
import types
from pathlib import Path

os.environ["INSIDE_OF_THE_INTERNAL_BLENDER_PYTHON_ENVIRONMENT"] = "1"
SITE = next(path for path in sys.path if path.endswith("site-packages"))


class SetupUtility:
    """Stands in for the installer."""

    @staticmethod
    def setup(*_args, **_settings):
        """Installs nothing."""
        return sys.argv

    @staticmethod
    def setup_utility_paths(*_args):
        """Knows nothing of temporary folders."""

    @staticmethod
    def setup_pip(*_args, **_settings):
        """Installs nothing."""


stub = types.ModuleType("blenderproc.python.utility.SetupUtility")
stub.SetupUtility = SetupUtility
stub.is_using_external_bpy_module = lambda: False
sys.modules[stub.__name__] = stub

# It takes the folder that it lies in off the path; under another spelling the rest stays.
sys.path.append(f"{SITE}/.")

import blenderproc as bproc  # noqa: E402
import bpy  # noqa: E402
import numpy as np  # noqa: E402
from blenderproc.python.renderer import RendererUtility  # noqa: E402
from blenderproc.python.utility import Initializer  # noqa: E402
from blenderproc.python.utility.GlobalStorage import GlobalStorage  # noqa: E402


def start(job):
    """What `bproc.init` does, but for the language."""
    Initializer.clean_up(clean_up_camera=True)
    bpy.context.scene.render.engine = "CYCLES"
    RendererUtility.set_render_devices(use_only_cpu=True)
    Initializer._Initializer.set_default_parameters()
    GlobalStorage.add("bproc_init_complete", True)
    bproc.renderer.set_cpu_threads(1)
    bproc.renderer.set_max_amount_of_samples(job["samples"])
    bproc.renderer.set_noise_threshold(0)
    bproc.renderer.set_denoiser(None)
    bounces = job["bounces"]
    bproc.renderer.set_light_bounces(diffuse_bounces=bounces, glossy_bounces=bounces, max_bounces=bounces)
    bproc.renderer.enable_segmentation_output(map_by=["category_id", "instance", "name"])


def draw(image, folder):
    """Makes one scene anew, renders it and writes it."""
    bproc.clean_up(clean_up_camera=True)
    bpy.context.scene.world.use_nodes = True
    bproc.world.set_world_background_hdr_img(str(folder / image["environment"]), strength=image["strength"])
    for item in image["objects"]:
        for thing in bproc.loader.load_obj(str(folder / item["file"])):
            pose = np.array(item["T_world_object"])
            pose[:3, :3] *= item["scale"]
            thing.set_local2world_mat(pose)
            thing.set_cp("category_id", item["class"])
    for sun in image["suns"]:
        light = bproc.types.Light()
        light.set_type("SUN")
        light.set_energy(sun["irradiance"])
        light.set_rotation_mat(bproc.camera.rotation_from_forward_vec(-np.array(sun["direction"])))
    if image["ground"] is not None:
        z, half = image["ground"]
        plane = bproc.object.create_primitive("PLANE", scale=[half, half, 1], location=[0, 0, z])
        plane.set_cp("category_id", 0)
    height, width = image["size_hw"]
    bproc.camera.set_intrinsics_from_K_matrix(np.array(image["K"]), width, height)
    pose = bproc.math.change_source_coordinate_frame_of_transformation_matrix(
        np.array(image["T_world_cam"]), ["X", "-Y", "-Z"]
    )
    bproc.camera.add_camera_pose(pose)
    found = bproc.renderer.render()
    bproc.writer.write_coco_annotations(
        str(folder / "coco"),
        instance_segmaps=found["instance_segmaps"],
        instance_attribute_maps=found["instance_attribute_maps"],
        colors=found["colors"],
        color_file_format="JPEG",
    )


def main(folder):
    """Draws all images and leaves what each took."""
    job = json.loads((folder / "job.json").read_text())
    shutil.rmtree(folder / "coco", ignore_errors=True)
    start(job)
    cpu_s, wall_s = [], []
    for image in job["images"]:
        began, clock = time.process_time(), time.perf_counter()
        draw(image, folder)
        cpu_s.append(time.process_time() - began)
        wall_s.append(time.perf_counter() - clock)
    (folder / "costs.json").write_text(json.dumps({"cpu_s": cpu_s, "wall_s": wall_s}))
    sys.stdout.flush()
    os._exit(0)


main(Path(sys.argv[-1]))
