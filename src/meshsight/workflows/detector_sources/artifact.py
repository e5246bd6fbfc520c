"""An exported artifact as a detector, without torch."""

from pathlib import Path

from meshsight.core.errors import CallError
from meshsight.records.artifact import MANIFEST, read_manifest
from meshsight.runtime.opening import find_artifact, open_artifact
from meshsight.workflows.opening import ModelFacts, OpenedDetector

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
    detector = open_artifact(path)
    folder = find_artifact(path)
    manifest = read_manifest(folder)
    facts = ModelFacts(
        model=f"{manifest.kind} artifact",
        input_hw=manifest.input.size_hw,
        size_bytes=(folder / manifest.model).stat().st_size,
    )
    return OpenedDetector(detector=detector, kind="artifact", facts=facts)
