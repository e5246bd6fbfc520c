"""`meshsight cv-bench` in the container's place: its tree in, its tree out, read back by someone else."""

import base64
import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from meshsight.core.errors import CallError, SpecError
from meshsight.specs.recipe import read_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.workflows import cv_bench_reports
from meshsight.workflows.cv_bench import make_cv_bench
from meshsight.workflows.cv_bench_reports import platform_of

from ..receiver import Receiver

CUBE = """v -1 -1 -1
v 1 -1 -1
v 1 1 -1
v -1 1 -1
v -1 -1 1
v 1 -1 1
v 1 1 1
v -1 1 1
f 4 3 2 1
f 5 6 7 8
f 1 2 6 5
f 2 3 7 6
f 3 4 8 7
f 4 1 5 8
"""
CONFIG = {
    "input": {
        "object": [{"model": "cube", "label": "a cube", "size": 0.1, "multiplicity": 2}],
        "distractor": [{"model": "builtin:gear"}],
    },
    "output": {"size_train": 2, "size_val": 1, "just_merge": 0.8},
    "render": {"resolution_x": 96, "resolution_y": 64},
    "random": {"x_pos": [-0.2, 0.2], "y_pos": [-0.2, 0.2], "z_pos": [0, 0.2], "distractors": [1, 1]},
    "postfx": {"shot": {"amount": 0.02}, "quant": {"bits": 4}},
}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "input"
    for folder in ("config", "models/cube", "backgrounds/static"):
        (root / folder).mkdir(parents=True)
    (root / "config" / "config.json").write_text(json.dumps(CONFIG))
    (root / "models" / "cube" / "model.obj").write_text(CUBE)
    cv2.imwrite(str(root / "backgrounds" / "static" / "grey.jpg"), np.full((120, 200, 3), 90, np.uint8))
    return root


def test_the_containers_tree_comes_out_with_right_labels(tree, tmp_path):
    out = tmp_path / "output"
    made = make_cv_bench(tree, out, image_root="/data/output/train", workers=1, progress=False)
    assert [(part.folder.name, part.num_images) for part in made.parts] == [("train", 2), ("val", 1)]
    assert sorted(path.name for path in out.iterdir()) == ["train", "val"]
    for part in made.parts:
        coco = COCO(part.folder / "annotation_coco.json")
        assert len(coco.getAnnIds()) == len(set(coco.getAnnIds())) == part.num_objects
        assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == ["a cube"]
        for image in coco.loadImgs(coco.getImgIds()):
            assert image["file_name"].startswith("/data/output/train/images/")
            stem = image["file_name"].rsplit("/", maxsplit=1)[1].removesuffix(".png")
            pixels = cv2.imread(str(part.folder / "images" / f"{stem}.png"))
            assert pixels is not None
            assert pixels.shape[:2] == (image["height"], image["width"]) == (64, 96)
            assert len(np.unique(pixels)) <= 16
            rows = [row.split(",") for row in (part.folder / "dota" / f"{stem}.txt").read_text().splitlines()]
            boxes = coco.loadAnns(coco.getAnnIds(imgIds=[image["id"]]))
            assert len(rows) == len(boxes)
            assert all(len(row) == 10 and row[8:] == ["a-cube", "0"] for row in rows)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    (out / ".meshsight" / "train" / "frames").mkdir(parents=True)
    again = make_cv_bench(tree, out, image_root="/data/output/train", progress=False)
    assert again.parts == made.parts
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before
    with pytest.raises(CallError, match="is there already, made with other settings"):
        make_cv_bench(tree, out, progress=False)


def test_a_model_that_is_missing_is_named(tree, tmp_path):
    (tree / "models" / "cube" / "model.obj").unlink()
    with pytest.raises(SpecError, match=r"the configuration names model 'cube'; expected model\.fbx"):
        make_cv_bench(tree, tmp_path / "output", progress=False)


