"""The HDF5 files of a patch data set: which there are, what each says, and how one is written."""

import json
import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import h5py
import numpy as np
from jaxtyping import Bool, Float, Int64, UInt8

from meshsight.core.containers._h5 import is_images
from meshsight.core.errors import DataError, StorageError
from meshsight.datasets.patches.circle import BALL
from meshsight.datasets.patches.origins import IMAGE_SIZES, IMAGES, PLACES, Origins

log = logging.getLogger(__name__)

SUFFIXES = (".h5", ".hdf5")
_LABELS = ("y", "Y")
_BATCH = 256
_SPLIT = re.compile(r"_\d+x\d+_(?P<split>.+)_ball_(no_ball|radius_center)_X_y$")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchFile:
    """What a file says of its patches.

    Attributes:
        path: the file.
        size_hw: of every patch.
        classes: names by class id.
        class_ids: of each patch's object, -1 for none.
        circles: radius, x and y in pixels, or None where only classes are known.
        groups: of each patch, or None.
    """

    path: Path
    size_hw: tuple[int, int]
    classes: tuple[str, ...]
    class_ids: Int64[np.ndarray, " n"]
    circles: Float[np.ndarray, "n 3"] | None
    groups: tuple[str, ...] | None


def files_by_split(path: Path) -> dict[str, Path]:
    """Returns the files of a folder, or the one file, by split; a file that names none goes by its stem."""
    files = [path] if path.is_file() else sorted(file for file in path.glob("*") if file.suffix.lower() in SUFFIXES)
    named = {split_of(file) or file.stem: file for file in files}
    return named if len(named) == len(files) else {file.stem: file for file in files}


def split_of(file: Path) -> str | None:
    """Returns the split in a file's name."""
    found = _SPLIT.search(file.stem)
    return found["split"] if found else None


def has_labels(file: Path) -> bool:
    """Tells whether a file is one of patches; damaged ones are not."""
    try:
        with h5py.File(file, "r", locking=False) as opened:
            return any(key in opened for key in _LABELS) and any(is_images(array) for array in opened.values())
    except OSError:
        return False


def read_patch_file(file: Path, images: str) -> PatchFile:
    """Reads everything but the pixels.

    Args:
        file: the file.
        images: the array that holds the images.

    Raises:
        DataError: the file is damaged, or an array is missing or not what it must be; the message lists what is there.
    """
    try:
        with h5py.File(file, "r", locking=False) as opened:
            return _read(file, opened, images)
    except OSError as error:
        raise DataError(f"{file}: damaged or no HDF5 file ({error})") from error


def _read(file: Path, opened: h5py.File, images: str) -> PatchFile:
    key = next((key for key in _LABELS if key in opened), None)
    if key is None:
        raise DataError(f"{file}: no labels 'y'; there are {_listing(opened)}")
    y = np.asarray(cast("h5py.Dataset", opened[key])[()], dtype=np.float64)
    shape = _image_shape(file, opened, images, len(y))
    classes = tuple(json.loads(str(opened.attrs["classes"]))) if "classes" in opened.attrs else (BALL,)
    label = cast("h5py.Dataset", opened["label"])[()] if "label" in opened else None
    circles, numbers = _targets(file, y, label, shape)
    if circles is not None:
        numbers = np.where(_touches(circles, shape, file) | (numbers == 0), numbers, 0)
    if np.any(numbers < 0) or np.any(numbers > len(classes)) or np.any(numbers != np.round(numbers)):
        raise DataError(f"{file}: '{key}' must be 0 for nothing and up to {len(classes)} for {', '.join(classes)}")
    groups = None
    if "group" in opened:
        groups = tuple(str(name) for name in cast("h5py.Dataset", opened["group"]).asstr()[()])
    return PatchFile(
        path=file,
        size_hw=shape,
        classes=classes,
        class_ids=numbers.astype(np.int64) - 1,
        circles=circles,
        groups=groups,
    )


def _image_shape(file: Path, opened: h5py.File, images: str, count: int) -> tuple[int, int]:
    """Returns height and width of the images, after checking that they are images and one for each label."""
    array = opened.get(images)
    if is_images(array) and len(cast("h5py.Dataset", array)) == count:
        height, width = cast("h5py.Dataset", array).shape[1:3]
        return int(height), int(width)
    others = [key for key, other in opened.items() if is_images(other) and len(other) == count]
    hint = f"; open it with `images: {others[0]}`" if others else ""
    raise DataError(
        f"{file}: '{images}' must be uint8 images of shape ({count}, h, w, 1 to 3); there are {_listing(opened)}{hint}"
    )


