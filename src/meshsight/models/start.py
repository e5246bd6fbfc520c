"""A training that starts from a whole detector's weights, of the same classes or of others."""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from meshsight.core.errors import ArtifactError
from meshsight.models.class_rows import class_rows, move_classes
from meshsight.models.detector import Detector
from meshsight.models.weights import read_weights, refuse_misfits

log = logging.getLogger(__name__)

WEIGHTS = "weights.safetensors"
"""The file in a folder of weights: a run, or what `meshsight weights import` wrote."""


@torch.no_grad()
def start_from(network: Detector, classes: Sequence[str], path: Path) -> None:
    """Fills a detector with weights; the rows of classes that these do not know keep their random start.

    Args:
        network: fresh.
        classes: its class names.
        path: file of weights that meshsight wrote, or a folder with one.

    Raises:
        ArtifactError: no such weights, or weights of another detector.
    """
    file = path / WEIGHTS if path.is_dir() else path
    found, found_classes = read_weights(file)
    own = network.state_dict()
    for name, tensor in own.items():
        rows = class_rows(name)
        if rows is None or name not in found or tuple(classes) == found_classes:
            continue
        try:
            found[name] = move_classes(rows, found[name], tensor, found_classes, list(classes))
        except ValueError as error:
            raise ArtifactError(f"{file}: weights of another network: {name}: {error}") from error
    refuse_misfits(str(file), found, own)
    network.load_state_dict(found)
    new = [name for name in classes if name not in found_classes]
    log.info(
        "starting from %s: %d of %d classes known by name%s",
        file,
        len(classes) - len(new),
        len(classes),
        f"; new: {', '.join(new)}" if new else "",
    )
