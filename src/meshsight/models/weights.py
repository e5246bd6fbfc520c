"""A detector's weights as a file: safetensors, with the class names in its metadata."""

import json
from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.core.files import write_bytes
from meshsight.models.detector import Detector

CLASSES = "classes"


def save_weights(path: Path, detector: Detector, class_names: Sequence[str]) -> None:
    """Writes every parameter and buffer of a detector, atomically.

    Raises:
        StorageError: the place cannot be written.
    """
    assert len(class_names) == detector.num_classes, class_names
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in detector.state_dict().items()}
    write_bytes(path, safetensors.torch.save(tensors, {CLASSES: json.dumps(list(class_names))}))


def load_weights(path: Path, detector: Detector) -> tuple[str, ...]:
    """Fills a detector with weights and returns their class names.

    Raises:
        ArtifactError: the file is missing, damaged, of no detector of ours, or of another one than this.
    """
    try:
        with safe_open(path, framework="pt") as file:
            classes = (file.metadata() or {}).get(CLASSES)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise ArtifactError(f"{path}: no readable safetensors file ({error})") from error
    if classes is None:
        raise ArtifactError(f"{path}: holds no class names; expected weights that meshsight saved")
    _refuse_misfits(path, tensors, detector.state_dict())
    detector.load_state_dict(tensors)
    return tuple(json.loads(classes))


def _refuse_misfits(path: Path, found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    problems = [
        f"{len(missing)} missing (first: {missing[0]})" for missing in [sorted(expected - found.keys())] if missing
    ]
    problems += [
        f"{len(extra)} unknown (first: {extra[0]})" for extra in [sorted(found.keys() - expected.keys())] if extra
    ]
    problems += [
        f"{name} is {list(found[name].shape)} instead of {list(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name].shape != tensor.shape
    ][:1]
    if problems:
        raise ArtifactError(
            f"{path}: weights of another detector: {'; '.join(problems)}. Use the recipe they came with."
        )
