"""A patch network as C99 in an artifact, compiled and compared where there is a compiler."""

import logging
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from meshsight.core.errors import ArtifactError
from meshsight.exporting.c99.export import CFiles, export_c99
from meshsight.exporting.c99.running import STANDARD, Compiler, compile_program, compiled, compiler_at_hand
from meshsight.exporting.c99.selftest import TestPatches
from meshsight.exporting.patches.comparing import PatchesToCompare, spread
from meshsight.exporting.patches.formats.c99 import Spec
from meshsight.exporting.patches.graph import write_onnx
from meshsight.exporting.patches.written import Written
from meshsight.records.patches import PatchGuesses
from meshsight.runtime.patch_graph import OnnxPatchModel
from meshsight.training.patches.model import TorchPatchModel

NUM_IN_SELF_TEST = 16
NO_COMPILER = (
    "no C compiler here (cc, gcc, clang, or what CC names): compile and run ball_test.c where the code is to run"
)

log = logging.getLogger(__name__)


def build(spec: Spec, model: TorchPatchModel, patches: PatchesToCompare, out: Path) -> Written:
    """Writes a header with everything inside, the file that compiles it, and a self-test with real patches.

    Where there is a compiler the self-test is run, and the code looks at all patches, as onnxruntime does.

    Raises:
        ArtifactError: the network cannot be written as C, or the code does not compile or fails its own test.
        StorageError: the folder cannot be written.
    """
    rows = spread(len(patches.pixels), NUM_IN_SELF_TEST)
    places = np.zeros((len(rows), 4), np.float32) if patches.places is None else patches.places[rows]
    real = TestPatches(np.ascontiguousarray(patches.pixels[rows].transpose(0, 3, 1, 2)), places)
    files = export_c99(model.net, out, real=real)
    compiler = compiler_at_hand()
    if compiler is None:
        log.warning("%s", NO_COMPILER)
        return Written(file=files.header, found=None, not_compared=NO_COMPILER)
    _run_self_test(compiler, files)
    with compiled(files, model.signature, compiler) as program:
        found = program.look(patches.pixels, patches.places)
    return Written(
        file=files.header,
        found=found,
        by_onnxruntime=_ask_onnxruntime(model, patches),
        made_with={"c_compiler": compiler.version, "c_flags": " ".join(STANDARD)},
    )


def _ask_onnxruntime(model: TorchPatchModel, patches: PatchesToCompare) -> PatchGuesses:
    with tempfile.TemporaryDirectory() as folder:
        graph = Path(folder) / "model.onnx"
        write_onnx(model.net, model.signature, graph)
        return OnnxPatchModel(graph, model.signature).look(patches.pixels, patches.places)


def _run_self_test(compiler: Compiler, files: CFiles) -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "self_test"
        compile_program(compiler, STANDARD, (files.source, files.self_test), program)
        done = subprocess.run([program], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ArtifactError(
            f"{files.self_test}: ended with {done.returncode}: {done.stdout.strip()}. Please report it with the run's "
            "recipe."
        )
    log.info("self-test compiled and passed: %s", files.self_test.name)
