"""Training as a user meets it: a folder of images becomes a detector; a killed run goes on as if nothing had been."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from meshsight.core.images import encode_jpeg
from meshsight.models.backbones import tiny
from meshsight.models.detectors import dense
from meshsight.models.heads import aligned
from meshsight.models.necks import fpn
from meshsight.specs.inference import InferenceSpec
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.training import TrainSpec
from meshsight.training.metrics import read_metrics
from meshsight.training.run_folder import RunFiles, read_manifest
from meshsight.workflows.evaluate import measure
from meshsight.workflows.leaderboard import leaderboard
from meshsight.workflows.train import Resources, TrainOptions, train

COLOURS = {"red": (225, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 225)}
SIDE = 96
ONE_THREAD = TrainOptions(resources=Resources(device="cpu", threads=1))


def write_coco(folder: Path, num_images: int, seed: int) -> Path:
    """Plain rectangles of three colours on grey noise, as a COCO folder."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    for index in range(num_images):
        noise = rng.integers(60, 190, (SIDE // 8, SIDE // 8), dtype=np.uint8)
        image = cv2.cvtColor(cv2.resize(noise, (SIDE, SIDE)), cv2.COLOR_GRAY2RGB)
        for half in (0, SIDE // 2):
            category, (w, h) = int(rng.integers(0, 3)), (int(side) for side in rng.integers(16, 40, 2))
            x, y = half + int(rng.integers(0, SIDE // 2 - w)), int(rng.integers(0, SIDE - h))
            image[y : y + h, x : x + w] = list(COLOURS.values())[category]
            box = {"bbox": [x, y, w, h], "area": w * h, "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "image_id": index, "category_id": category + 1, **box})
        images.append({"id": index, "file_name": f"{index}.jpg", "width": SIDE, "height": SIDE})
        (folder / f"{index}.jpg").write_bytes(encode_jpeg(image, 95))
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(COLOURS)]
    tables = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(tables))
    return folder


def recipe(**changes: object) -> TrainSpec:
    detector = dense.Spec(
        backbone=tiny.Spec(channels=(16, 16, 32, 32)),
        neck=fpn.Spec(channels=32, num_levels=2, norm="batch"),
        head=aligned.Spec(channels=32),
    )
    plain = {
        "detector": detector,
        "input_hw": (SIDE, SIDE),
        "batch_size": 16,
        "steps": 80,
        "optimiser": {"kind": "adamw", "learning_rate": 8e-3},
        "warm_up": {"steps": 5},
        "ema_decay": 0.9,
        "validation": {"every_steps": 40},
        "augmentation": {"colour": {"hue_deg": 5, "saturation": 0.1}},
    }
    return TrainSpec.model_validate({**plain, **changes})


def test_coloured_rectangles_are_learnt_in_some_tens_of_steps(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "meshsight")
    data, val = write_coco(tmp_path / "train", 96, seed=0), write_coco(tmp_path / "val", 24, seed=1)
    result = train(recipe(), data=[data], val=[f"held-out={val}"], out=tmp_path / "run", options=ONE_THREAD)
    assert result.ap50 is not None
    assert result.ap50 > 0.8
    assert result.manifest.best is not None
    assert result.manifest.best.data == "held-out"
    assert "80 steps of 16 images" in RunFiles(tmp_path / "run").log.read_text()
    looked_twice = measure(
        tmp_path / "run", data=[val], inference=InferenceSpec(scales=(1.0, 1.25), flips=("none", "horizontal"))
    )
    assert looked_twice.reports[0].headline.ap50 == pytest.approx(result.ap50, abs=0.1)
    (entry,) = leaderboard([tmp_path / "run"], None).entries
    assert entry.ap50 == pytest.approx(result.ap50)
    assert entry.facts.model.startswith("dense: tiny")
    assert entry.facts.num_parameters
    assert entry.latency_ms


class Posts:
    """A local endpoint that remembers what it was told."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, dict]] = []
        seen = self.seen

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                seen.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def posts() -> Iterator[Posts]:
    made = Posts()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def start(tmp_path: Path, spec: TrainSpec, data: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    (tmp_path / "recipe.yaml").write_text(dump_recipe(spec))
    call = [sys.executable, "-m", "meshsight.cli", "train", str(tmp_path / "recipe.yaml"), "--data", str(data)]
    call += ["--out", str(out), "--device", "cpu", "--threads", "1", "--resume", *options]
    return subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wait_for(is_true: Callable[[], bool], process: subprocess.Popen[bytes], limit_s: float = 120) -> None:
    end = time.monotonic() + limit_s
    while not is_true():
        assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
        assert time.monotonic() < end
        time.sleep(0.05)


def num_steps_told(out: Path) -> int:
    """Whole lines of steps in the metrics, while they are being written."""
    path = RunFiles(out).metrics
    return path.read_bytes().count(b'"event":"step"') if path.exists() else 0


def losses(out: Path) -> list[tuple[int, float]]:
    return [(line["step"], line["loss"]) for line in read_metrics(RunFiles(out).metrics) if line["event"] == "step"]


def test_terminated_and_killed_runs_resume_to_the_same_losses_and_the_endpoint_hears_of_each_end(
    tmp_path: Path, posts: Posts
) -> None:
    data = write_coco(tmp_path / "train", 32, seed=0)
    spec = recipe(steps=36, batch_size=8, checkpoints={"every_steps": 5})
    whole = train(spec, data=[data], out=tmp_path / "whole", options=ONE_THREAD)
    out = tmp_path / "broken"
    told = ("--endpoint", posts.url, "--uid", "job-7")

    process = start(tmp_path, spec, data, out, *told)
    wait_for(lambda: num_steps_told(out) >= 7, process)
    process.send_signal(signal.SIGTERM)
    _, messages = process.communicate(timeout=60)
    assert process.returncode == 1, messages.decode()
    assert b"SIGTERM: told to stop after" in messages
    assert posts.seen == [("/training_failed", {"uid": "job-7"})]
    assert read_manifest(RunFiles(out)).status == "stopped"

    before = num_steps_told(out)
    process = start(tmp_path, spec, data, out, *told)
    wait_for(lambda: num_steps_told(out) >= before + 7, process)
    process.kill()
    process.communicate(timeout=60)
    assert len(posts.seen) == 1

    process = start(tmp_path, spec, data, out, *told)
    _, messages = process.communicate(timeout=300)
    assert process.returncode == 0, messages.decode()
    assert posts.seen[1:] == [("/training_finished", {"uid": "job-7"})]
    assert losses(out) == losses(whole.run)
    assert RunFiles(out).weights.read_bytes() == RunFiles(whole.run).weights.read_bytes()


def test_a_refused_call_is_reported_as_failed_too(tmp_path: Path, posts: Posts) -> None:
    data = write_coco(tmp_path / "train", 2, seed=0)
    spec = recipe(classes=("red", "green", "yellow"))
    environment = {**os.environ, "ENDPOINT": posts.url, "UID": "8"}
    (tmp_path / "recipe.yaml").write_text(dump_recipe(spec))
    call = [
        sys.executable,
        "-m",
        "meshsight.cli",
        "train",
        str(tmp_path / "recipe.yaml"),
        "--data",
        str(data),
        "--json",
    ]
    done = subprocess.run([*call, "--out", str(tmp_path / "run")], capture_output=True, env=environment, check=False)
    assert done.returncode == 1
    assert "missing here: yellow; not in the recipe: blue" in json.loads(done.stdout)["error"]
    assert posts.seen == [("/training_failed", {"uid": "8"})]