def _targets(
    file: Path, y: Float[np.ndarray, "..."], label: np.ndarray | None, size_hw: tuple[int, int]
) -> tuple[Float[np.ndarray, "n 3"] | None, Float[np.ndarray, " n"]]:
    """Returns circles in pixels, if there are any, and 0 or class id + 1 for each patch."""
    height, width = size_hw
    if y.ndim == 2 and y.shape[1] == 3:
        if not np.isfinite(y).all():
            raise DataError(f"{file}: a circle in 'y' is not finite")
        circles = y * (width, width, height)
        numbers = (circles[:, 0] > 0).astype(np.float64) if label is None else label.astype(np.float64)
        return circles, numbers
    if y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1):
        return None, y.reshape(-1)
    raise DataError(f"{file}: 'y' must have the shape (n) or (n, 3), found {y.shape}")


def _touches(circles: Float[np.ndarray, "n 3"], size_hw: tuple[int, int], file: Path) -> Bool[np.ndarray, " n"]:
    """Tells which circles reach into their patch; says how many balls do not."""
    height, width = size_hw
    radius, x, y = circles.T
    reaches = (x + radius > 0) & (x - radius < width) & (y + radius > 0) & (y - radius < height)
    is_lost = (radius > 0) & ~reaches
    if is_lost.any():
        log.warning("%s: left out %d balls that do not touch their patch", file, int(is_lost.sum()))
    return reaches & (radius > 0)


def _listing(opened: h5py.File) -> str:
    arrays = (f"'{key}' {a.dtype} {a.shape}" for key, a in opened.items() if isinstance(a, h5py.Dataset))
    return ", ".join(arrays) or "no arrays"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchTable:
    """What is to be written beside the images.

    Attributes:
        classes: names by class id.
        label: 0 or class id + 1.
        circles: radius, x and y divided by width, width and height; zeros without an object; None writes classes only.
        groups: of each patch.
        origins: where they were cut, or None where unknown.
    """

    classes: tuple[str, ...]
    label: Int64[np.ndarray, " n"]
    circles: Float[np.ndarray, "n 3"] | None
    groups: tuple[str, ...]
    origins: Origins | None = None


def write_patch_file(file: Path, images: Iterable[UInt8[np.ndarray, "_ _ _"]], table: PatchTable) -> None:
    """Writes a file whole or not at all; equal data gives equal bytes.

    Args:
        file: where.
        images: one for each row of the table, all of one shape.
        table: the labels.

    Raises:
        DataError: an image has another shape than the first.
        StorageError: the disk is full.
    """
    temporary = file.with_name(f".{file.name}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with h5py.File(temporary, "w", libver="earliest") as opened:
            _write_images(opened, images, len(table.label))
            opened.create_dataset("y", data=table.label if table.circles is None else table.circles)
            opened.create_dataset("label", data=table.label)
            opened.create_dataset("group", data=list(table.groups), dtype=h5py.string_dtype())
            if table.origins is not None:
                opened.create_dataset(PLACES, data=table.origins.places)
                opened.create_dataset(IMAGES, data=list(table.origins.images), dtype=h5py.string_dtype())
                opened.create_dataset(IMAGE_SIZES, data=table.origins.size_hw.astype(np.int32))
            opened.attrs["classes"] = json.dumps(table.classes, ensure_ascii=False)
        temporary.replace(file)
    except (OSError, RuntimeError) as error:  # h5py raises the latter when a file cannot be closed
        raise StorageError(f"{file}: cannot be written ({error}). Free space or name another folder.") from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _write_images(opened: h5py.File, images: Iterable[UInt8[np.ndarray, "_ _ _"]], count: int) -> None:
    """Writes images in batches, as a row at a time is slow."""
    array: h5py.Dataset | None = None
    batch: list[UInt8[np.ndarray, "_ _ _"]] = []
    done = 0
    for image in images:
        if array is None:
            array = opened.create_dataset("X", shape=(count, *image.shape), dtype=np.uint8)
        batch.append(image)
        if len(batch) == _BATCH:
            array[done : done + _BATCH] = np.stack(batch)
            done, batch = done + _BATCH, []
    if array is not None and batch:
        array[done : done + len(batch)] = np.stack(batch)
