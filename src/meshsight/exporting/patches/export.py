"""A trained patch network becomes an artifact, compared with the network on real patches before it counts."""

import platform
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from meshsight.core.errors import ArtifactError, CallError, StorageError
from meshsight.core.files import sha256_of_file
from meshsight.exporting.patches.c99 import NO_COMPILER, write_c99
from meshsight.exporting.patches.comparing import PatchesToCompare, compare, spread
from meshsight.exporting.patches.graph import write_onnx
from meshsight.exporting.patches.int8 import NUM_REPRESENTATIVE, write_int8
from meshsight.records.artifact import Fingerprints
from meshsight.records.patches import PatchArtifact, PatchGuesses, PatchParity, write_patch_manifest
from meshsight.runtime.patch_graph import OnnxPatchModel
from meshsight.training.patches.model import TorchPatchModel

PatchKind = Literal["onnx", "onnx_int8", "c99"]
PATCH_KINDS: tuple[PatchKind, ...] = ("onnx", "onnx_int8", "c99")
ROUNDED: tuple[PatchKind, ...] = ("onnx_int8",)
"""What may differ from the network; the manifest says how much."""
MAX_SCORE = 1e-4
MAX_CIRCLE_PX = 1e-3

PACKAGES = ("meshsight", "torch", "onnx", "onnxscript", "onnxruntime")


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
        ArtifactError: the network cannot be exported, or what was written differs from it.
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
    written = _write(kind, model, patches, out)
    parity = None if written.found is None else compare(expected, written.found)
    beside = None
    if written.found is not None and written.by_onnxruntime is not None:
        beside = compare(written.by_onnxruntime, written.found)
    if kind not in ROUNDED:
        _refuse_difference(out, parity, "the trained network")
        _refuse_difference(out, beside, "onnxruntime")
    versions = {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}
    artifact = PatchArtifact(
        kind=kind,
        model=written.file.name,
        model_sha256=sha256_of_file(written.file),
        signature=model.signature,
        parity=parity,
        parity_to_onnxruntime=beside,
        not_compared=NO_COMPILER if parity is None else None,
        figures_before=patches.measure(expected),
        figures_after={} if written.found is None else patches.measure(written.found),
        fingerprints=fingerprints,
        made_with=versions | written.made_with,
    )
    write_patch_manifest(out, artifact)
    return artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """The file that counts, and what it says of the patches when it is run.

    Attributes:
        file: of the network.
        found: what it says; None where it cannot be run here.
        by_onnxruntime: what onnxruntime says, for a file that onnxruntime does not run.
        made_with: what else made it.
    """

    file: Path
    found: PatchGuesses | None
    by_onnxruntime: PatchGuesses | None
    made_with: dict[str, str]


def _write(kind: PatchKind, model: TorchPatchModel, patches: PatchesToCompare, out: Path) -> _Written:
    if kind == "c99":
        c = write_c99(model, patches, out)
        return _Written(file=c.files.header, found=c.found, by_onnxruntime=c.by_onnxruntime, made_with=c.made_with)
    path = out / "model.onnx"
    if kind == "onnx":
        write_onnx(model.net, model.signature, path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / "float.onnx"
            write_onnx(model.net, model.signature, plain)
            rows = spread(len(patches.pixels), NUM_REPRESENTATIVE)
            places = None if patches.places is None else patches.places[rows]
            write_int8(plain, path, model.signature, patches.pixels[rows], places)
    found = OnnxPatchModel(path, model.signature).look(patches.pixels, patches.places)
    return _Written(file=path, found=found, by_onnxruntime=None, made_with={})


def _refuse_difference(out: Path, parity: PatchParity | None, other: str) -> None:
    if parity is None:
        return
    score, circle_px = parity.max_score or 0, parity.max_circle_px or 0
    if not (score <= MAX_SCORE and circle_px <= MAX_CIRCLE_PX):
        raise ArtifactError(
            f"{out}: differs from {other}: scores by up to {score:.2g}, circles by up to {circle_px:.2g} px. Please "
            "report it with the run's recipe."
        )
