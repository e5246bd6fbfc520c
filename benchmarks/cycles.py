"""`generate` with Cycles, end to end, beside Blender's own render call and beside BlenderProc; and a crowded scene.

ratio          processor time of `generate` (scene, messages, render, labels, silhouettes, sensor, annotation,
               files), of both processes, over that of `bpy.ops.render.render()` alone for the same frames: ten
               textured objects at 640x480, a new scene and environment each, 4 samples, the default denoiser.
blenderproc    BlenderProc 2.8.0's processor time for an image over ours, on the same version of Blender: the same
               objects at the same places, a new scene and environment for each image, 4 samples, no denoiser, the same
               number of bounces, one thread; files written on both sides. Needs `--blenderproc`, a Python that has
               blenderproc 2.8.0 and bpy 4.2.23; that one draws for both sides.
crowd_*        seconds by the clock and of processors for an image of the preset `dope`, with the counts of its code: 50
               to 75 objects and 20 to 30 distractors under an environment, 500x500, 100 samples for Cycles, which its
               fork draws in 5.2 s on a T4 (as it reports).
"""

import argparse
import json
import statistics
import subprocess
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
from generate import Generating, recipe
from measuring import Target, arguments, measure, progress, report, run_single_threaded, scratch

from meshsight.assets.checks.glb import glb_bytes
from meshsight.core.files import write_bytes
from meshsight.presets.dope import dope
from meshsight.records.scene import Scene
from meshsight.render.renderers._cycles import CyclesRenderer
from meshsight.specs.base import VariantSpec
from meshsight.specs.scene import RENDERER_KINDS, SceneSpec
from meshsight.workflows.frames import FrameMaker
from meshsight.workflows.recipe_files import open_library
from meshsight.workflows.shards import PART_FRAMES

END_TO_END = Target(figure="ratio", limit=1.10)
PEER = Target(figure="blenderproc", limit=1.5, is_least=True)
BOUNCES = 3
PEER_SCRIPT = Path(__file__).parent / "peers" / "blenderproc_images.py"


class Tracing:
    """`generate` with Cycles in this process, and what Blender's render call took of it."""

    def __init__(self, frames: int, out: Path, **settings: object) -> None:
        kind = RENDERER_KINDS.module("cycles").Spec.model_validate({"samples": 4, **settings})
        self.spec = recipe(frames + PART_FRAMES).evolve(renderer=kind)
        self.generating = Generating(self.spec, out)
        renderer = self.generating._drawer._maker._renderer
        assert isinstance(renderer, CyclesRenderer)
        self._renderer, self._bare_s = renderer, 0.0
        renderer.draw = self._counting(renderer.draw)  # pyright: ignore[reportAttributeAccessIssue]

    def _counting(self, draw):
        def counted(scene: Scene):
            frame = draw(scene)
            self._bare_s += self._renderer.render_cpu_s
            return frame

        return counted

    def draw(self, key: str) -> tuple[float, float]:
        """Draws a part; returns processor time end to end, and of the render call."""
        blender = psutil.Process(self._renderer.blender_pid)
        before, self._bare_s = sum(blender.cpu_times()[:2]), 0.0
        own = measure(lambda: self.generating.draw(key)).cpu_s
        return own + sum(blender.cpu_times()[:2]) - before, self._bare_s

    def close(self) -> None:
        """Ends Blender."""
        self._renderer.close()


def end_to_end(frames: int, out: Path) -> dict[str, float | int | str | None]:
    """Returns the ratio to the render call; the first part warms up."""
    tracing = Tracing(frames, out)
    rows = []
    for key in tracing.generating.tasks:
        rows.append(tracing.draw(key))
        progress(f"frame {key}: {rows[-1][0] / PART_FRAMES:.2f} beside {rows[-1][1] / PART_FRAMES:.2f} CPU-seconds")
    ending = measure(tracing.generating.finish).cpu_s / len(rows)
    tracing.close()
    rows = rows[1:]
    return {
        "frames": len(rows) * PART_FRAMES,
        "ratio": statistics.median((made + ending) / bare for made, bare in rows),
        "generate_cpu_s": statistics.median(made + ending for made, _ in rows) / PART_FRAMES,
        "render_cpu_s": statistics.median(bare for _, bare in rows) / PART_FRAMES,
    }


