"""`export` turns a run folder into an artifact, measured on the run's own images or on those that are named."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from meshsight.core.errors import ArtifactError, CallError, DataError
from meshsight.core.files import sha256_of_file
from meshsight.core.images import write_image
from meshsight.models.build import build_detector
from meshsight.models.weights import save_weights
from meshsight.presets.small import small_training
from meshsight.runtime.opening import open_artifact
from meshsight.specs.base import fingerprint
from meshsight.training.precision import MachineFacts
from meshsight.training.run import load_detector
from meshsight.training.run_folder import RunFiles, RunManifest, SourceFacts, write_manifest
from meshsight.workflows.export import export

SPEC = small_training().evolve(input_hw=(64, 64), steps=1)
CLASSES = ("ball", "cube")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A COCO folder of five images without objects."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    rows = [{"id": index, "file_name": f"{index}.png", "height": 50, "width": 70} for index in range(5)]
    for row in rows:
        write_image(folder / "images" / row["file_name"], rng.integers(0, 256, (50, 70, 3), dtype=np.uint8))
    categories = [{"id": index + 1, "name": name} for index, name in enumerate(CLASSES)]
    (folder / "coco.json").write_text(json.dumps({"images": rows, "annotations": [], "categories": categories}))
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, photos: Path) -> Path:
    """The folder of a run that learnt nothing, but whose scores differ."""
    files = RunFiles(tmp_path_factory.mktemp("run"))
    torch.manual_seed(0)
    network = build_detector(SPEC.detector, len(CLASSES), is_pretrained=False)
    with torch.no_grad():
        for level in network.head.levels:
            level.class_out.weight.normal_(std=0.5)
            level.class_out.bias.zero_()
    save_weights(files.weights, network, CLASSES)
    gone = source("gone", "/nowhere/at/all")
    write_manifest(files, manifest(data=(source("photos", str(photos)),), validation=(gone,)))
    return files.folder


def source(name: str, root: str) -> SourceFacts:
    return SourceFacts(name=name, root=root, num_images=5, num_objects=0, fingerprint="f" * 16)


def manifest(data: tuple[SourceFacts, ...], validation: tuple[SourceFacts, ...] = ()) -> RunManifest:
    machine = MachineFacts(
        device="cpu",
        device_name="a processor",
        precision="bfloat16",
        precision_reason="asked for",
        channels_last=True,
        threads=1,
        torch=torch.__version__,
    )
    return RunManifest(
        status="finished",
        spec=SPEC,
        classes=CLASSES,
        data=data,
        validation=validation,
        machine=machine,
        versions={},
        num_steps=1,
    )


def test_a_run_becomes_an_artifact(run: Path, photos: Path, tmp_path: Path) -> None:
    result = export(run, out=tmp_path / "artifact")
    assert result.manifest.parity.num_frames == 5
    assert result.manifest.fingerprints.recipe == fingerprint(SPEC)
    assert result.manifest.fingerprints.weights == sha256_of_file(run / "weights.safetensors")
    assert result.manifest.fingerprints.data == ("f" * 16,)
    image = np.random.default_rng(1).integers(0, 256, (90, 40, 3), dtype=np.uint8)
    (ours,), (runs,) = (one.predict([image]) for one in (open_artifact(result.artifact), load_detector(run, "cpu")))
    assert len(ours.scores) > 10
    np.testing.assert_allclose(ours.boxes, runs.boxes, atol=0.05)
    np.testing.assert_array_equal(ours.class_ids, runs.class_ids)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no run here"):
        export(tmp_path, out=tmp_path / "artifact")


def test_an_artifact_is_a_folder(run: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match=r"model\.onnx: an artifact is a folder.*try --out .*model$"):
        export(run, out=tmp_path / "model.onnx")


def test_an_unknown_format_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="no export format of kind 'onxx'; did you mean 'onnx'"):
        export(run, out=tmp_path / "artifact", to="onxx")


def test_without_images_to_compare_on_nothing_is_exported(run: Path, photos: Path, tmp_path: Path) -> None:
    moved = tmp_path / "run"
    shutil.copytree(run, moved)
    write_manifest(RunFiles(moved), manifest(data=(source("gone", "/nowhere/at/all"),)))
    with pytest.raises(CallError, match=r"none of the run's data sets can be opened any more.*--data DIR"):
        export(moved, out=tmp_path / "artifact")
    with pytest.raises(DataError, match="no such data set"):
        export(run, out=tmp_path / "artifact", data=tmp_path / "missing")
    assert not (tmp_path / "artifact").exists()
