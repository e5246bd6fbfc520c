"""What is no artifact, or no whole one, is refused with a line that says what and where."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from meshsight.core.errors import ArtifactError
from meshsight.core.files import sha256_of_file
from meshsight.records.artifact import read_manifest, write_manifest
from meshsight.runtime.opening import open_artifact


def edit(artifact: Path, **changes: Any) -> None:
    path = artifact / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_manifest_reads_back_as_written(artifact: Path) -> None:
    manifest = read_manifest(artifact)
    write_manifest(artifact, manifest)
    assert read_manifest(artifact) == manifest


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match=r"missing: no such file or folder.*meshsight export"):
        open_artifact(tmp_path / "missing")


def test_an_onnx_file_alone_is_no_artifact(artifact: Path) -> None:
    (artifact / "manifest.json").unlink()
    with pytest.raises(ArtifactError, match=r"model\.onnx: no artifact, for no manifest\.json beside it"):
        open_artifact(artifact / "model.onnx")
    with pytest.raises(ArtifactError, match=r"artifact: no artifact, for it holds no manifest\.json"):
        open_artifact(artifact)


def test_another_file_beside_the_graph(artifact: Path) -> None:
    (artifact / "other.onnx").write_bytes(b"")
    with pytest.raises(
        ArtifactError, match=r"other\.onnx: not the graph of the artifact around it, which is model\.onnx"
    ):
        open_artifact(artifact / "other.onnx")


def test_a_changed_graph(artifact: Path) -> None:
    with (artifact / "model.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ArtifactError, match=r"model\.onnx: its checksum differs from manifest\.json"):
        open_artifact(artifact)


def test_a_missing_graph(artifact: Path) -> None:
    (artifact / "model.onnx").unlink()
    with pytest.raises(ArtifactError, match=r"model\.onnx: missing, though manifest\.json names it"):
        open_artifact(artifact)


def test_a_graph_that_is_no_onnx(artifact: Path) -> None:
    graph = artifact / "model.onnx"
    graph.write_bytes(b"no protobuf at all")
    edit(artifact, model_sha256=sha256_of_file(graph))
    with pytest.raises(ArtifactError, match=r"model\.onnx: ONNX Runtime cannot load it"):
        open_artifact(artifact)


def test_a_graph_without_the_tensors_that_the_manifest_names(artifact: Path) -> None:
    edit(artifact, outputs={"boxes": "corners", "scores": "scores", "class_ids": "class_ids"})
    with pytest.raises(ArtifactError, match=r"lacks the tensors corners, .* it has boxes, class_ids, images, scores"):
        open_artifact(artifact)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.write_text("{"), r"manifest\.json: cannot be read as JSON"),
        (lambda path: path.write_text("[]"), r"manifest of something else"),
        (lambda path: edit(path.parent, format="meshsight-dataset"), r"manifest of something else"),
        (lambda path: edit(path.parent, version=2), r"version 2, made by a newer meshsight.*Upgrade"),
        (lambda path: edit(path.parent, version="x"), r"version: .*changed or damaged"),
        (lambda path: edit(path.parent, classes=[]), r"classes: .*changed or damaged"),
        (lambda path: edit(path.parent, model="../model.onnx"), r"model: .*changed or damaged"),
        (lambda path: edit(path.parent, speed=3), r"unknown key 'speed'.*changed or damaged"),
        (
            lambda path: edit(path.parent, kind="tensorrt"),
            r"kind 'tensorrt', which no backend here can run \(there are: onnx",
        ),
    ],
)
def test_a_bad_manifest(artifact: Path, change: Callable[[Path], Any], message: str) -> None:
    change(artifact / "manifest.json")
    with pytest.raises(ArtifactError, match=message) as caught:
        open_artifact(artifact)
    assert "\n" not in str(caught.value)
