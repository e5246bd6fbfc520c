"""Where Pascal VOC data sets keep their files: annotations, split lists, and the image of an annotation."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from meshsight.core.errors import DataError
from meshsight.datasets.label_folders import images_by_stem, read_lines

ANNOTATIONS = "Annotations"
IMAGES = "JPEGImages"
LISTS = Path("ImageSets", "Main")
BOTH = "trainval"
"""The list that joins `train` and `val`, and that of a data set without splits."""
_USUAL_ORDER = ("train", "val", "valid", "test")
_HEAD = re.compile(rb"<annotation[\s>]")


def is_voc(path: Path) -> bool:
    """Looks for an annotation in the usual places."""
    places = (path / ANNOTATIONS, path, *_subfolders(path)) if path.is_dir() else ()
    first = (next(place.glob("*.xml"), None) for place in places)
    return any(file is not None and _is_annotation(file) for file in first)


def split_names(path: Path) -> tuple[str, ...]:
    """Returns the names of the lists, or of the folders with annotations; () where there is only one list of all.

    Lists of one class (`dog_train`), and the one that joins two others, part nothing; they can be asked for by name.
    """
    lists = path / LISTS
    if lists.is_dir():
        names = {file.stem for file in lists.glob("*.txt") if not _is_of_one_class(file)}
        is_joined = {"train", "val"} <= names or names == {BOTH}
        return _in_order(names - {BOTH} if is_joined else names)
    return _in_order({folder.name for folder in _split_folders(path)})


def annotation_files(path: Path, split: str | None) -> list[Path]:
    """Returns the annotations of a split, or all of them, in order.

    Raises:
        DataError: there is no such split, it lists an annotation that is missing, or there are none at all.
    """
    own = data_folder(path, split)
    if own != path:
        return annotation_files(own, None)
    if split is not None:
        return _listed(path, split)
    files = sorted(_annotation_folder(path).glob("*.xml"))
    files = files or [file for folder in _split_folders(path) for file in annotation_files(folder, None)]
    if not files:
        raise DataError(f"{_annotation_folder(path)}: no annotation (*.xml); is this Pascal VOC?")
    return files


def data_folder(path: Path, split: str | None) -> Path:
    """Returns the folder that a split's image paths are relative to: its own, if it has one."""
    if split is None or (path / LISTS / f"{split}.txt").is_file() or not (path / split).is_dir():
        return path
    return path / split


class ImageFinder:
    """Finds the images of annotations; each folder is listed once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._names: dict[Path, dict[str, str]] = {}

    def find(self, annotation: Path, names: Sequence[str]) -> str | None:
        """Returns the path, relative to the root, of the first name that there is, else of the annotation's own stem.

        Names may lack their suffix.
        """
        folders = self._folders(annotation)
        for name in (*names, annotation.stem):
            for folder in folders:
                images = self._images(folder)
                stem, _, _ = name.rpartition(".")
                found = name if images.get(stem) == name else images.get(name)
                if found is not None:
                    return (folder / found).relative_to(self._root).as_posix()
        return None

    def looked_in(self, annotation: Path) -> str:
        """Returns the folders that were looked at, for messages."""
        return ", ".join(str(folder) for folder in self._folders(annotation))

    def _folders(self, annotation: Path) -> list[Path]:
        own = annotation.parent
        base = own.parent if own.name == ANNOTATIONS else own
        return list(dict.fromkeys((base / IMAGES, own, base / "images", base)))

    def _images(self, folder: Path) -> dict[str, str]:
        if folder not in self._names:
            self._names[folder] = images_by_stem(folder)
        return self._names[folder]


def _subfolders(path: Path) -> Iterator[Path]:
    return (folder for folder in sorted(path.iterdir()) if folder.is_dir() and not folder.name.startswith("."))


def _split_folders(path: Path) -> list[Path]:
    """Returns the subfolders that hold annotations of their own."""
    folders = (folder for folder in _subfolders(path) if folder.name != ANNOTATIONS)
    return [folder for folder in folders if next(_annotation_folder(folder).glob("*.xml"), None) is not None]


def _annotation_folder(path: Path) -> Path:
    return path / ANNOTATIONS if (path / ANNOTATIONS).is_dir() else path


def _is_annotation(file: Path) -> bool:
    with file.open("rb") as opened:
        return _HEAD.search(opened.read(1024)) is not None


def _in_order(names: set[str]) -> tuple[str, ...]:
    usual = [name for name in _USUAL_ORDER if name in names]
    return (*usual, *sorted(names.difference(usual)))


def _is_of_one_class(file: Path) -> bool:
    """Tells lists of one class by their second column, which says whether it is in the image."""
    first = next((line.split() for line in read_lines(file) if line.strip()), [])
    return "_" in file.stem and len(first) == 2 and first[1] in ("-1", "0", "1")


def _listed(path: Path, split: str) -> list[Path]:
    file = path / LISTS / f"{split}.txt"
    if not file.is_file():
        names = [one.stem for one in sorted((path / LISTS).glob("*.txt"))] or split_names(path)
        known = ", ".join(names) or "none"
        raise DataError(f"{path}: no split '{split}' (looked for {file}); there are: {known}")
    folder = _annotation_folder(path)
    known_stems = {annotation.stem for annotation in folder.glob("*.xml")}
    lines = [line.strip() for line in read_lines(file) if line.strip()]
    # A line is a stem, which may have spaces, or a stem and what a list of one class says of it.
    stems = [line if line in known_stems else line.split()[0] for line in lines]
    absent = [folder / f"{stem}.xml" for stem in stems if stem not in known_stems]
    if absent:
        raise DataError(f"{file}: {len(absent)} listed annotations are missing, first {absent[0]}")
    return [folder / f"{stem}.xml" for stem in stems]
