"""The walk with Cycles: ids equal the rasteriser's, a broken run goes on, a frame is drawn again with the same labels.

All of it is skipped where there is no Blender.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest

from meshsight.core.errors import AssetError, MeshsightError
from meshsight.execution.blender.places import find_blender
from meshsight.records.frame import Frame
from meshsight.records.scene import Focus
from meshsight.render.base import open_renderer
from meshsight.render.renderers._cycles import CyclesRenderer
from meshsight.specs.base import parse_spec
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import RENDERER_KINDS, SceneSpec
from meshsight.workflows.blender_check import check_blender
from meshsight.workflows.frames import FrameMaker
from meshsight.workflows.generate import generate
from meshsight.workflows.recipe_content import plan_of
from meshsight.workflows.recipe_files import open_library
from meshsight.workflows.rerender import rerender

RECIPE = {
    "image": {"size_hw": [96, 128]},
    "renderer": {"kind": "cycles", "samples": 2, "threads": 1},
    "objects": [{"name": name, "mesh": f"builtin:{name}"} for name in ("mug", "drill", "duck", "wrench")],
    "count": 4,
    "frames": 4,
}


@pytest.fixture(scope="module", autouse=True)
def blender() -> Path:
    try:
        return find_blender(None)
    except MeshsightError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def maker(blender) -> Iterator[FrameMaker]:
    with FrameMaker(parse_spec(SceneSpec, {**RECIPE, "image": {"size_hw": [240, 320]}}, "recipe"), Path()) as maker:
        yield maker


def cycles_of(maker: FrameMaker) -> CyclesRenderer:
    renderer = maker._renderer
    assert isinstance(renderer, CyclesRenderer)
    return renderer


def test_the_check_finds_equal_labels():
    found = check_blender()
    assert found.is_good and found.iou >= 0.99 and "Blender" in found.drawer


def test_blenders_own_environments_have_names(tmp_path, monkeypatch):
    monkeypatch.setenv("MESHSIGHT_BLENDER", str(find_blender(None)))
    monkeypatch.setenv("MESHSIGHT_CACHE", str(tmp_path))
    source = {"kind": "files", "files": ["blender:studio"]}
    spec = parse_spec(SceneSpec, {**RECIPE, "environment": {"source": source}}, "recipe")
    assert plan_of(spec, tmp_path).fingerprint != plan_of(parse_spec(SceneSpec, RECIPE, "recipe"), tmp_path).fingerprint
    radiance = open_library(spec, tmp_path).environment("blender:studio")
    assert radiance.shape == (512, 1024, 3) and 0.01 < radiance.mean() < 100
    with pytest.raises(AssetError, match="did you mean 'studio'"):
        open_library(spec, tmp_path).environment("blender:studdio")


@pytest.mark.gl
def test_masks_equal_the_rasterisers(maker):
    library = open_library(maker.spec, Path())
    num_masks = 0
    with open_renderer(RENDERER_KINDS.module("raster").Spec(), library) as raster:
        for index in range(3):
            made = maker.make(index)
            other = raster.render(made.scene)
            for thing in made.scene.objects:
                mine, theirs = (frame.instance_id == thing.instance_id for frame in (made.frame, other))
                if theirs.sum() > 200:
                    assert (mine & theirs).sum() / (mine | theirs).sum() >= 0.99
                    num_masks += 1
            assert (made.frame.instance_id != other.instance_id).mean() < 5e-4
    assert num_masks >= 6


def labels_of(frame: Frame) -> list[np.ndarray]:
    return [frame.instance_id, frame.depth_m, *(item.mask for item in frame.silhouettes)]


def test_a_blender_that_is_killed_is_replaced_and_draws_the_same(maker):
    before = maker.make(1)
    psutil.Process(cycles_of(maker).blender_pid).kill()
    after = maker.make(1)
    np.testing.assert_array_equal(after.frame.rgb, before.frame.rgb)
    for mine, theirs in zip(labels_of(after.frame), labels_of(before.frame), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_focus_takes_the_labels_of_the_pinhole(maker):
    made = maker.make(2)
    blurred = cycles_of(maker).render(replace(made.scene, focus=Focus(aperture_m=0.05, distance_m=0.4)))
    np.testing.assert_array_equal(blurred.instance_id, made.frame.instance_id)
    np.testing.assert_array_equal(blurred.depth_m, made.frame.depth_m)
    assert (blurred.rgb != made.frame.rgb).any()


def label_lines(folder: Path) -> list[bytes]:
    return [file.read_bytes() for name in ("labels", "scenes") for file in sorted((folder / name).iterdir())]


@pytest.mark.slow
@pytest.mark.parametrize("place", ["local", "ray"])
def test_several_blenders_at_once_draw_the_labels_of_one(tmp_path, place, monkeypatch):
    """Here, and on a cluster: each worker has a Blender of its own."""
    if place == "ray" and find_spec("ray") is None:
        pytest.skip("needs Ray: pip install 'meshsight[cluster]'")
    monkeypatch.setenv("MESHSIGHT_BLENDER", str(find_blender(None)))
    spec = parse_spec(SceneSpec, {**RECIPE, "image": {"size_hw": [48, 64]}, "frames": 12}, "recipe")
    alone = generate(spec, tmp_path / "alone", root=tmp_path, workers=1, progress=False)
    (tmp_path / "scene.yaml").write_text(dump_recipe(spec))
    options = ["--out", str(tmp_path / "several"), "--workers", "2", "--on", place, "-q"]
    command = [sys.executable, "-m", "meshsight.cli", "generate", str(tmp_path / "scene.yaml"), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    assert label_lines(tmp_path / "several") == label_lines(alone.folder)


def test_a_run_goes_on_with_equal_labels_and_a_frame_is_drawn_again(tmp_path):
    spec = parse_spec(SceneSpec, RECIPE, "recipe")
    whole = generate(spec, tmp_path / "whole", root=tmp_path, workers=1, progress=False).folder
    broken = tmp_path / "broken"
    generate(spec.evolve(frames=2), broken, root=tmp_path, workers=1, progress=False)
    generate(spec, broken, root=tmp_path, workers=1, resume=True, progress=False)
    assert label_lines(broken) == label_lines(whole)
    again = rerender(whole, 3, out=tmp_path / "again.png", overrides=["renderer.samples=9"], root=tmp_path)
    assert again.num_changed_pixels == 0 and again.num_label_pixels > 100
    as_raster = rerender(whole, 3, out=tmp_path / "raster.png", overrides=["renderer.kind=raycast"], root=tmp_path)
    assert as_raster.num_changed_pixels <= 0.01 * as_raster.num_label_pixels
    assert json.loads((whole / "manifest.json").read_text())["num_frames"] == 4
