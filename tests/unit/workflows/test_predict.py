"""`predict` looks at whatever it is given, names what it cannot read, and goes on."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.errors import ArtifactError, CallError
from meshsight.core.images import read_image, write_image
from meshsight.datasets.detections_csv import read_detections_csv
from meshsight.workflows.image_files import find_images
from meshsight.workflows.predict import PredictOutputs, predict

WHITE = np.full((64, 96, 3), 255, np.uint8)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two good images in different folders of one name, a text file, and an image that breaks off."""
    folder = tmp_path / "photos"
    write_image(folder / "a" / "one.png", WHITE)
    write_image(folder / "b" / "one.jpg", np.zeros_like(WHITE))
    (folder / "notes.txt").write_text("no image")
    (folder / "torn.jpg").write_bytes((folder / "b" / "one.jpg").read_bytes()[:200])
    return folder


def test_the_file_holds_what_was_found(artifact: Path, photos: Path, tmp_path: Path) -> None:
    result = predict(artifact, [photos], out=tmp_path / "found")
    data = json.loads((tmp_path / "found" / "predictions.json").read_text())
    assert data["classes"] == ["ball", "cube"]
    white, black = data["images"]
    assert white["image"] == str(photos / "a" / "one.png")
    assert white["size_hw"] == [64, 96]
    assert [found["class_name"] for found in white["detections"]] == ["ball", "cube"]
    assert [found["box"] for found in white["detections"]] == [[0, 0, 32, 32], [48, 32, 96, 64]]
    assert white["detections"][0]["score"] == pytest.approx(1.0)
    assert black["detections"] == []
    (problem,) = data["problems"]
    assert problem.startswith(f"{photos / 'torn.jpg'}: cannot be decoded")
    assert result.problems == (problem,)


def test_each_image_has_a_picture_with_the_detections_drawn(artifact: Path, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "found"
    result = predict(artifact, [photos / "a", photos / "b", photos / "a" / "one.png"], out=out)
    assert [image.picture for image in result.images] == ["pictures/one.jpg", "pictures/one-2.jpg"]
    drawn, plain = (read_image(out / image.picture) for image in result.images)
    assert (drawn.min(axis=2) < 200).any()
    assert plain.max() < 16


def test_the_csv_has_a_row_for_every_image(artifact: Path, photos: Path, tmp_path: Path) -> None:
    """Also where nothing is found or the image breaks off; images are called as in their folder."""
    csv = tmp_path / "submission.csv"
    result = predict(artifact, [photos], out=tmp_path / "found", outputs=PredictOutputs(csv=csv, min_score=1.0))
    white, black, torn = read_detections_csv(csv)
    assert [white.image, black.image, torn.image] == ["a/one.png", "b/one.jpg", "torn.jpg"]
    assert white.detections.boxes.tolist() == [list(found.box) for found in result.images[0].detections]
    assert white.detections.class_ids.tolist() == [0, 1]
    assert len(black.detections.scores) == len(torn.detections.scores) == 0


def test_images_of_one_name_go_by_their_paths(artifact: Path, photos: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "more" / "one.png", WHITE)
    folders = [photos / "a", tmp_path / "more"]
    predict(artifact, folders, out=tmp_path / "found", outputs=PredictOutputs(csv=tmp_path / "found.csv"))
    assert [one.image for one in read_detections_csv(tmp_path / "found.csv")] == [str(f / "one.png") for f in folders]


def test_the_command_writes_the_csv(artifact: Path, photos: Path, tmp_path: Path) -> None:
    csv = tmp_path / "submission.csv"
    arguments = ["predict", str(artifact), str(photos / "a"), "--out", str(tmp_path / "found"), "--csv", str(csv)]
    assert CliRunner().invoke(program, arguments).exit_code == 0
    assert csv.read_text().splitlines()[0] == "PredictionString,image_id"


def test_the_threshold_is_for_pictures_only(artifact: Path, photos: Path, tmp_path: Path) -> None:
    result = predict(artifact, [photos / "a"], out=tmp_path / "found", outputs=PredictOutputs(min_score=1.0))
    assert len(result.images[0].detections) == 2


def test_many_images_come_in_order(artifact: Path, tmp_path: Path) -> None:
    names = [f"{index:02}.png" for index in range(19)]
    for index, name in enumerate(names):
        write_image(tmp_path / "in" / name, np.full((8, 12, 3), index * 13, np.uint8))
    result = predict(artifact, [tmp_path / "in"], out=tmp_path / "found")
    assert [Path(image.image).name for image in result.images] == names
    scores = [image.detections[0].score for image in result.images[2:]]
    assert scores == sorted(scores)


def test_the_command_ends_with_1_after_everything_else_is_done(artifact: Path, photos: Path, tmp_path: Path) -> None:
    arguments = ["predict", str(artifact), str(photos), "missing.jpg", "--out", str(tmp_path / "found"), "--json"]
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 1
    data = json.loads(done.stdout)
    assert (len(data["images"]), len(data["problems"])) == (2, 2)
    assert done.stderr.count("warning: ") == 2


def test_nothing_to_look_at(artifact: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="no images: name files, folders or patterns"):
        predict(artifact, [], out=tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtifactError, match="neither a run nor an exported artifact"):
        predict(tmp_path / "empty", ["x.png"], out=tmp_path)
    with pytest.raises(CallError, match=r"--device cuda: an exported artifact runs on the cpu"):
        predict(artifact, ["x.png"], out=tmp_path, device="cuda")


def test_an_onnx_file_that_is_no_artifact_is_one_line(artifact: Path, photos: Path, tmp_path: Path) -> None:
    (artifact / "manifest.json").unlink()
    arguments = ["predict", str(artifact / "model.onnx"), str(photos), "--out", str(tmp_path / "found")]
    done = CliRunner().invoke(program, arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {artifact / 'model.onnx'}: no artifact, for no manifest.json beside it")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "found").exists()


def test_images_are_found_by_file_folder_and_pattern(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos)
    one, other = Path("a/one.png"), Path("b/one.jpg")
    assert [file.path for file in find_images(["."])[0]] == [one, other, Path("torn.jpg")]
    assert [file.path for file in find_images(["*/one.*"])[0]] == [one, other]
    assert [file.path for file in find_images([str(photos / "**" / "*.png")])[0]] == [photos / "a" / "one.png"]
    assert [file.path for file in find_images(["b", "a/one.png", "a", "notes.txt"])[0]] == [
        other,
        one,
        Path("notes.txt"),
    ]
    assert find_images(["none", "*.gif", "a/../c"]) == (
        [],
        [
            "none: no such file or folder",
            "*.gif: no image fits this pattern",
            "a/../c: no such file or folder",
        ],
    )


def test_an_image_in_an_odd_place_keeps_its_name(photos: Path) -> None:
    files, _ = find_images([photos])
    assert [file.name.as_posix() for file in files] == ["a/one.png", "b/one.jpg", "torn.jpg"]
