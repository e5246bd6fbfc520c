"""The state that a run resumes from; the file is whole or absent."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError, StorageError
from meshsight.training.schedule import Progress

STATE_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingState:
    """Everything that changes while a run goes on.

    Attributes:
        step: optimiser steps done.
        progress: what validations amount to.
        network: the network's state.
        average: the moving average's state, if there is one.
        optimiser: the optimiser's state.
        scaler: the state of the loss's scale, if there is one.
        random: states of torch's generators by device type, which dropout draws from.
        others_random: the same of the run's other processes, by rank from 1.
    """

    step: int
    progress: Progress
    network: dict[str, Tensor]
    average: dict[str, Tensor] | None
    optimiser: dict[str, Any]
    random: dict[str, Tensor]
    scaler: dict[str, Any] | None = None
    others_random: tuple[dict[str, Tensor], ...] = ()

    def random_of(self, rank: int) -> dict[str, Tensor] | None:
        """Returns the generators' states of one process; None of one that was not there."""
        states = (self.random, *self.others_random)
        return states[rank] if rank < len(states) else None


def random_state(device: torch.device) -> dict[str, Tensor]:
    """Returns the state of the CPU's generator and, if another, of the device's."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_random(states: dict[str, Tensor], device: torch.device) -> None:
    """Puts generators back; one whose state is not known goes on as it is."""
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)


def write_state(path: Path, state: TrainingState) -> None:
    """Writes the state of a run, atomically.

    Raises:
        StorageError: the disk is full or the place cannot be written; the file that was there stays.
    """
    content = {
        "version": STATE_VERSION,
        "step": state.step,
        "progress": asdict(state.progress),
        "network": state.network,
        "average": state.average,
        "optimiser": state.optimiser,
        "random": state.random,
        "scaler": state.scaler,
        "others_random": list(state.others_random),
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(content, temporary)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:  # torch wraps a full disk in an error of its own
        if path.parent.is_dir():
            temporary.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: cannot write the checkpoint: {_first_line(error)}. Free space or name another folder."
        ) from error


def read_state(path: Path) -> TrainingState:
    """Reads the state of a run onto the CPU; nothing in the file is executed.

    Raises:
        ArtifactError: the file is missing, damaged or of another version.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, UnpicklingError, EOFError, LookupError) as error:
        raise ArtifactError(f"{path}: no readable training state ({_first_line(error)})") from error
    if not isinstance(content, dict) or content.pop("version", None) != STATE_VERSION:
        raise ArtifactError(f"{path}: expected a training state of version {STATE_VERSION}; start the run anew")
    others = tuple(content.pop("others_random", ()))
    return TrainingState(**{**content, "progress": Progress(**content["progress"]), "others_random": others})


def delete_oldest(folder: Path, pattern: str, keep: int) -> None:
    """Deletes all but the last `keep` files that match, in order of their names."""
    for path in sorted(folder.glob(pattern))[:-keep]:
        path.unlink()


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
