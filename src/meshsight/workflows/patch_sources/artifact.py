"""An exported graph as a patch network, without torch."""

from pathlib import Path

from meshsight.core.errors import CallError
from meshsight.records.patches import PatchModel
from meshsight.runtime.patch_graph import open_patch_artifact


def build(path: Path, device: str) -> PatchModel:
    """Opens the graph.

    Raises:
        ArtifactError: it is damaged, or C code.
        CallError: another device than the CPU is asked for.
    """
    if device not in ("auto", "cpu"):
        raise CallError(f"--device {device}: an exported patch network runs on the cpu")
    return open_patch_artifact(path)
