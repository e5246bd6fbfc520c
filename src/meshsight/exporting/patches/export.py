"""A trained patch network becomes an artifact, compared with the network on real patches before it counts."""

import platform
from importlib import metadata
from pathlib import Path

from meshsight.core.errors import ArtifactError, CallError, StorageError
from meshsight.core.files import sha256_of_file
from meshsight.exporting.kinds import PATCH_EXPORTER_KINDS
from meshsight.exporting.patches.comparing import PatchesToCompare, compare
from meshsight.exporting.patches.written import Written
from meshsight.records.artifact import Fingerprints
from meshsight.records.patches import PatchArtifact, PatchParity, write_patch_manifest
from meshsight.specs.base import VariantSpec
from meshsight.training.patches.model import TorchPatchModel

MAX_SCORE = 1e-4
MAX_CIRCLE_PX = 1e-3

PACKAGES = ("meshsight", "torch", "onnx", "onnxscript", "onnxruntime")


def export_patches(
    spec: VariantSpec, model: TorchPatchModel, patches: PatchesToCompare, fingerprints: Fingerprints, out: Path
) -> PatchArtifact:
    """Writes an artifact; float32 ones must equal the network, an int8 one says what it costs.

    Args:
        spec: of a kind in `PATCH_EXPORTER_KINDS`.
        model: what was trained.
        patches: to compare on.
        fingerprints: where it comes from.
        out: folder of the artifact.

    Raises:
        ArtifactError: the network cannot be exported, or what was written differs from it.
        CallError: there are no patches to compare on.
        MissingExtraError: the format's library is not installed.
        StorageError: the folder cannot be written.
    """
    if len(patches.pixels) == 0:
        raise CallError("no patches to compare on")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out}: cannot hold an artifact: {error.strerror or error}") from error
    expected = model.look(patches.pixels, patches.places)
    written: Written = PATCH_EXPORTER_KINDS.builder(spec.kind)(spec, model, patches, out)
    parity = None if written.found is None else compare(expected, written.found)
    beside = None
    if written.found is not None and written.by_onnxruntime is not None:
        beside = compare(written.by_onnxruntime, written.found)
    if not written.is_rounded:
        _refuse_difference(out, parity, "the trained network")
        _refuse_difference(out, beside, "onnxruntime")
    versions = {"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES}
    artifact = PatchArtifact(
        kind=spec.kind,
        model=written.file.name,
        model_sha256=sha256_of_file(written.file),
        signature=model.signature,
        parity=parity,
        parity_to_onnxruntime=beside,
        not_compared=written.not_compared,
        figures_before=patches.measure(expected),
        figures_after={} if written.found is None else patches.measure(written.found),
        fingerprints=fingerprints,
        flavours=dict(written.flavours),
        made_with=versions | dict(written.made_with),
    )
    write_patch_manifest(out, artifact)
    return artifact


def _refuse_difference(out: Path, parity: PatchParity | None, other: str) -> None:
    if parity is None:
        return
    score, circle_px = parity.max_score or 0, parity.max_circle_px or 0
    if not (score <= MAX_SCORE and circle_px <= MAX_CIRCLE_PX):
        raise ArtifactError(
            f"{out}: differs from {other}: scores by up to {score:.2g}, circles by up to {circle_px:.2g} px. Please "
            "report it with the run's recipe."
        )
