"""Static quantisation of a patch network's graph to 8 bits, ranges taken from representative patches."""

# pyright: basic
# onnxruntime.quantization has no type stubs.

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from meshsight.core.files import write_bytes
from meshsight.records.patches import PatchSignature, Pixels, Places

CALIBRATION_BATCH = 256
QUANTISED = ("Conv", "Gemm", "MatMul", "MaxPool", "LeakyRelu", "Relu")
"""What is computed in 8 bits; normalising the bytes, softmax and decoding stay in float32."""


class _Representative(CalibrationDataReader):
    """Hands batches of patches to the calibration."""

    def __init__(self, signature: PatchSignature, pixels: Pixels, places: Places | None) -> None:
        self._batches: Iterator[dict[str, np.ndarray]] = _batches(signature, pixels, places)

    def get_next(self) -> dict[str, np.ndarray] | None:
        """Returns the next batch, or None at the end."""
        return next(self._batches, None)


def _batches(signature: PatchSignature, pixels: Pixels, places: Places | None) -> Iterator[dict[str, np.ndarray]]:
    for at in range(0, len(pixels), CALIBRATION_BATCH):
        rows = slice(at, at + CALIBRATION_BATCH)
        feed: dict[str, np.ndarray] = {"patches": np.ascontiguousarray(pixels[rows].transpose(0, 3, 1, 2))}
        if signature.has_position and places is not None:
            feed["places"] = places[rows]
        yield feed


def write_int8(source: Path, path: Path, signature: PatchSignature, pixels: Pixels, places: Places | None) -> None:
    """Quantises a graph: weights by channel, activations by tensor, as pairs of Q and DQ nodes.

    Args:
        source: the graph in float32.
        path: the graph to write.
        signature: of the network.
        pixels: representative patches.
        places: where they were cut, for a network that is told.

    Raises:
        StorageError: the file cannot be written.
    """
    logger = logging.getLogger()
    level = logger.level
    with tempfile.TemporaryDirectory() as folder:
        prepared, quantised = Path(folder) / "prepared.onnx", Path(folder) / "int8.onnx"
        logger.setLevel(logging.ERROR)  # it advises to do what was just done
        try:
            quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
            quantize_static(
                str(prepared),
                str(quantised),
                _Representative(signature, pixels, places),
                quant_format=QuantFormat.QDQ,
                op_types_to_quantize=list(QUANTISED),
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=CalibrationMethod.MinMax,
            )
        finally:
            logger.setLevel(level)
        write_bytes(path, quantised.read_bytes())
