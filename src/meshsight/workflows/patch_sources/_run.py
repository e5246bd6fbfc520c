"""A trained run as a patch network."""

from pathlib import Path

from meshsight.records.patches import PatchModel
from meshsight.training.patches.model import load_patch_run


def build(path: Path, device: str) -> PatchModel:
    """Loads the run's best weights.

    Raises:
        ArtifactError: the folder is no run, or its weights are missing or do not fit.
        CallError: no such device here.
    """
    return load_patch_run(path, device)[0]
