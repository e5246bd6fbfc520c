"""An exported patch network in ONNX Runtime; no torch."""

# pyright: basic
# ONNX Runtime has no type stubs; this file is where its untyped answers get their types.

import time
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
NOT_OPENED = {
    "c99": "C code is compiled, not opened, and proves itself",
    "tflite": "LiteRT files are for a robot's or telephone's LiteRT, and were compared when they were made",
}
"""Forms of a network that are not run here."""
TURNS = 7
TURN_CALLS = 2000


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

    def microseconds(self, pixels: Pixels, places: Places | None) -> float:
        """Returns what one patch takes alone, its call included: processor time, the fastest of a few turns."""
        feeds = [self._feed(pixels, places, slice(at, at + 1)) for at in range(min(len(pixels), TURN_CALLS))]
        outputs, least = list(self.signature.outputs), float("inf")
        for _ in range(TURNS):
            started = time.process_time()
            for feed in feeds:
                self._session.run(outputs, feed)
            least = min(least, time.process_time() - started)
        return 1e6 * least / len(feeds)

    def _look(self, pixels: Pixels, places: Places | None, rows: slice) -> list[np.ndarray]:
        feed = self._feed(pixels, places, rows)
        return [np.asarray(part) for part in self._session.run(list(self.signature.outputs), feed)]

    def _feed(self, pixels: Pixels, places: Places | None, rows: slice) -> dict[str, np.ndarray]:
        feed: dict[str, np.ndarray] = {"patches": np.ascontiguousarray(pixels[rows].transpose(0, 3, 1, 2))}
        if self.signature.has_position:
            assert places is not None, "a network with a position channel is told where its patches lie"
            feed["places"] = places[rows]
        return feed


def open_patch_artifact(folder: Path) -> OnnxPatchModel:
    """Opens an exported patch network, after checking that it is whole.

    Raises:
        ArtifactError: it is damaged, or of a form that runs elsewhere.
    """
    manifest = read_patch_manifest(folder)
    if manifest.kind in NOT_OPENED:
        raise ArtifactError(f"{folder}: {NOT_OPENED[manifest.kind]}. Use the ONNX export")
    path = folder / manifest.model
    if not path.is_file() or sha256_of_file(path) != manifest.model_sha256:
        raise ArtifactError(f"{path}: missing, or not the file that {PATCH_MANIFEST} names. Export the run again.")
    return OnnxPatchModel(path, manifest.signature)
