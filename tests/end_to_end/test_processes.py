"""Two processes that train one network: what one does alone, they do together; killed, they go on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.images import encode_png
from meshsight.models.backbones import tiny
from meshsight.models.detectors import dense
from meshsight.models.heads import aligned
from meshsight.models.necks import fpn
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.training import TrainSpec
from meshsight.training.metrics import read_metrics
from meshsight.training.run_folder import RunFiles, read_manifest

SIDE = 64
SMALL = {"input_hw": (SIDE, SIDE), "steps": 6, "batch_size": 4, "warm_up": {"steps": 2}, "precision": "float32"}


def write_coco(folder: Path, num_images: int, seed: int) -> Path:
    """Red and green rectangles on noise, as a COCO folder."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    for index in range(num_images):
        # On one flat colour whole regions would sit at the kink of a ReLU, where rounding decides the gradient.
        image = rng.integers(0, 120, (SIDE, SIDE, 3), dtype=np.uint8)
        for _ in range(int(rng.integers(1, 4))):
            category, (w, h) = int(rng.integers(0, 2)), (int(side) for side in rng.integers(12, 30, 2))
            x, y = int(rng.integers(0, SIDE - w)), int(rng.integers(0, SIDE - h))
            image[y : y + h, x : x + w, category] = 220
            box = {"bbox": [x, y, w, h], "area": w * h, "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "image_id": index, "category_id": category + 1, **box})
        images.append({"id": index, "file_name": f"{index}.png", "width": SIDE, "height": SIDE})
        (folder / f"{index}.png").write_bytes(encode_png(image))
    categories = [{"id": 1, "name": "red"}, {"id": 2, "name": "green"}]
    tables = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(tables))
    return folder


def shared_norms() -> TrainSpec:
    """Batch normalisation everywhere, over the whole batch; two accumulated batches a step."""
    detector = dense.Spec(
        backbone=tiny.Spec(channels=(8, 8, 16, 16)),
        neck=fpn.Spec(channels=16, num_levels=2, norm="batch"),
        head=aligned.Spec(channels=16),
    )
    return TrainSpec.model_validate(
        {**SMALL, "detector": detector, "batch_norm": "synchronised", "accumulate": 2, "validation": {"every_steps": 3}}
    )


def start(tmp_path: Path, spec: TrainSpec, out: str, *more: str) -> subprocess.Popen[str]:
    path = tmp_path / f"{out}.yaml"
    path.write_text(dump_recipe(spec))
    call = ["train", str(path), "--data", f"a={tmp_path / 'a'}", "--val", f"v={tmp_path / 'v'}", "--json", *more]
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "meshsight.cli",
            *call,
            "--out",
            str(tmp_path / out),
            "--threads",
            "1",
            "--workers",
            "0",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )


def finish(process: subprocess.Popen[str]) -> dict:
    out, messages = process.communicate(timeout=300)
    assert process.returncode == 0, messages
    return json.loads(out)


def told(run: Path) -> list[tuple[int, float, float]]:
    return [(x["step"], x["loss"], x["grad_norm"]) for x in read_metrics(RunFiles(run).metrics) if x["event"] == "step"]


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(tmp_path: Path) -> None:
    write_coco(tmp_path / "a", 10, seed=0)
    write_coco(tmp_path / "v", 5, seed=1)
    spec = shared_norms()
    one, two = start(tmp_path, spec, "one"), start(tmp_path, spec, "two", "--processes", "2")
    results = [finish(one), finish(two)]
    alone, together = np.array(told(tmp_path / "one")), np.array(told(tmp_path / "two"))
    np.testing.assert_allclose(together[:, :2], alone[:, :2], rtol=1e-4)
    # AdamW divides by tiny second moments, so that rounding shows in the gradients of later steps first.
    np.testing.assert_allclose(together[0], alone[0], rtol=1e-3)
    assert results[0]["ap"] == pytest.approx(results[1]["ap"], abs=0.02)
    validated = [
        [line["loss"] for line in read_metrics(RunFiles(tmp_path / run).metrics) if line["event"] == "validation"]
        for run in ("one", "two")
    ]
    np.testing.assert_allclose(validated[1], validated[0], rtol=5e-3)
    effective = read_manifest(RunFiles(tmp_path / "two")).effective
    assert effective is not None
    assert (effective.processes, effective.images_a_step) == (2, 4 * spec.accumulate)


@pytest.mark.slow
def test_when_one_process_is_killed_all_end_and_the_run_resumes(tmp_path: Path) -> None:
    write_coco(tmp_path / "a", 10, seed=0)
    write_coco(tmp_path / "v", 2, seed=1)
    spec = shared_norms().evolve(steps=400, checkpoints={"every_steps": 2}, validation={"every_steps": 400})
    process = start(tmp_path, spec, "run", "--processes", "2")
    run = tmp_path / "run"
    deadline = time.monotonic() + 120
    while not (RunFiles(run).last.exists() and len(told(run)) >= 5):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[1]), signal.SIGKILL)
    _, messages = process.communicate(timeout=120)
    assert process.returncode == 1, messages
    assert "process 1 was killed by signal 9" in messages or "Connection" in messages

    shorter = spec.evolve(steps=len(told(run)) + 4, validation={"every_steps": 400})
    finish(start(tmp_path, shorter, "run", "--processes", "2", "--resume"))
    steps = [step for step, *_ in told(run)]
    assert steps == list(range(1, len(steps) + 1))
    assert read_manifest(RunFiles(run)).status == "finished"
