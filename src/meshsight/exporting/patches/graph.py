"""Writes a patch network with its decoding as ONNX: bytes in, scores and circles out, any number of patches."""

import copy
from pathlib import Path

import onnx
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from meshsight.core.errors import ArtifactError
from meshsight.core.files import write_bytes
from meshsight.models.patch.net import PatchNet
from meshsight.records.patches import PatchSignature

OPSET = 20
EXAMPLE_BATCH = 2  # torch.export takes a batch of one for a constant.


class DecodingPatchNet(nn.Module):
    """Patches as bytes in, what the network says out."""

    def __init__(self, net: PatchNet) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, patches: UInt8[Tensor, "b c h w"], places: Float[Tensor, "b 4"] | None = None
    ) -> tuple[Tensor, ...]:
        """Returns scores, circles, or both."""
        answers = self.net.decode(self.net(patches.float(), places))
        return tuple(part for part in answers if part is not None)


def write_onnx(net: PatchNet, signature: PatchSignature, path: Path) -> None:
    """Writes the graph.

    Raises:
        ArtifactError: torch cannot express the network in ONNX, or what it wrote is not valid.
        StorageError: the file cannot be written.
    """
    whole = DecodingPatchNet(copy.deepcopy(net).to(device="cpu", dtype=torch.float32)).eval()
    patches = torch.zeros(EXAMPLE_BATCH, signature.channels, *signature.input_hw, dtype=torch.uint8)
    example = (patches, torch.zeros(EXAMPLE_BATCH, 4)) if signature.has_position else (patches,)
    names = ("patches", "places")[: len(example)]
    try:
        program = torch.onnx.export(
            whole,
            example,
            dynamo=True,
            optimize=True,
            verbose=False,
            opset_version=OPSET,
            input_names=list(names),
            output_names=list(signature.outputs),
            dynamic_shapes={name: {0: torch.export.Dim.DYNAMIC} for name in names},
        )
        assert program is not None
        onnx.checker.check_model(program.model_proto, full_check=True)
    except (
        torch.onnx.errors.OnnxExporterError,
        onnx.checker.ValidationError,
        onnx.shape_inference.InferenceError,
    ) as error:
        raise ArtifactError(f"{path}: cannot be written as ONNX: {str(error).strip().splitlines()[0]}") from error
    write_bytes(path, program.model_proto.SerializeToString())
