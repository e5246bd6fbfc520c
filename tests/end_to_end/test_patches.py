"""A team's walk through the command line: patches, a network, its report, the robot's code."""

import csv
import json
import zipfile
from pathlib import Path

import cv2
import h5py
import numpy as np
import onnxruntime
import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.files import sha256_of_file
from meshsight.core.images import encode_png
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.patches.arrays import read_patches

pytestmark = pytest.mark.slow  # two exports through torch and a training

NUM_IMAGES = 60


def run(*arguments: object, code: int = 0) -> dict:
    done = CliRunner().invoke(program, [*map(str, arguments), "--json", "-q"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout.strip().splitlines()[-1])


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    """A COCO set of bright discs with a dark core, beside dark boxes, on noise."""
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for index in range(NUM_IMAGES):
        image = cv2.resize(rng.integers(40, 120, (12, 16, 3), dtype=np.uint8), (160, 120))
        boxes = []
        for column in range(2):
            radius = float(rng.uniform(10, 18))
            x, y = 40 + 80 * column + rng.uniform(-15, 15), rng.uniform(30, 90)
            if rng.random() < 0.6:
                cv2.circle(image, (round(x), round(y)), round(radius), (225, 225, 225), -1, cv2.LINE_AA)
                cv2.circle(image, (round(x), round(y)), round(radius / 3), (20, 20, 20), -1, cv2.LINE_AA)
                boxes.append((x - radius, y - radius, 2 * radius, 2 * radius))
            else:
                corner = (round(x - radius), round(y - radius))
                cv2.rectangle(image, corner, (round(x + radius), round(y)), (235,) * 3, -1)
        (root / f"{index:03d}.png").write_bytes(encode_png(image))
        images.append({"id": index, "file_name": f"{index:03d}.png", "height": 120, "width": 160})
        for box in boxes:
            place = {"id": len(annotations) + 1, "image_id": index, "category_id": 1}
            annotations.append({**place, "bbox": list(box), "area": box[2] * box[3], "iscrowd": 0})
    coco = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "ball"}]}
    (root / "coco.json").write_text(json.dumps(coco))
    return root


