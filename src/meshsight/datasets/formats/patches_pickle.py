"""Ball patches in the pickles that RoboCup's NaoTH used before HDF5 (`tk03_combined_detection.pkl`); read only.

One file is a stream: mean, images, targets, and perhaps more. Targets are n, 4: radius, centre x, centre y (divided by
the patch's size) and whether it is a ball; or n, 3 with the last in an array of its own; or n, that alone. The paths of
the images may follow. No code in the pickle is run: see `core/array_pickle.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from meshsight.core.container import open_container
from meshsight.core.containers.pkl import SUFFIXES, PatchPickle
from meshsight.core.errors import DataError
from meshsight.datasets.patches.circle import BALL, circle_label, class_label
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.base import VariantSpec

_PROTOCOL = b"\x80"


class Spec(VariantSpec):
    """Pickled ball patches."""

    kind: Literal["patches_pickle"] = "patches_pickle"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Labels:
    """Of each patch: whether it is a ball, its circle in pixels (None: only that), its group."""

    is_ball: Bool[np.ndarray, " n"]
    circles: Float[np.ndarray, "n 3"] | None
    groups: Sequence[str]


class PatchesPickleFormat:
    """Reads pickled patches."""

    looks_for = "a .pkl file, or a folder with one (ball patches)"

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks at the first byte of the file."""
        files = _files(path)
        if len(files) != 1:
            return False
        with files[0].open("rb") as file:
            return file.read(1) == _PROTOCOL

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns (): a file is one data set."""
        return ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Reads the file into memory.

        Raises:
            DataError: it is damaged, asks for code, or is something else.
        """
        files = _files(path)
        if len(files) != 1 or split is not None:
            raise DataError(f"{path}: expected one .pkl file without splits, found {len(files)}")
        (file,) = files
        patches = open_container(file)
        assert isinstance(patches, PatchPickle), "the suffix tells the kind of container"
        return Dataset(
            root=file.parent,
            classes=(BALL,),
            num_samples=len(patches),
            samples=partial(_stream, file.name, patches, _read_labels(patches, file)),
            name=file.stem,
            fingerprint=None,
        )


def build(spec: Spec) -> PatchesPickleFormat:
    """Returns the reader."""
    return PatchesPickleFormat(spec)


def _files(path: Path) -> list[Path]:
    files = [path] if path.is_file() else path.glob("*")
    return sorted(file for file in files if file.suffix.lower() in SUFFIXES)


def _read_labels(patches: PatchPickle, file: Path) -> _Labels:
    height, width = patches.size_hw
    targets, *others = patches.labels
    table = targets if isinstance(targets, np.ndarray) and targets.dtype.kind in "biuf" else np.zeros(0)
    columns = table.reshape(len(table), -1).shape[1] if len(table) else 0
    if len(table) != len(patches) or columns not in (1, 3, 4) or not np.isfinite(table).all():
        raise DataError(f"{file}: the third pickle must be {len(patches)} rows of radius, x, y and is_ball")
    table = table.reshape(len(table), -1).astype(np.float64)
    flags = next((one for one in others if _is_flags(one, len(patches))), None)
    is_ball = table[:, 0] > 0 if flags is None else np.asarray(flags).reshape(-1) > 0.5
    if columns == 4:
        is_ball = table[:, 3] > 0.5
    return _Labels(
        is_ball=is_ball,
        circles=table[:, :3] * (width, width, height) if columns > 1 else None,
        groups=next((paths for one in others if (paths := _paths(one, len(patches)))), ()),
    )


def _is_flags(value: object, count: int) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "biuf" and value.size == count


def _paths(value: object, count: int) -> list[str]:
    """Returns a list of paths, or an empty list if the value is none."""
    items = value.tolist() if isinstance(value, np.ndarray) and value.dtype.kind in "SU" else value
    if not isinstance(items, list | tuple) or len(items) != count:
        return []
    return [item.decode(errors="replace") if isinstance(item, bytes) else str(item) for item in items]


def _stream(name: str, patches: PatchPickle, labels: _Labels) -> Iterator[Sample]:
    for row, member in enumerate(patches.names()):
        yield Sample(
            image=f"{name}/{member}",
            size_hw=patches.size_hw,
            objects=_objects(labels, row, patches.size_hw),
            frame=row,
            group=labels.groups[row] if labels.groups else f"{name}/{member}",
        )


def _objects(labels: _Labels, row: int, size_hw: tuple[int, int]) -> tuple[ObjectLabel, ...]:
    if not labels.is_ball[row]:
        return ()
    if labels.circles is None:
        return (class_label(0, size_hw),)
    radius, x, y = labels.circles[row].tolist()
    label = circle_label(0, (radius, x, y), size_hw)
    return () if label is None else (label,)
