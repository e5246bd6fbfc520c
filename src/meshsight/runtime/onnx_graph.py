"""A graph in ONNX Runtime."""

# pyright: basic
# ONNX Runtime is a compiled library without type stubs; this file is where its untyped answers get their types.

from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import (
    Fail,
    InvalidArgument,
    InvalidGraph,
    InvalidProtobuf,
    NoSuchFile,
    NotImplemented,
)

from meshsight.core.errors import ArtifactError
from meshsight.records.artifact import InputSignature, OutputSignature
from meshsight.runtime.graph import GraphCandidates
from meshsight.runtime.preprocessing import InputTensor

LOG_ERRORS_ONLY = 3


class OnnxGraph:
    """A loaded graph whose inputs and outputs are those that its manifest names."""

    def __init__(
        self, path: Path, images: InputSignature, outputs: OutputSignature, num_threads: int | None = None
    ) -> None:
        """Loads a graph on the CPU.

        Args:
            path: the ONNX file.
            images: names its input.
            outputs: names its outputs.
            num_threads: threads of one inference; None leaves the choice to ONNX Runtime.

        Raises:
            ArtifactError: ONNX Runtime cannot load the file, or it lacks a tensor that the manifest names.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = LOG_ERRORS_ONLY
        if num_threads is not None:
            options.intra_op_num_threads = num_threads
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidArgument, InvalidGraph, InvalidProtobuf, NoSuchFile, NotImplemented) as error:
            raise ArtifactError(f"{path}: ONNX Runtime cannot load it: {' '.join(str(error).split())}") from error
        self._input = images.name
        self._outputs = [outputs.boxes, outputs.scores, outputs.class_ids]
        self._check_names(path)

    def _check_names(self, path: Path) -> None:
        found = {node.name for node in (*self._session.get_inputs(), *self._session.get_outputs())}
        missing = [name for name in (self._input, *self._outputs) if name not in found]
        if missing:
            raise ArtifactError(
                f"{path}: lacks the tensors {', '.join(missing)}, which its manifest names; "
                f"it has {', '.join(sorted(found))}"
            )

    def run(self, images: InputTensor) -> GraphCandidates:
        """Runs a batch."""
        boxes, scores, class_ids = self._session.run(self._outputs, {self._input: images})
        # ONNX Runtime says `long long` where numpy says `long`: the same numbers under another type.
        return GraphCandidates(np.asarray(boxes), np.asarray(scores), np.asarray(class_ids).astype(np.int64))
