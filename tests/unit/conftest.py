"""An artifact made by hand, whose answers are known on paper: every candidate scores with the image's brightness."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from meshsight.core.files import sha256_of_file
from meshsight.records.artifact import (
    ArtifactManifest,
    Fingerprints,
    InputSignature,
    Parity,
    write_manifest,
)
from meshsight.specs.decoding import DecodeSpec

INPUT_HW = (64, 96)
CLASSES = ("ball", "cube")
BOXES = np.array([[0, 0, 32, 32], [1, 0, 33, 32], [48, 32, 96, 64], [48, 32, 96, 64]], np.float32)
WEIGHTS = np.array([1.0, 0.9, 0.5, 0.01], np.float32)
CLASS_IDS = np.array([0, 0, 1, 1], np.int64)


def brightness_graph() -> onnx.ModelProto:
    """Returns a graph with fixed boxes and classes; scores are `WEIGHTS` times the mean of the input over 255."""
    num = len(WEIGHTS)
    constants = {
        "weights": (WEIGHTS / 255)[None],
        "base_boxes": BOXES[None],
        "base_ids": CLASS_IDS[None],
        "axes": np.array([1, 2, 3], np.int64),
        "row": np.array([-1, 1], np.int64),
        "k": np.array([num], np.int64),
        "k4": np.array([num, 4], np.int64),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real", "axes"], ["mean"]),
        helper.make_node("Reshape", ["mean", "row"], ["brightness"]),
        helper.make_node("Mul", ["brightness", "weights"], ["scores"]),
        helper.make_node("Shape", ["images"], ["b"], start=0, end=1),
        helper.make_node("Concat", ["b", "k"], ["bk"], axis=0),
        helper.make_node("Concat", ["b", "k4"], ["bk4"], axis=0),
        helper.make_node("Expand", ["base_ids", "bk"], ["class_ids"]),
        helper.make_node("Expand", ["base_boxes", "bk4"], ["boxes"]),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, ["b", num, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["b", num]),
        helper.make_tensor_value_info("class_ids", TensorProto.INT64, ["b", num]),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.UINT8, ["b", 3, *INPUT_HW])
    initialisers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "brightness", [images], outputs, initialisers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model, full_check=True)
    return model


def manifest_for(graph: Path) -> ArtifactManifest:
    return ArtifactManifest(
        kind="onnx",
        model_sha256=sha256_of_file(graph),
        classes=CLASSES,
        input=InputSignature(size_hw=INPUT_HW),
        decode=DecodeSpec(score_threshold=0.05),
        parity=Parity(num_frames=1, num_candidates=1, max_box_px=0, max_score=0),
        fingerprints=Fingerprints(recipe="0" * 16, weights="0" * 64),
        made_with={"onnx": onnx.__version__},
    )


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """A whole artifact, in a folder of its own."""
    folder = tmp_path / "artifact"
    folder.mkdir()
    graph = folder / "model.onnx"
    graph.write_bytes(brightness_graph().SerializeToString())
    write_manifest(folder, manifest_for(graph))
    return folder
