"""Where KITTI-like data sets keep their files, and which image belongs to which label file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from meshsight.core.errors import DataError
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.format import WHOLE
from meshsight.datasets.kitti.rows import looks_like_row

IMAGE_FOLDERS = ("image_2", "images", "rgb", "image")
LABEL_FOLDERS = ("label_2", "labels", "object_detection")
CALIBRATIONS = "calib"
TRAINING = "training"
_INNER = (TRAINING, "Camera")
_TELLING = ("label_2", "object_detection")
_PEEKED_FILES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class KittiFolder:
    """Two folders that belong together; calibrations may lie beside them in `calib`."""

    images: Path
    labels: Path

    @property
    def calibrations(self) -> Path:
        """Where calibrations lie, if there are any."""
        return self.labels.parent / CALIBRATIONS


def kitti_folders(path: Path) -> dict[str, KittiFolder]:
    """Finds images and labels: of the whole data set, else of each split by name.

    The whole may lie in `training/` (KITTI) or `Camera/` (Isaac Sim); a split is a subfolder.
    """
    if not path.is_dir():
        return {}
    whole = _pair(path)
    if whole is not None:
        return {WHOLE: whole}
    found = ((child.name, _pair(child) or _inner(child)) for child in sorted(path.iterdir()) if child.is_dir())
    splits = {name: folder for name, folder in found if folder is not None}
    only = next(iter(splits)) if len(splits) == 1 else None
    return {WHOLE: splits[only]} if only in _INNER else splits


def files_by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, str]:
    """Returns the names of a folder's files with one of the suffixes, by their stems, 2 before 10.

    Raises:
        DataError: two files have one stem.
    """
    found: dict[str, str] = {}
    for name in sorted((entry.name for entry in folder.iterdir()), key=_naturally):
        if not name.lower().endswith(suffixes):
            continue
        stem = Path(name).stem
        if stem in found:
            raise DataError(f"{folder}: '{found[stem]}' and '{name}' have one stem, so one label file; remove one")
        found[stem] = name
    return found


def images_with_labels(folder: KittiFolder, keeps_missing_images: bool, takes_unlabelled: bool) -> dict[str, str]:
    """Returns the image files by stem, after checking that images and label files match.

    Args:
        folder: where they lie.
        keeps_missing_images: a label file without an image is let through, with the name that its image would have.
        takes_unlabelled: an image without a label file is let through.

    Raises:
        DataError: a label file has no image, or an image no label file.
    """
    images = files_by_stem(folder.images, IMAGE_SUFFIXES)
    labels = files_by_stem(folder.labels, (".txt",))
    without_image = [stem for stem in labels if stem not in images]
    if without_image and not keeps_missing_images:
        raise DataError(
            f"{folder.labels}: {len(without_image)} of {len(labels)} label files have no image in {folder.images}, "
            f"first '{labels[without_image[0]]}'"
        )
    without_labels = [name for stem, name in images.items() if stem not in labels]
    if without_labels and not takes_unlabelled:
        raise DataError(
            f"{folder.images}: {len(without_labels)} of {len(images)} images have no label file in {folder.labels}, "
            f"first '{without_labels[0]}'; add an empty file, or open the data set with `missing_labels: empty`"
        )
    suffix = Path(next(iter(images.values()), ".png")).suffix
    return images | {stem: stem + suffix for stem in without_image}


def _inner(folder: Path) -> KittiFolder | None:
    return next((pair for name in _INNER if (pair := _pair(folder / name)) is not None), None)


def _pair(base: Path) -> KittiFolder | None:
    images = next((base / name for name in IMAGE_FOLDERS if (base / name).is_dir()), None)
    labels = next((base / name for name in LABEL_FOLDERS if (base / name).is_dir()), None)
    if images is None or labels is None or not _holds_rows(labels):
        return None
    return KittiFolder(images=images, labels=labels)


def _holds_rows(folder: Path) -> bool:
    """Looks at the first row that is there; files without any count where the folder's name leaves no doubt."""
    files = [file for file in islice(folder.iterdir(), _PEEKED_FILES) if file.suffix == ".txt"]
    first = next((row for file in files for row in _first_row(file)), None)
    return looks_like_row(first) if first is not None else bool(files) and folder.name in _TELLING


def _first_row(file: Path) -> Iterator[str]:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        yield from islice((line for line in lines if line.strip()), 1)


def _naturally(name: str) -> list[tuple[int, str]]:
    """Orders numbers within names by their value."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name) if part]