@pytest.fixture(scope="module")
def patches(photos: Path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("made") / "patches"
    made = run("patches", "make", photos, "--out", out, "--set", "split={train: 0.7, test: 0.3}")
    assert set(made["counts"]) == {"train", "test"}
    return out


@pytest.fixture(scope="module")
def trained(patches: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    recipe = folder / "r.yaml"
    recipe.write_text(CliRunner().invoke(program, ["init", "patch/1550_joint"]).stdout)
    lengths = ("--set", "epochs=25", "--set", "batch_size=32", "--threads", "1", "--device", "cpu")
    data = ("--data", f"{patches}#train", "--val", f"{patches}#test")
    run("train", recipe, *data, "--out", folder / "run", *lengths)
    return folder / "run"


def test_patches_are_cut_by_group_and_the_same_again(photos: Path, patches: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    run("patches", "make", photos, "--out", again, "--set", "split={train: 0.7, test: 0.3}")
    for file in sorted(patches.glob("*.h5")):
        assert sha256_of_file(file) == sha256_of_file(again / file.name)
    train, test = (read_patches(open_dataset(f"{patches}#{split}"), "ball") for split in ("train", "test"))
    names = [set(h5py.File(file, locking=False)["group"].asstr()[()]) for file in sorted(patches.glob("*.h5"))]
    assert not names[0] & names[1]
    assert abs(train.balls.mean() - test.balls.mean()) < 0.1
    assert train.places is not None and train.has_circle.sum() == train.balls.sum() > 50
    assert cv2.imread(str(patches / "sheet.png")).shape[0] > 100
    assert "not empty" in run("patches", "make", photos, "--out", again, code=2)["error"]


def test_png_patches_say_the_same(photos: Path, tmp_path: Path) -> None:
    run("patches", "make", photos, "--out", tmp_path / "png", "--to", "patches_png")
    run("patches", "make", photos, "--out", tmp_path / "h5")
    png, h5 = (read_patches(open_dataset(path), "ball") for path in (tmp_path / "png" / "patches", tmp_path / "h5"))
    np.testing.assert_array_equal(np.sort(png.pixels.sum(axis=(1, 2, 3))), np.sort(h5.pixels.sum(axis=(1, 2, 3))))
    assert png.balls.sum() == h5.balls.sum()
    assert png.origins is not None and h5.origins is not None  # and each can be found again in its photograph
    for arrays in (png, h5):
        np.testing.assert_array_equal(arrays.places, arrays.origins.places)
        for row in range(0, len(arrays), 40):
            x1, y1, x2, y2 = arrays.origins.corners[row].tolist()
            photo = cv2.imread(str(photos / arrays.origins.images[row]))
            assert tuple(arrays.origins.size_hw[row]) == photo.shape[:2]
            if min(x1, y1) >= 0 and x2 <= 160 and y2 <= 120:
                y = cv2.cvtColor(photo[y1:y2, x1:x2], cv2.COLOR_BGR2YUV)[..., 0]
                assert abs(float(y.mean()) - float(arrays.pixels[row].mean())) < 6
    run("convert", tmp_path / "png" / "patches", tmp_path / "back", "--to", "patches_h5")
    back = read_patches(open_dataset(tmp_path / "back"), "ball")
    assert back.origins is not None and sorted(back.origins.images) == sorted(h5.origins.images)


def test_a_class_that_is_not_there_is_refused(photos: Path, tmp_path: Path) -> None:
    error = run("patches", "make", photos, "--out", tmp_path / "x", "--set", "classes={robot: 0.4}", code=1)["error"]
    assert "no class robot in the data; there are ball" in error


def test_the_report_counts_its_mistakes_and_shows_them(trained: Path, patches: Path, tmp_path: Path) -> None:
    report = run("evaluate", trained, "--data", f"{patches}#test", "--out", tmp_path)
    assert report["f1"] > 0.85 and report["centre_px"] < report["centre_px_of_the_patch_centre"]
    [one] = report["reports"]
    confusion, figures = one["confusion"], one["figures"]
    assert sum(confusion.values()) == one["num_patches"]
    assert figures["f1"]["low"] <= figures["f1"]["value"] <= figures["f1"]["high"]
    for kind in ("false_positives", "false_negatives"):
        [archive] = [file for file in report["files"] if file.endswith(f"{kind}.zip")]
        assert len(zipfile.ZipFile(archive).namelist()) == confusion[kind]
    [table] = [file for file in report["files"] if file.endswith(".csv")]
    lines = list(csv.DictReader(Path(table).read_text().splitlines()))
    assert len(lines) == confusion["false_positives"] + confusion["false_negatives"]
    assert all(line["image"].endswith(".png") and int(line["x1"]) < int(line["x2"]) for line in lines)
    assert "Ball or not" in (tmp_path / "evaluation.html").read_text()
    assert (trained / "evaluation" / "evaluation.json").exists()


def test_exports_say_what_the_run_says_and_int8_says_what_it_costs(
    trained: Path, patches: Path, tmp_path: Path
) -> None:
    plain = run("export", trained, "--out", tmp_path / "onnx", "--data", f"{patches}#test")["manifest"]
    assert plain["parity"]["max_score"] < 1e-5 and plain["parity"]["max_circle_px"] < 1e-4
    small = run("export", trained, "--to", "onnx_int8", "--out", tmp_path / "int8")["manifest"]
    assert small["figures_before"]["f1"] - small["figures_after"]["f1"] < 0.05
    assert small["parity"]["max_score"] > plain["parity"]["max_score"]
    graph = onnxruntime.InferenceSession(tmp_path / "int8" / "model.onnx", providers=["CPUExecutionProvider"])
    assert [node.name for node in graph.get_outputs()] == ["scores", "circles"]
    found = run("predict", tmp_path / "onnx", f"{patches}#test", "--out", tmp_path / "found")
    assert found["num_patches"] == plain["parity"]["num_patches"]
    measured = run("evaluate", tmp_path / "onnx", "--data", f"{patches}#test", "--out", tmp_path / "ev")
    assert measured["f1"] == pytest.approx(plain["figures_after"]["f1"], abs=1e-6)


def test_single_pictures_can_be_asked(trained: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", np.full((16, 16), 90, np.uint8))[1].tobytes())
    found = run("predict", trained, tmp_path / "a.png", "--out", tmp_path / "out")
    assert found["num_patches"] == 1
    (tmp_path / "b.png").write_bytes(cv2.imencode(".png", np.full((20, 16), 90, np.uint8))[1].tobytes())
    wrong = run("predict", trained, tmp_path / "b.png", "--out", tmp_path / "out2", code=1)
    assert "16x20 px of 1 channel; the network takes 16x16" in wrong["error"]


def test_without_a_validation_set_the_report_is_of_what_was_held_out(patches: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text(CliRunner().invoke(program, ["init", "patch/582"]).stdout)
    lengths = ("--set", "epochs=1", "--set", "batch_size=32", "--threads", "1", "--device", "cpu")
    run("train", recipe, "--data", f"{patches}#train", "--out", tmp_path / "run", *lengths)
    report = json.loads((tmp_path / "run" / "evaluation" / "evaluation.json").read_text())
    all_of_them = len(read_patches(open_dataset(f"{patches}#train"), "ball"))
    assert report["reports"][0]["name"] == "held out"
    assert report["reports"][0]["num_patches"] == pytest.approx(0.15 * all_of_them, rel=0.35)
