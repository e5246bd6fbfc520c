"""A network's weights as a file: safetensors, with the class names in its metadata, whole or absent."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from meshsight.core.errors import ArtifactError
from meshsight.core.files import write_bytes

CLASSES = "classes"


def save_weights(path: Path, network: nn.Module, class_names: Sequence[str]) -> None:
    """Writes every parameter and buffer of a network, atomically.

    Raises:
        StorageError: the disk is full or the place cannot be written; the file that was there stays.
    """
    write_weights(path, network.state_dict(), class_names)


def write_weights(path: Path, state: Mapping[str, Tensor], class_names: Sequence[str]) -> None:
    """Writes tensors by name, atomically; a backbone alone has no class names.

    Raises:
        StorageError: the disk is full or the place cannot be written; the file that was there stays.
    """
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    metadata = {CLASSES: json.dumps(list(class_names))} if class_names else None
    write_bytes(path, safetensors.torch.save(tensors, metadata))


def load_weights(path: Path, network: nn.Module) -> tuple[str, ...]:
    """Fills a network with weights and returns their class names.

    Raises:
        ArtifactError: the file is missing, damaged, of no network of ours, or of another one than this.
    """
    tensors, classes = read_weights(path)
    refuse_misfits(str(path), tensors, network.state_dict())
    network.load_state_dict(tensors)
    return classes


def read_weights(path: Path) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Returns the tensors of a file by name, and the class names.

    Raises:
        ArtifactError: the file is missing, damaged or of no network of ours.
    """
    try:
        with safe_open(path, framework="pt") as file:
            classes = (file.metadata() or {}).get(CLASSES)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise ArtifactError(f"{path}: no readable safetensors file ({error})") from error
    if classes is None:
        raise ArtifactError(
            f"{path}: holds no class names; expected weights that meshsight saved. Weights of other programs become "
            "such with `meshsight weights import`"
        )
    return tensors, tuple(json.loads(classes))


def refuse_misfits(where: str, found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    """Refuses tensors that are not exactly those of a network.

    Raises:
        ArtifactError: one is missing, unknown or of another shape.
    """
    problems = misfits(found, expected)
    if problems:
        raise ArtifactError(
            f"{where}: weights of another network: {'; '.join(problems)}. Use the recipe they came with."
        )


def misfits(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> list[str]:
    """Returns in what tensors are not exactly those of a network: missing, unknown, or of another shape."""
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
    return problems
