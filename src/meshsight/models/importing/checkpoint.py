"""Reading files of weights safely: tensors and plain values, never code.

torch's own pickles are read with `weights_only`, safetensors as they are. What mmdetection 3.x and YOLOX write beside
the weights (training logs, best AP) are objects of mmengine and numpy: they are let in as `Nothing`, which runs nothing
and keeps nothing. Any other object is refused.

Which of several sets of weights: the moving average where the program that wrote the file would use it. mmdetection
(both) and YOLOX store it in the place of the weights, so `ema_*` beside them are the plain ones and are dropped; timm
and others store it as `state_dict_ema`, `model_ema`, `ema_state_dict` or `ema`, which is then preferred.
"""

import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from meshsight.core.errors import ArtifactError

WRAPPERS = ("state_dict", "model", "model_state_dict", "module", "weights", "network")
AVERAGES = ("state_dict_ema", "model_ema", "ema_state_dict", "ema")
MAX_DEPTH = 4


class Nothing:
    """Stands for an object that is of no use here."""

    def __init__(self, *parts: object) -> None:
        """Forgets what it would be made of."""

    def __setstate__(self, state: object) -> None:
        """Forgets what it would hold."""


HARMLESS = (
    "mmengine.logging.history_buffer.HistoryBuffer",
    "mmengine.config.config.ConfigDict",
    *("builtins.getattr", "__builtin__.getattr"),
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("_reconstruct", "scalar")),
    *("numpy.ndarray", "numpy.dtype", "numpy.dtypes.Float64DType", "numpy.dtypes.Int64DType"),
    "numpy.dtypes.Float32DType",
)
"""Objects in the files of mmdetection and YOLOX that are read as `Nothing`."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Checkpoint:
    """A file's weights, and what it says about them.

    Attributes:
        name: of the file.
        state: tensors by name, without `module.`.
        classes: names, if the file has them.
        config: mmdetection's configuration as text, or empty.
        notes: what was chosen or dropped, in a line each.
    """

    name: str
    state: dict[str, Tensor]
    classes: tuple[str, ...] | None = None
    config: str = ""
    notes: tuple[str, ...] = ()


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a file of weights.

    Raises:
        ArtifactError: no such file, no weights in it, or objects that could run code.
    """
    if not path.is_file():
        raise ArtifactError(f"{path}: no such file")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    notes: list[str] = []
    state = _find_state(content, notes)
    if state is None:
        found = ", ".join(list(content)[:5]) if isinstance(content, Mapping) else type(content).__name__
        raise ArtifactError(f"{path}: no weights in it; expected tensors by name, found {found or 'nothing'}")
    meta = content.get("meta") if isinstance(content, Mapping) else None
    meta = meta if isinstance(meta, Mapping) else {}
    state = _without_averages(state, notes)
    return Checkpoint(
        name=path.name, state=state, classes=_classes_of(meta), config=_config_of(meta), notes=tuple(notes)
    )


def _read_safetensors(path: Path) -> object:
    try:
        return safetensors.torch.load_file(path)
    except (OSError, SafetensorError) as error:
        raise ArtifactError(f"{path}: no readable safetensors file ({error})") from error


def _read_pickle(path: Path) -> object:
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals([(Nothing, name) for name in HARMLESS]):
            warnings.simplefilter("ignore", UserWarning)  # of pickles that torch itself did not write
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "weights_only" in str(error).lower():
            raise ArtifactError(
                f"{path}: refused, because it holds more than tensors, which could run code when read. If you trust "
                "it, convert it where it was made: python -c \"import torch; c = torch.load('IN', weights_only=False); "
                "torch.save(c.get('state_dict', c), 'OUT')\""
            ) from error
        raise ArtifactError(f"{path}: no file that torch or safetensors wrote") from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, AttributeError, IndexError, TypeError) as error:
        raise ArtifactError(f"{path}: no file that torch or safetensors wrote, or a damaged one") from error


def _find_state(content: object, notes: list[str], depth: int = 0) -> dict[str, Tensor] | None:
    """Returns the tensors of the innermost wrapper."""
    if not isinstance(content, Mapping) or depth > MAX_DEPTH:
        return None
    is_mmengine = isinstance(content.get("meta"), Mapping)
    for key in (*(() if is_mmengine else AVERAGES), *WRAPPERS):
        found = _find_state(content.get(key), notes, depth + 1)
        if found:
            if key in AVERAGES:
                notes.append(f"the moving average ('{key}') was taken")
            return found
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    return {name.removeprefix("module."): value for name, value in tensors.items()} or None


def _without_averages(state: dict[str, Tensor], notes: list[str]) -> dict[str, Tensor]:
    """Drops what mmdetection 2.x keeps beside the moving average: `ema_` and the name with underscores."""
    beside = {f"ema_{name.replace('.', '_')}" for name in state} & state.keys()
    if beside:
        notes.append(f"{len(beside)} tensors 'ema_*' beside the moving average were left out")
    return {name: value for name, value in state.items() if name not in beside}


def _classes_of(meta: Mapping[str, object]) -> tuple[str, ...] | None:
    data = meta.get("dataset_meta")
    for place in (data if isinstance(data, Mapping) else {}, meta):
        for key in ("classes", "CLASSES"):
            names = place.get(key)
            if isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names):
                return tuple(names)
    return None


def _config_of(meta: Mapping[str, object]) -> str:
    found = meta.get("cfg") or meta.get("config")
    return found if isinstance(found, str) else ""
