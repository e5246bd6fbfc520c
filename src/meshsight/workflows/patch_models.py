"""From a path to a patch network: a trained run (which needs torch) or an exported graph (which does not)."""

import json
from pathlib import Path

from meshsight.core.errors import DataError
from meshsight.core.kinds import Kinds
from meshsight.datasets.patches.arrays import PatchArrays, in_words, read_patches
from meshsight.records.dataset import Dataset
from meshsight.records.patches import PATCH_MANIFEST, PatchModel, PatchSignature
from meshsight.specs.learning import is_of_patches
from meshsight.workflows.sources import open_source

PATCH_SOURCES = Kinds("meshsight.workflows.patch_sources", "patch network source")


def is_patch_model(path: Path) -> bool:
    """Whether a path is a run or an export of a patch network; opening it then says what is wrong with it."""
    if (path / PATCH_MANIFEST).is_file():
        return True
    try:
        manifest = json.loads((path / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(manifest, dict) and is_of_patches(manifest.get("spec"))


def open_patch_model(path: Path, device: str = "auto") -> PatchModel:
    """Opens a run or an exported graph.

    Raises:
        ArtifactError: it is damaged, or C code.
        MissingExtraError: it is a run, and torch is not installed.
        CallError: no such device here.
    """
    kind = "artifact" if (path / PATCH_MANIFEST).is_file() else "run"
    return PATCH_SOURCES.builder(kind)(path, device)


def open_patches(source: str | Path | Dataset | PatchArrays, signature: PatchSignature) -> PatchArrays:
    """Reads patches that a network can look at.

    Raises:
        DataError: they are bad, or of another size or colour mode than the network's.
    """
    patches = source if isinstance(source, PatchArrays) else read_patches(open_source(source), signature.ball)
    expected = (*signature.input_hw, signature.channels)
    if patches.pixels.shape[1:] != expected:
        raise DataError(
            f"{patches.name}: {in_words(patches.pixels.shape[1:])}; the network takes {in_words(expected)}. Make "
            "others with `meshsight patches make`"
        )
    if signature.has_position and patches.places is None:
        raise DataError(f"{patches.name}: does not say where its patches were cut, which the network is told")
    return patches
