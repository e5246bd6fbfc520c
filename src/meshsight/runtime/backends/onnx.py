"""ONNX Runtime on the CPU."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from meshsight.core.errors import CallError
from meshsight.core.images import RgbImage
from meshsight.records.artifact import ArtifactManifest
from meshsight.records.detections import Detections, select_detections
from meshsight.runtime.graph import Graph
from meshsight.runtime.onnx_graph import OnnxGraph
from meshsight.runtime.preprocessing import to_input
from meshsight.specs.decoding import DecodeSpec

BATCH_SIZE = 8


class OnnxDetector:
    """Finds objects with an exported graph; needs no torch. An `ObjectDetector`."""

    def __init__(self, graph: Graph, manifest: ArtifactManifest) -> None:
        self._graph = graph
        self._manifest = manifest

    @property
    def classes(self) -> tuple[str, ...]:
        """Names by class id."""
        return self._manifest.classes

    @property
    def decode_spec(self) -> DecodeSpec:
        """Its thresholds."""
        return self._manifest.decode

    def with_decode(self, decode: DecodeSpec) -> "OnnxDetector":
        """Returns the same detector with other thresholds."""
        return OnnxDetector(self._graph, self._manifest.evolve(decode=decode))

    def with_scale(self, scale: float) -> NoReturn:
        """Refuses: the size of an exported graph's input is fixed.

        Raises:
            CallError: always.
        """
        height, width = self._manifest.input.size_hw
        raise CallError(
            f"scales: {scale:g} asks for another input size, but an artifact's is fixed ({height}x{width}). "
            "Give the run, or export it with another input_hw; `tiling` works with artifacts, too."
        )

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        """Detects objects in images of any sizes; one result for each image, in order."""
        found: list[Detections] = []
        for start in range(0, len(images), BATCH_SIZE):
            found += self._predict_batch(images[start : start + BATCH_SIZE])
        return found

    def _predict_batch(self, images: Sequence[RgbImage]) -> list[Detections]:
        tensor, letterboxes = to_input(images, self._manifest.input.size_hw)
        batch = self._graph.run(tensor)
        return [
            select_detections(boxes, scores, class_ids, self._manifest.decode, letterbox)
            for boxes, scores, class_ids, letterbox in zip(*batch, letterboxes, strict=True)
        ]


def build(folder: Path, manifest: ArtifactManifest, num_threads: int | None) -> OnnxDetector:
    """Loads the graph of an artifact.

    Raises:
        ArtifactError: the graph cannot be loaded.
    """
    graph = OnnxGraph(folder / manifest.model, manifest.input, manifest.outputs, num_threads)
    return OnnxDetector(graph, manifest)
