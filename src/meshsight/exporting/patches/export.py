"""A trained patch network becomes an artifact, compared with the network on real patches before it counts."""

import logging
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import numpy as np

from meshsight.core.errors import ArtifactError, CallError, StorageError
from meshsight.core.files import sha256_of_file
from meshsight.exporting.c99.export import CFiles, export_c99
from meshsight.exporting.c99.selftest import TestPatches
from meshsight.exporting.patches.graph import write_onnx
from meshsight.exporting.patches.int8 import NUM_REPRESENTATIVE, write_int8
from meshsight.records.artifact import Fingerprints
from meshsight.records.patches import (
    PatchArtifact,
    PatchGuesses,
    PatchParity,
    Pixels,
    Places,
    write_patch_manifest,
)
from meshsight.runtime.patch_graph import OnnxPatchModel
from meshsight.training.patches.model import TorchPatchModel

PatchKind = Literal["onnx", "onnx_int8", "c99"]
PATCH_KINDS: tuple[PatchKind, ...] = ("onnx", "onnx_int8", "c99")
NUM_IN_SELF_TEST = 16
MAX_SCORE = 1e-4
MAX_CIRCLE_PX = 1e-3
log = logging.getLogger(__name__)

PACKAGES = ("meshsight", "torch", "onnx", "onnxscript", "onnxruntime")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchesToCompare:
    """Real patches that the export is compared on, and by which an int8 network's ranges are set.

    Attributes:
        pixels: the patches.
        places: where they were cut, or None where unknown.
        measure: returns the figures of what a network says of them.
    """

    pixels: Pixels
    places: Places | None
    measure: Callable[[PatchGuesses], dict[str, float | None]]


def export_patches(
    kind: PatchKind, model: TorchPatchModel, patches: PatchesToCompare, fingerprints: Fingerprints, out: Path
) -> PatchArtifact:
    """Writes an artifact; float32 ones must equal the network, an int8 one says what it costs.

    Args:
        kind: onnx, onnx_int8 or c99.
        model: what was trained.
        patches: to compare on.
        fingerprints: where it comes from.
        out: folder of the artifact.

    Raises:
        ArtifactError: the network cannot be exported, or the graph differs from it.
        CallError: there are no patches to compare on.
        StorageError: the folder cannot be written.
    """
    if len(patches.pixels) == 0:
        raise CallError("no patches to compare on")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out}: cannot hold an artifact: {error.strerror or error}") from error
    expected = model.look(patches.pixels, patches.places)
    if kind == "c99":
        file, found = _write_c99(model, patches, out), expected
    else:
        file, found = _write_graph(kind, model, patches, out)
    parity = _compare(expected, found)
    if kind != "onnx_int8" and ((parity.max_score or 0) > MAX_SCORE or (parity.max_circle_px or 0) > MAX_CIRCLE_PX):
        raise ArtifactError(
            f"{out}: the graph differs from the trained network: scores by up to {parity.max_score or 0:.2g}, circles "
            f"by up to {parity.max_circle_px or 0:.2g} px. Please report it with the run's recipe."
        )
    artifact = PatchArtifact(
        kind=kind,
        model=file.name,
        model_sha256=sha256_of_file(file),
        signature=model.signature,
        parity=parity,
        figures_before=patches.measure(expected),
        figures_after=patches.measure(found),
        fingerprints=fingerprints,
        made_with={"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
    )
    write_patch_manifest(out, artifact)
    return artifact


def _write_graph(
    kind: PatchKind, model: TorchPatchModel, patches: PatchesToCompare, out: Path
) -> tuple[Path, PatchGuesses]:
    path = out / "model.onnx"
    if kind == "onnx":
        write_onnx(model.net, model.signature, path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "float.onnx"
            write_onnx(model.net, model.signature, plain)
            rows = _spread(len(patches.pixels), NUM_REPRESENTATIVE)
            places = None if patches.places is None else patches.places[rows]
            write_int8(plain, path, model.signature, patches.pixels[rows], places)
    return path, OnnxPatchModel(path, model.signature).look(patches.pixels, patches.places)


def _write_c99(model: TorchPatchModel, patches: PatchesToCompare, out: Path) -> Path:
    """Writes header, source and a self-test with real patches, and runs that where there is a compiler.

    Raises:
        ArtifactError: the code does not compile, or says something else than the network.
    """
    rows = _spread(len(patches.pixels), NUM_IN_SELF_TEST)
    places = np.zeros((len(rows), 4), np.float32) if patches.places is None else patches.places[rows]
    real = TestPatches(np.ascontiguousarray(patches.pixels[rows].transpose(0, 3, 1, 2)), places)
    files = export_c99(model.net, out, real=real)
    compiler = shutil.which("cc")
    if compiler is None:
        log.warning("no C compiler here: run %s where the code is to run", files.self_test.name)
    else:
        _run_self_test(compiler, files)
    return files.source


def _run_self_test(compiler: str, files: CFiles) -> None:
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "self_test"
        command = [compiler, "-std=c99", "-O2", "-o", str(program), str(files.source), str(files.self_test), "-lm"]
        for step in (command, [str(program)]):
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                said = (done.stderr or done.stdout).strip().splitlines()
                raise ArtifactError(
                    f"{files.source}: {Path(step[0]).name} ended with {done.returncode}: {said[-1] if said else ''}. "
                    "Please report it with the run's recipe."
                )
    log.info("self-test compiled and passed: %s", files.self_test.name)


def _spread(count: int, most: int) -> np.ndarray:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def _compare(expected: PatchGuesses, found: PatchGuesses) -> PatchParity:
    count = len(next(part for part in (expected.scores, expected.circles) if part is not None))
    return PatchParity(
        num_patches=count,
        max_score=_largest(expected.scores, found.scores),
        max_circle_px=_largest(expected.circles, found.circles),
    )


def _largest(a: np.ndarray | None, b: np.ndarray | None) -> float | None:
    return None if a is None or b is None else float(np.abs(a - b).max())
