"""How long a patch network takes for one patch here: as generated C, or in onnxruntime where there is no compiler."""

import tempfile
from pathlib import Path

from meshsight.core.errors import ArtifactError
from meshsight.exporting.c99.export import CFiles, export_c99
from meshsight.exporting.c99.running import STANDARD, Compiler, compiled, compiler_at_hand, native_flags
from meshsight.exporting.patches.graph import write_onnx
from meshsight.records.patches import PatchSignature, Pixels, Places
from meshsight.runtime.patch_graph import OnnxPatchModel
from meshsight.training.patches.model import TorchPatchModel


def patch_microseconds(model: TorchPatchModel, pixels: Pixels, places: Places | None) -> float:
    """Returns microseconds of processor time for one patch, in one thread: the fastest of a few turns.

    Networks that are to be compared must be measured on one machine. An early exit counts as often as the patches given
    take it.

    Args:
        model: what was trained.
        pixels: patches to look at, over and over.
        places: where they were cut.

    Raises:
        ArtifactError: the network cannot be written as C, or the compiler refuses it.
    """
    compiler = compiler_at_hand()
    with tempfile.TemporaryDirectory(prefix="meshsight-latency-") as folder:
        if compiler is not None:
            return _in_c(compiler, export_c99(model.net, Path(folder)), model.signature, pixels, places)
        graph = Path(folder) / "model.onnx"
        write_onnx(model.net, model.signature, graph)
        return OnnxPatchModel(graph, model.signature).microseconds(pixels, places)


def _in_c(compiler: Compiler, files: CFiles, signature: PatchSignature, pixels: Pixels, places: Places | None) -> float:
    try:
        with compiled(files, signature, compiler, native_flags()) as program:
            return program.microseconds(pixels, places)
    except ArtifactError:  # some compilers do not know their own processor
        with compiled(files, signature, compiler, STANDARD) as program:
            return program.microseconds(pixels, places)
