"""A run folder as a detector, ready to predict."""

from pathlib import Path

from meshsight.core.errors import ArtifactError
from meshsight.models.build import build_detector
from meshsight.models.weights import load_weights
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.precision import choose_device
from meshsight.training.predictor import TorchDetector
from meshsight.training.run_folder import RunFiles, read_manifest


def load_detector(folder: Path, device: str = "auto") -> TorchDetector:
    """Loads the best weights of a run.

    Args:
        folder: the run's folder.
        device: auto, cpu, cuda or cuda:N.

    Raises:
        ArtifactError: the folder is no run, or its weights are missing or do not fit.
        CallError: no such device here.
    """
    files = RunFiles(folder)
    manifest = read_manifest(files)
    spec = manifest.spec
    if isinstance(spec, PatchTrainSpec):
        raise ArtifactError(f"{folder}: the run of a patch network, where one of a detector is needed")
    network = build_detector(spec.detector, len(manifest.classes), is_pretrained=False)
    classes = load_weights(files.weights, network)
    if classes != manifest.classes:
        found, expected = ", ".join(classes), ", ".join(manifest.classes)
        raise ArtifactError(
            f"{files.weights}: weights of the classes {found}; the run has {expected}. Restore its own."
        )
    is_turned = spec.data.group_by_aspect
    return TorchDetector(network, manifest.classes, spec.input_hw, choose_device(device), is_turned=is_turned)