def test_the_platform_is_told_of_images_and_the_end(tree, tmp_path):
    receiver = Receiver()
    try:
        make_cv_bench(tree, tmp_path / "output", platform=platform_of(receiver.url, "7"), workers=1, progress=False)
        (tree / "models" / "cube" / "model.obj").unlink()
        with pytest.raises(SpecError):
            make_cv_bench(tree, tmp_path / "other", platform=platform_of(receiver.url, "8"), progress=False)
    finally:
        receiver.close()
    assert {kind for _, _, kind in receiver.posts} == {"application/json"}
    told = [(path.removeprefix("/jobs/"), body) for path, body, _ in receiver.posts]
    assert told[-2:] == [("task/finish", {"taskId": "7"}), ("task/stop", {"taskId": "8"})]
    numbers = [body["progress"] for path, body in told if path == "output"]
    assert numbers == sorted(numbers)
    assert (numbers[-1], told[0][1]["total"]) == (3, 3)
    previews = [body for path, body in told if path == "datasetPreview"]
    assert [body["mode"] for body in previews] == ["train", "train", "val"]
    data = base64.b64decode(previews[0]["image"].removeprefix("data:image/jpeg;base64,"))
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR).shape == (360, 480, 3)


def test_a_platform_that_does_not_answer_loses_nothing(tree, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(cv_bench_reports, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(cv_bench_reports, "GIVE_UP_AFTER", 1)
    nobody = platform_of("http://127.0.0.1:9", "7")
    made = make_cv_bench(tree, tmp_path / "output", mode="val", platform=nobody, workers=1, progress=False)
    assert [part.num_images for part in made.parts] == [1]
    assert "http://127.0.0.1:9/output could not be told" in caplog.text
    assert "datasetPreview could not be told" in caplog.text
    assert "no more of these are sent" in caplog.text
    assert "http://127.0.0.1:9/task/finish could not be told" in caplog.text


def test_half_a_platform_and_odd_stages_are_refused(tree, tmp_path):
    with pytest.raises(CallError, match="--endpoint and --taskID belong together"):
        platform_of("http://host", None)
    with pytest.raises(CallError, match="unknown bake; expected all, or of configure, render, merge, postfx"):
        make_cv_bench(tree, tmp_path / "output", stages=["bake"])


def test_stages_of_the_container(tree, tmp_path):
    """`configure` writes the recipes and draws nothing; without `postfx` no pixel is struck and no level is lost."""
    made = make_cv_bench(tree, tmp_path / "recipes", stages=["configure"])
    assert [part.folder.name for part in made.parts] == ["train.recipe.yaml", "val.recipe.yaml"]
    assert read_recipe(SceneSpec, made.parts[0].folder).frames == 2
    stages = ["configure", "render", "merge"]
    plain = make_cv_bench(tree, tmp_path / "plain", mode="val", stages=stages, workers=1, progress=False)
    assert len(np.unique(cv2.imread(str(plain.parts[0].folder / "images" / "000000.png")))) > 16


@pytest.mark.slow
def test_killed_it_goes_on_and_ends_as_if_nothing_had_been(tree, tmp_path):
    """Killed with its workers while `train` is drawn; messages go to files, as the container's do."""
    config = {**CONFIG, "output": {"size_train": 12, "size_val": 1}}
    (tree / "config" / "config.json").write_text(json.dumps(config))
    out, log = tmp_path / "output", tmp_path / "log"
    call = [sys.executable, "-m", "meshsight.cli", "cv-bench", "--in", str(tree), "--out", str(out), "--workers", "1"]
    call += ["--output", "file", "--log", str(log)]
    process = subprocess.Popen(call, start_new_session=True)
    try:
        until = time.monotonic() + 120
        while len(list((out / ".meshsight" / "train" / "frames" / "images").glob("*.png"))) < 6:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert not (out / "train").exists()
    assert subprocess.run(call, capture_output=True, text=True, check=True, timeout=240).stderr == ""
    assert (log / "stdout.txt").read_text().splitlines()[0] == f"{out / 'train'}: 12 images with 24 objects"
    assert "frames: drew" in (log / "stderr.txt").read_text()
    make_cv_bench(tree, tmp_path / "unbroken", workers=1, progress=False)
    assert contents(out) == contents(tmp_path / "unbroken")


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
