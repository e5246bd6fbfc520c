"""Writes a detector as ONNX through torch's exporter."""

from pathlib import Path

import onnx
import torch

from meshsight.core.errors import ArtifactError
from meshsight.core.files import write_bytes
from meshsight.exporting.formats.onnx import Spec
from meshsight.exporting.graph import DecodingNetwork
from meshsight.records.artifact import InputSignature, OutputSignature
from meshsight.runtime.onnx_graph import OnnxGraph

EXAMPLE_BATCH = 2  # torch.export takes a batch of one for a constant.


def build(spec: Spec, network: DecodingNetwork, path: Path) -> OnnxGraph:
    """Writes the graph, constants folded; checks that it is valid ONNX and returns it loaded.

    Raises:
        ArtifactError: torch cannot express the network in ONNX, or what it wrote is not valid.
    """
    images, outputs = InputSignature(size_hw=network.input_hw), OutputSignature()
    example = torch.zeros(EXAMPLE_BATCH, 3, *network.input_hw, dtype=torch.uint8)
    try:
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            optimize=True,
            verbose=False,
            opset_version=spec.opset,
            input_names=[images.name],
            output_names=list(outputs.model_dump().values()),
            dynamic_shapes={"images": {0: torch.export.Dim.DYNAMIC}},
        )
        assert program is not None
        onnx.checker.check_model(program.model_proto, full_check=True)
    except (
        torch.onnx.errors.OnnxExporterError,
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
    ) as error:
        reason = str(error).strip().splitlines()[0]
        raise ArtifactError(f"{path}: the detector cannot be written as ONNX: {reason}") from error
    write_bytes(path, program.model_proto.SerializeToString())
    return OnnxGraph(path, images, outputs)