def beside_blenderproc(frames: int, out: Path, python: str) -> dict[str, float | int | str | None]:
    """Returns the ratio of BlenderProc to us, in turns of a part each."""
    tracing = Tracing(frames, out / "ours", blender=python, denoiser="none", max_bounces=BOUNCES)
    job = out / "peer"
    job.mkdir()
    rows: list[tuple[float, float]] = []
    for key in tracing.generating.tasks:
        ours, _ = tracing.draw(key)
        write_job(job, tracing.spec, tracing.generating.scenes(key), out)
        done = subprocess.run([python, str(PEER_SCRIPT), str(job)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"BlenderProc failed: {done.stderr[-2000:]}")
        theirs = json.loads((job / "costs.json").read_text())["cpu_s"]
        rows.append((ours / PART_FRAMES, statistics.median(theirs)))
        progress(f"frame {key}: {rows[-1][0]:.2f} beside BlenderProc's {rows[-1][1]:.2f} CPU-seconds")
    tracing.close()
    rows = rows[1:]
    return {
        "blenderproc": statistics.median(theirs / ours for ours, theirs in rows),
        "ours_cpu_s": statistics.median(ours for ours, _ in rows),
        "blenderproc_cpu_s": statistics.median(theirs for _, theirs in rows),
    }


def write_job(job: Path, spec: SceneSpec, scenes: list[Scene], root: Path) -> None:
    """Writes what BlenderProc needs to draw the same scenes: meshes as GLB, environments as HDR, and poses."""
    library = open_library(spec, root)
    images = []
    for scene in scenes:
        for thing in scene.objects:
            path = job / f"{thing.mesh.replace(':', '_')}.glb"
            if not path.exists():
                write_bytes(path, glb_bytes(library.mesh(thing.mesh)))
        radiance = library.environment(scene.environment.ref)
        cv2.imwrite(str(job / f"{scene.frame}.hdr"), np.ascontiguousarray(radiance[..., ::-1]))
        camera = scene.camera
        images.append(
            {
                "environment": f"{scene.frame}.hdr",
                "strength": scene.environment.strength,
                "K": camera.K.tolist(),
                "size_hw": list(camera.size_hw),
                "T_world_cam": scene.T_world_cam.tolist(),
                "objects": [
                    {
                        "file": f"{thing.mesh.replace(':', '_')}.glb",
                        "T_world_object": thing.T_world_object.tolist(),
                        "scale": thing.scale,
                        "class": 1 if thing.class_id is None else thing.class_id + 1,
                    }
                    for thing in scene.objects
                ],
                "suns": [
                    {"direction": sun.direction.tolist(), "irradiance": max(sun.irradiance)} for sun in scene.suns
                ],
                "ground": None if scene.ground is None else [scene.ground.z_m, scene.ground.half_size_m],
            }
        )
    (job / "job.json").write_text(json.dumps({"images": images, "bounces": BOUNCES, "samples": 4}))


def crowd(renderer: VariantSpec, frames: int, out: Path) -> tuple[float, float]:
    """Returns the median seconds by the clock and of processors for an image of the preset `dope`, files included.

    The first one, which holds the loading of everything, is left out.
    """
    costs: list[tuple[float, float]] = []
    with FrameMaker(dope().evolve(renderer=renderer), out) as maker:
        for index in range(frames + 1):
            before, began = spent_s(), time.perf_counter()
            write_bytes(out / f"{renderer.kind}-{index}.png", maker.encode(maker.make(index)))
            costs.append((time.perf_counter() - began, spent_s() - before))
            progress(f"{renderer.kind}: {costs[-1][0]:.1f} s, {costs[-1][1]:.1f} CPU-seconds")
    wall_s, cpu_s = zip(*costs[1:], strict=True)
    return statistics.median(wall_s), statistics.median(cpu_s)


def spent_s() -> float:
    """Returns the processor time of this process and of the programs that it started and that still run."""
    own = psutil.Process()
    return sum(sum(each.cpu_times()[:2]) for each in (own, *own.children(recursive=True)))


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--frames", type=int, default=20, help="frames to measure, a multiple of 5")
    parser.add_argument("--blenderproc", metavar="PYTHON", help="a Python that has blenderproc 2.8.0 and bpy 4.2.23")
    parser.add_argument("--crowd", type=int, default=3, metavar="N", help="crowded images for each renderer")
    options: argparse.Namespace = parser.parse_args()
    run_single_threaded()
    targets = [END_TO_END]
    with scratch() as folder:
        found = end_to_end(options.frames, folder / "bare")
        if options.blenderproc:
            (folder / "peers").mkdir()
            found |= beside_blenderproc(options.frames, folder / "peers", options.blenderproc)
            targets.append(PEER)
        if options.crowd:
            for kind in ("raster", "raycast", "cycles"):
                settings = {"samples": 100} if kind == "cycles" else {}
                spec = RENDERER_KINDS.module(kind).Spec.model_validate(settings)
                found[f"crowd_{kind}_s"], found[f"crowd_{kind}_cpu_s"] = crowd(spec, options.crowd, folder)
    return report("Cycles end to end, one thread", found, tuple(targets), options.json)


if __name__ == "__main__":
    raise SystemExit(main())
