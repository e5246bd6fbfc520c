"""An exported artifact says what the trained network says, and a graph that does not is refused."""

import copy
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from meshsight.core.errors import ArtifactError, StorageError
from meshsight.core.images import RgbImage
from meshsight.exporting.export import export_detector
from meshsight.exporting.formats.onnx import Spec
from meshsight.exporting.graph import DecodingNetwork, decoding_network
from meshsight.exporting.parity import prove_parity, run_network
from meshsight.records.artifact import Fingerprints, read_manifest
from meshsight.runtime.onnx_graph import OnnxGraph
from meshsight.runtime.opening import open_artifact
from meshsight.training.predictor import TorchDetector

FINGERPRINTS = Fingerprints(recipe="a" * 16, weights="b" * 64, data=("c" * 16, None))


@pytest.fixture(scope="module")
def artifact(detector: TorchDetector, frames: Sequence[RgbImage], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "deep" / "artifact"
    export_detector(Spec(), detector, frames, FINGERPRINTS, out)
    return out


def graph_of(artifact: Path) -> OnnxGraph:
    manifest = read_manifest(artifact)
    return OnnxGraph(artifact / manifest.model, manifest.input, manifest.outputs, num_threads=1)


def test_the_artifact_detects_what_the_run_detects(
    artifact: Path, detector: TorchDetector, frames: Sequence[RgbImage]
) -> None:
    exported = open_artifact(artifact)
    assert exported.classes == detector.classes
    for ours, torchs in zip(exported.predict(frames), detector.predict(frames), strict=True):
        assert len(ours.scores) > 20
        np.testing.assert_allclose(ours.boxes, torchs.boxes, atol=0.05)
        np.testing.assert_allclose(ours.scores, torchs.scores, atol=1e-4)
        np.testing.assert_array_equal(ours.class_ids, torchs.class_ids)


@pytest.mark.parametrize("num_images", [1, 2, 5])
def test_any_batch_size(artifact: Path, detector: TorchDetector, num_images: int) -> None:
    images = np.random.default_rng(0).integers(0, 256, (num_images, 3, *detector.input_hw), dtype=np.uint8)
    expected, found = run_network(decoding_network(detector), images), graph_of(artifact).run(images)
    for ours, torchs in zip(found, expected, strict=True):
        assert ours.shape == torchs.shape
        assert ours.dtype == torchs.dtype
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-4)


def test_the_folder_holds_a_valid_graph_and_a_manifest_that_tells_all(artifact: Path) -> None:
    assert sorted(path.name for path in artifact.iterdir()) == ["manifest.json", "model.onnx"]
    graph = onnx.load(artifact / "model.onnx")
    onnx.checker.check_model(graph, full_check=True)
    assert [node.name for node in graph.graph.input] == ["images"]
    assert [node.name for node in graph.graph.output] == ["boxes", "scores", "class_ids"]
    assert graph.opset_import[0].version == Spec().opset
    manifest = json.loads((artifact / "manifest.json").read_text())
    assert manifest["classes"] == ["ball", "cube", "cone"]
    assert manifest["parity"]["num_frames"] == 3
    assert manifest["parity"]["num_candidates"] > 500
    assert manifest["parity"]["max_box_px"] < 0.05
    assert manifest["parity"]["max_score"] < 1e-4
    assert manifest["fingerprints"]["data"] == ["c" * 16, None]


def test_a_graph_of_other_weights_is_refused(
    artifact: Path, detector: TorchDetector, frames: Sequence[RgbImage]
) -> None:
    network = decoding_network(detector)
    with torch.no_grad():
        next(network.parameters()).mul_(1.01)
    with pytest.raises(ArtifactError, match=r"differs from the trained network on 3 frames and noise: boxes by up to"):
        prove_parity(network, graph_of(artifact), frames)


def test_a_refused_export_leaves_the_artifact_that_was_there(
    artifact: Path, detector: TorchDetector, frames: Sequence[RgbImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path.name: path.read_bytes() for path in artifact.iterdir()}
    graph = graph_of(artifact)

    def build_another(spec: Spec, network: DecodingNetwork, path: Path) -> OnnxGraph:
        path.write_bytes(b"a graph")
        next(network.network.parameters()).data.mul_(1.01)
        return graph

    monkeypatch.setattr("meshsight.exporting.formats._onnx.build", build_another)
    with pytest.raises(ArtifactError, match="Nothing was exported"):
        export_detector(Spec(), detector, frames, FINGERPRINTS, artifact)
    assert {path.name: path.read_bytes() for path in artifact.iterdir()} == before


def test_a_network_in_bfloat16_is_exported_in_float32(detector: TorchDetector) -> None:
    trained = copy.copy(detector)
    trained.network = copy.deepcopy(detector.network).to(torch.bfloat16)
    network = decoding_network(trained)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    assert {parameter.dtype for parameter in trained.network.parameters()} == {torch.bfloat16}
    assert not network.training


def test_a_place_that_is_no_folder(detector: TorchDetector, frames: Sequence[RgbImage], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file.*cannot hold an artifact"):
        export_detector(Spec(), detector, frames, FINGERPRINTS, tmp_path / "file")
