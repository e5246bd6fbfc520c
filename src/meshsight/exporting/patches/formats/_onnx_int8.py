"""Writes a patch network as ONNX in 8 bits."""

import tempfile
from pathlib import Path

from meshsight.exporting.patches.comparing import NUM_REPRESENTATIVE, PatchesToCompare, spread
from meshsight.exporting.patches.formats.onnx_int8 import Spec
from meshsight.exporting.patches.graph import write_onnx
from meshsight.exporting.patches.int8 import write_int8
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
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "float.onnx"
        write_onnx(model.net, model.signature, plain)
        rows = spread(len(patches.pixels), NUM_REPRESENTATIVE)
        places = None if patches.places is None else patches.places[rows]
        write_int8(plain, path, model.signature, patches.pixels[rows], places)
    found = OnnxPatchModel(path, model.signature).look(patches.pixels, patches.places)
    return Written(file=path, found=found, is_rounded=True)
