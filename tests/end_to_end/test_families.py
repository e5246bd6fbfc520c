"""Families of detectors learn drawn scenes by heart: anchors, two stages, and queries."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from meshsight.specs.scene import SceneSpec
from meshsight.workflows.generate import generate

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_families_overfit_drawn_scenes(tmp_path: Path) -> None:
    """By the benchmark that does it with photographs; its exit code says whether each has reached its AP50."""
    scenes = {
        "seed": 3,
        "frames": 4,
        "image": {"size_hw": [64, 128]},
        "renderer": "raycast",
        "objects": [{"name": "cube", "mesh": "builtin:cube"}, {"name": "ball", "mesh": "builtin:sphere"}],
        "count": [1, 3],
        "placement": {"kind": "frustum", "apparent_size": [0.25, 0.6]},
    }
    generate(SceneSpec.model_validate(scenes), tmp_path / "scenes", root=tmp_path, workers=1, progress=False)
    call = [sys.executable, str(ROOT / "benchmarks" / "overfit.py"), str(tmp_path / "scenes"), "--json"]
    options = [
        "--only",
        "yolov3,two_stage,rt_detr_v2",
        "--images",
        "4",
        "--few",
        "2",
        "--input",
        "64x128",
        "--every",
        "25",
    ]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([*call, *options], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert min(found[f"{name}_ap50"] for name in ("yolov3", "two_stage")) >= 0.95
    assert found["rt_detr_v2_ap50"] >= 0.90
