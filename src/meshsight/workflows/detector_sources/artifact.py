"""An exported artifact as a detector, without torch."""

from pathlib import Path

from meshsight.core.errors import CallError
from meshsight.records.artifact import MANIFEST
from meshsight.runtime.opening import open_artifact
from meshsight.workflows.opening import OpenedDetector

LOOKS_FOR = f"{MANIFEST} of an artifact, or a graph beside one"


def recognises(path: Path) -> bool:
    """Whether the path is a file, or a folder with an artifact's manifest; opening it then says what is wrong."""
    return path.is_file() or (path / MANIFEST).is_file()


def build(path: Path, device: str) -> OpenedDetector:
    """Opens the artifact.

    Raises:
        ArtifactError: it is damaged, or no artifact.
        CallError: another device than the CPU is asked for.
    """
    if device not in ("auto", "cpu"):
        raise CallError(f"--device {device}: an exported artifact runs on the cpu; give the run folder to use {device}")
    return OpenedDetector(detector=open_artifact(path), kind="artifact")
