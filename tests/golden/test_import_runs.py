"""From a foreign file to every verb: what is imported is a run (numbers of mmdetection, tests/golden/README.md)."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from click.testing import CliRunner
from torch import Tensor
from torchvision.models import resnet18

from meshsight.cli.main import program
from meshsight.core.errors import ArtifactError, CallError
from meshsight.core.images import encode_jpeg, read_image
from meshsight.training.run import load_detector
from meshsight.training.run_folder import RunFiles, read_manifest, write_manifest
from meshsight.workflows.import_weights import import_weights
from meshsight.workflows.recipes import read_training_recipe
from meshsight.workflows.train import Resources, TrainOptions, train

from .mmdet import Golden

CLASSES = ("cell", "plate", "rod")


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """A whole YOLOX of stored parts, changed to take pixels up to 255 and to find a few objects near its cells."""
    parts = (("cspdarknet", "backbone"), ("yolox_pafpn", "neck"), ("yolox", "bbox_head"))
    state = {
        f"{prefix}.{key.removeprefix('w.')}": tensor
        for name, prefix in parts
        for key, tensor in Golden(name).arrays.items()
        if key.startswith("w.")
    }
    state |= {name: tensor / 20 for name, tensor in state.items() if "multi_level_conv_reg" in name}
    state["backbone.stem.conv.conv.weight"] = state["backbone.stem.conv.conv.weight"] / 255
    return state | {name: tensor + 1 for name, tensor in state.items() if "conv_obj" in name and "bias" in name}


@pytest.fixture
def checkpoint(tmp_path: Path, weights: dict[str, Tensor]) -> Path:
    path = tmp_path / "yolox_mine.pth"
    torch.save({"meta": {"dataset_meta": {"classes": CLASSES}}, "state_dict": weights}, path)
    return path


def write_coco(folder: Path, names: tuple[str, ...]) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for index in range(4):
        (folder / f"{index}.jpg").write_bytes(encode_jpeg(rng.integers(0, 255, (64, 64, 3), dtype=np.uint8), 95))
        images.append({"id": index, "file_name": f"{index}.jpg", "width": 64, "height": 64})
        box = {"bbox": [8, 8, 30, 30], "area": 900, "iscrowd": 0}
        annotations.append({"id": index + 1, "image_id": index, "category_id": index % len(names) + 1, **box})
    categories = [{"id": i + 1, "name": name} for i, name in enumerate(names)]
    tables = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "labels.json").write_text(json.dumps(tables))
    return folder


def call(*arguments: object) -> dict:
    result = CliRunner().invoke(program, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout.splitlines()[-1])


def test_an_imported_run_predicts_is_measured_and_exported(tmp_path: Path, checkpoint: Path) -> None:
    run, data = tmp_path / "run", write_coco(tmp_path / "data", CLASSES)
    told = call("weights", "import", checkpoint, "--out", run)
    assert (told["source"], told["classes"]) == ("mmdetection", list(CLASSES))
    stored = safetensors.torch.load_file(run / "weights.safetensors")
    assert told["num_parameters"] == sum(tensor.numel() for tensor in stored.values())
    manifest = read_manifest(RunFiles(run))
    smaller = manifest.spec.evolve(input_hw=(128, 128))  # exporting what it is made for would take long
    write_manifest(RunFiles(run), manifest.evolve(spec=smaller))
    detector = load_detector(run, "cpu")
    assert detector.classes == CLASSES
    found = detector.predict([read_image(data / "0.jpg")])[0]
    assert len(found.scores) > 0
    predicted = call("predict", run, data / "0.jpg", "--out", tmp_path / "found")
    assert len(predicted["images"][0]["detections"]) == len(found.scores)
    measured = call("evaluate", run, "--data", data, "--out", tmp_path / "report")
    assert measured
    exported = call("export", run, "--out", tmp_path / "artifact", "--data", data)
    assert exported["manifest"]["parity"]["num_frames"] == 4


def test_a_training_goes_on_from_it_with_other_classes(tmp_path: Path, checkpoint: Path) -> None:
    imported = import_weights(checkpoint, out=tmp_path / "run")
    data = write_coco(tmp_path / "data", ("rod", "nut"))
    changes = ("batch_size=2", "epochs=null", "steps=1", "input_hw=[64,64]", "ema_decay=null")
    spec = read_training_recipe(imported.recipe, (*changes, "optimiser.learning_rate=1e-9", "warm_up.steps=0"))
    assert spec.weights == str(imported.weights)
    train(spec, data=[data], out=tmp_path / "tuned", options=TrainOptions(resources=Resources(device="cpu", threads=1)))
    tuned = safetensors.torch.load_file(tmp_path / "tuned" / "weights.safetensors")
    before = safetensors.torch.load_file(imported.weights)
    assert read_manifest(RunFiles(tmp_path / "tuned")).classes == ("rod", "nut")
    for name, tensor in before.items():
        if ".class_out." in name:
            torch.testing.assert_close(tuned[name][0], tensor[CLASSES.index("rod")], atol=1e-6, rtol=0)
        elif "running" not in name and "batches" not in name:
            torch.testing.assert_close(tuned[name], tensor, atol=1e-6, rtol=0)


def test_the_manifest_says_where_it_comes_from(tmp_path: Path, checkpoint: Path) -> None:
    import_weights(checkpoint, out=tmp_path / "run", classes="a, b, c")
    manifest = read_manifest(RunFiles(tmp_path / "run"))
    assert manifest.classes == ("a", "b", "c")
    assert manifest.message == "imported from yolox_mine.pth, mmdetection: YOLOX, depth 0.33, width 0.125"
    with pytest.raises(CallError, match="holds a run or weights already"):
        import_weights(checkpoint, out=tmp_path / "run")


def test_classes_from_a_file_of_names(tmp_path: Path, checkpoint: Path) -> None:
    (tmp_path / "names.txt").write_text("x\ny\nz\n")
    assert import_weights(checkpoint, out=tmp_path / "a", classes=str(tmp_path / "names.txt")).classes == (
        "x",
        "y",
        "z",
    )
    with pytest.raises(CallError, match="the weights have 3 classes, but 80 are named"):
        import_weights(checkpoint, out=tmp_path / "b", classes="coco")
    with pytest.raises(CallError, match="different names"):
        import_weights(checkpoint, out=tmp_path / "b", classes="x,x,y")
    assert not (tmp_path / "b").exists()


def test_foreign_weights_in_a_recipe_are_refused_with_the_way_to_import_them(tmp_path: Path, checkpoint: Path) -> None:
    imported = import_weights(checkpoint, out=tmp_path / "run")
    data = write_coco(tmp_path / "data", CLASSES)
    foreign = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file({"a": torch.zeros(1)}, foreign)
    spec = read_training_recipe(imported.recipe, (f"weights={foreign}", "input_hw=[64,64]"))
    with pytest.raises(ArtifactError, match="meshsight weights import"):
        train(spec, data=[data], out=tmp_path / "tuned")
    assert not (tmp_path / "tuned" / "run.json").exists()


def test_a_backbone_becomes_a_file_for_a_recipe(tmp_path: Path) -> None:
    torch.save(resnet18().state_dict(), tmp_path / "resnet18.pth")
    result = CliRunner().invoke(
        program, ["weights", "import", str(tmp_path / "resnet18.pth"), "--out", str(tmp_path / "b")]
    )
    assert result.exit_code == 0
    assert "resnet18, a backbone, trained by torchvision or timm" in result.stdout
    assert "weights: " + str(tmp_path / "b" / "weights.safetensors") in (tmp_path / "b" / "backbone.yaml").read_text()
    assert not (tmp_path / "b" / "run.json").exists()


def test_a_wrong_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.pth").write_text("hello")
    result = CliRunner().invoke(program, ["weights", "import", str(tmp_path / "a.pth"), "--out", str(tmp_path / "x")])
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "a.pth" in result.stderr
