"""Step 10 of the walk begins here: from a path to a detector that predicts without torch."""

from pathlib import Path

from meshsight.core.errors import ArtifactError
from meshsight.core.files import sha256_of_file
from meshsight.records.artifact import HOW_TO_EXPORT, MANIFEST, ArtifactManifest, read_manifest
from meshsight.records.detections import ObjectDetector
from meshsight.runtime.kinds import BACKEND_KINDS


def open_artifact(path: Path, num_threads: int | None = None) -> ObjectDetector:
    """Opens an exported detector, after checking that it is whole.

    Args:
        path: the artifact's folder, or the graph in it.
        num_threads: threads of one inference; None leaves the choice to the backend.

    Raises:
        ArtifactError: it is no artifact, is damaged, or is newer than this program.
    """
    folder = find_artifact(path)
    manifest = read_manifest(folder)
    _check_graph(path, folder, manifest)
    if manifest.kind not in BACKEND_KINDS.names:
        raise ArtifactError(
            f"{folder / MANIFEST}: kind '{manifest.kind}', which no backend here can run "
            f"(there are: {', '.join(BACKEND_KINDS.names)})"
        )
    return BACKEND_KINDS.builder(manifest.kind)(folder, manifest, num_threads)


def find_artifact(path: Path) -> Path:
    """Returns the folder of the artifact at a path.

    Raises:
        ArtifactError: nothing is there, or a graph without a manifest.
    """
    if path.is_dir():
        return path
    if not path.exists():
        raise ArtifactError(f"{path}: no such file or folder. Expected an artifact. {HOW_TO_EXPORT}")
    if not (path.parent / MANIFEST).is_file():
        raise ArtifactError(
            f"{path}: no artifact, for no {MANIFEST} beside it says how to prepare images and read the outputs. "
            f"{HOW_TO_EXPORT}"
        )
    return path.parent


def _check_graph(path: Path, folder: Path, manifest: ArtifactManifest) -> None:
    graph = folder / manifest.model
    if not path.is_dir() and path.name not in (manifest.model, MANIFEST):
        raise ArtifactError(
            f"{path}: not the graph of the artifact around it, which is {manifest.model}. {HOW_TO_EXPORT}"
        )
    if not graph.is_file():
        raise ArtifactError(f"{graph}: missing, though {MANIFEST} names it. Copy it again, or export again.")
    if sha256_of_file(graph) != manifest.model_sha256:
        raise ArtifactError(
            f"{graph}: its checksum differs from {MANIFEST}; the file is damaged or was changed. "
            "Copy it again, or export again."
        )
