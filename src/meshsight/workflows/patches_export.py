"""`export` of a patch network: ONNX, C99 or TFLite, proven or measured on real patches."""

import logging
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError, DataError
from meshsight.core.files import sha256_of_file
from meshsight.datasets.patches.arrays import PatchArrays
from meshsight.exporting.kinds import PATCH_EXPORTER_KINDS
from meshsight.exporting.patches.comparing import PatchesToCompare
from meshsight.exporting.patches.export import export_patches
from meshsight.records.artifact import Fingerprints
from meshsight.records.patches import PatchArtifact, PatchGuesses, PatchSignature
from meshsight.specs.base import fingerprint
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.patches.model import load_patch_run
from meshsight.training.patches.validation import figures_of
from meshsight.training.run_folder import RunFiles, RunManifest
from meshsight.workflows.patch_models import open_patches

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchExported:
    """A finished artifact."""

    artifact: Path
    manifest: PatchArtifact


def export_patch_run(run: Path, *, out: Path, to: str = "onnx", data: str | Path | None = None) -> PatchExported:
    """Exports the best weights of a patch network's run.

    Args:
        run: the run's folder.
        out: folder of the artifact.
        to: a kind in `PATCH_EXPORTER_KINDS`: onnx, onnx_int8, c99, tflite.
        data: patches to compare on, and to take the ranges of an int8 network from; None takes the run's own.

    Raises:
        ArtifactError: the folder is no such run, or the artifact would differ from it.
        CallError: there is no such format, or the run's patches are gone and none are given.
        MissingExtraError: the format's library is not installed.
        StorageError: the folder cannot be written.
    """
    spec = PATCH_EXPORTER_KINDS.module(to).Spec()
    model, manifest = load_patch_run(run, "cpu")
    recipe = manifest.spec
    assert isinstance(recipe, PatchTrainSpec)
    patches = _patches(manifest, model.signature, data)

    def measure(guesses: PatchGuesses) -> dict[str, float | None]:
        return figures_of(patches, guesses.scores, guesses.circles, recipe.validation)

    artifact = export_patches(
        spec,
        model,
        PatchesToCompare(pixels=patches.pixels, places=patches.places, measure=measure),
        Fingerprints(
            recipe=fingerprint(recipe),
            weights=sha256_of_file(RunFiles(run).weights),
            data=tuple(source.fingerprint for source in manifest.data),
        ),
        out,
    )
    return PatchExported(artifact=out, manifest=artifact)


def _patches(manifest: RunManifest, signature: PatchSignature, data: str | Path | None) -> PatchArrays:
    """Opens what the caller names, or the first data set of the run that is still there."""
    if data is not None:
        return open_patches(data, signature)
    for source in (*manifest.validation, *manifest.data):
        try:
            return open_patches(source.root, signature)
        except DataError as error:
            log.debug("%s", error)
    raise CallError("none of the run's patches can be opened any more; name some to compare on: --data DIR")
