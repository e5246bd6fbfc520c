"""Writes a patch network as ONNX."""

from pathlib import Path

from meshsight.exporting.patches.comparing import PatchesToCompare
from meshsight.exporting.patches.formats.onnx import Spec
from meshsight.exporting.patches.graph import write_onnx
from meshsight.exporting.patches.written import Written
from meshsight.runtime.patch_graph import OnnxPatchModel
from meshsight.training.patches.model import TorchPatchModel


def build(spec: Spec, model: TorchPatchModel, patches: PatchesToCompare, out: Path) -> Written:
    """Writes `model.onnx`.

    Raises:
        ArtifactError: torch cannot express the network in ONNX, or what it wrote is not valid.
        StorageError: the folder cannot be written.
    """
    path = out / "model.onnx"
    write_onnx(model.net, model.signature, path)
    return Written(file=path, found=OnnxPatchModel(path, model.signature).look(patches.pixels, patches.places))
