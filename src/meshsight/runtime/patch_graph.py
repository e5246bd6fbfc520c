"""An exported patch network in ONNX Runtime; no torch."""

# pyright: basic
# ONNX Runtime has no type stubs; this file is where its untyped answers get their types.

from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, InvalidProtobuf, NoSuchFile, NotImplemented

from meshsight.core.errors import ArtifactError
from meshsight.core.files import sha256_of_file
from meshsight.records.patches import (
    PATCH_MANIFEST,
    PatchGuesses,
    PatchSignature,
    Pixels,
    Places,
    read_patch_manifest,
)

BATCH = 4096
LOG_ERRORS_ONLY = 3


class OnnxPatchModel:
    """A patch network in ONNX Runtime.

    Attributes:
        signature: how it is fed and used.
    """

    def __init__(self, path: Path, signature: PatchSignature, num_threads: int = 1) -> None:
        """Loads a graph.

        Raises:
            ArtifactError: ONNX Runtime cannot load it.
        """
        options = onnxruntime.SessionOptions()
        options.log_severity_level = LOG_ERRORS_ONLY
        options.intra_op_num_threads = options.inter_op_num_threads = num_threads
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (Fail, InvalidGraph, InvalidProtobuf, NoSuchFile, NotImplemented) as error:
            raise ArtifactError(f"{path}: ONNX Runtime cannot load it: {' '.join(str(error).split())}") from error
        self.signature = signature

    def look(self, pixels: Pixels, places: Places | None) -> PatchGuesses:
        """Looks at patches."""
        parts = [self._look(pixels, places, slice(at, at + BATCH)) for at in range(0, len(pixels), BATCH)]
        joined = [np.concatenate([part[index] for part in parts]) for index in range(len(self.signature.outputs))]
        found = dict(zip(self.signature.outputs, joined, strict=True))
        return PatchGuesses(scores=found.get("scores"), circles=found.get("circles"))

    def _look(self, pixels: Pixels, places: Places | None, rows: slice) -> list[np.ndarray]:
        feed: dict[str, np.ndarray] = {"patches": np.ascontiguousarray(pixels[rows].transpose(0, 3, 1, 2))}
        if self.signature.has_position:
            assert places is not None, "a network with a position channel is told where its patches lie"
            feed["places"] = places[rows]
        return [np.asarray(part) for part in self._session.run(list(self.signature.outputs), feed)]


def open_patch_artifact(folder: Path) -> OnnxPatchModel:
    """Opens an exported patch network, after checking that it is whole.

    Raises:
        ArtifactError: it is damaged, or C code, which is compiled and not opened.
    """
    manifest = read_patch_manifest(folder)
    if manifest.kind == "c99":
        raise ArtifactError(f"{folder}: C code is compiled, not opened, and proves itself. Use the ONNX export")
    path = folder / manifest.model
    if not path.is_file() or sha256_of_file(path) != manifest.model_sha256:
        raise ArtifactError(f"{path}: missing, or not the file that {PATCH_MANIFEST} names. Export the run again.")
    return OnnxPatchModel(path, manifest.signature)
