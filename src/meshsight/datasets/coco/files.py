"""Where COCO files lie, and which split each of them is.

PATH.json                            the file itself
PATH/*.json                          one file, or one for each split
PATH/annotations/instances_SPLIT.json
PATH/SPLIT/*.json                    one subfolder for each split
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from meshsight.core.errors import DataError
from meshsight.datasets.manifest import MANIFEST

ANNOTATIONS = "annotations"
INSTANCES = "instances_"

# A folder with more JSON files than this has one for each image, which no COCO data set has.
_MOST_FILES = 64
# Files beside the labels of another kind of data set, which say less than those: ours, and BOP's.
_OF_OTHERS = frozenset({MANIFEST, "scene_gt_coco.json", "scene_gt_coco_modal.json", "scene_gt_coco_amodal.json"})
_HEAD_BYTES = 4096
_TABLES = re.compile(rb'"(images|annotations|categories)"\s*:\s*\[')
_FIRST_KEYS = re.compile(rb'\s*\{\s*"(info|licenses)"\s*:')
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_label_file(file: Path) -> bool:
    """Tells from the first kilobytes of a file whether it may be a COCO file."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_HEAD_BYTES).removeprefix(_BYTE_ORDER_MARK)
    except OSError:
        return False
    is_object = head.lstrip().startswith(b"{")
    return is_object and (_FIRST_KEYS.match(head) is not None or _TABLES.search(head) is not None)


def label_files(path: Path) -> Iterator[Path]:
    """Yields the COCO files at a path, sorted by folder and name; looks no deeper than one folder."""
    if path.is_file():
        yield from [path] if path.suffix == ".json" and is_label_file(path) else []
        return
    for folder in (path, *sorted(child for child in path.glob("*") if _is_offered(child))):
        files = _json_files(folder)
        yield from (file for file in files if file.name not in _OF_OTHERS and is_label_file(file))


def split_names(path: Path) -> tuple[str, ...]:
    """Returns the names of a folder's splits; () when it is one set."""
    files = list(label_files(path)) if path.is_dir() else []
    names = tuple(dict.fromkeys(split_name(file, path) for file in files))
    return names if len(names) > 1 or (names and _says_its_split(files[0])) else ()


def split_name(file: Path, path: Path) -> str:
    """Returns what the split in a label file is called."""
    if file.parent not in (path, path / ANNOTATIONS):
        return file.parent.name
    return file.stem.removeprefix(INSTANCES) if file.stem.startswith(INSTANCES) else file.stem.rpartition("_")[2]


def choose_file(path: Path, split: str | None) -> Path:
    """Returns the one label file that is meant.

    Raises:
        DataError: there is none, or several could be meant.
    """
    files = list(label_files(path))
    chosen = files if split is None else _files_of(files, split, path)
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(file.relative_to(path).as_posix() for file in files if file != path)
    if split is not None:
        raise DataError(f"{path}: split '{split}' fits {len(chosen)} COCO files; there are: {names or 'none'}")
    if not files:
        raise DataError(f"{path}: no COCO file (a JSON object with images, annotations and categories)")
    raise DataError(f"{path}: several COCO files ({names}); name one of them, or a split as in '{path}#train'")


def _files_of(files: list[Path], split: str, path: Path) -> list[Path]:
    """Finds a split by its file's whole name, by its name, or by its subfolder; `instances_` goes before captions."""
    for fits in (
        [file for file in files if file.stem == split],
        [file for file in files if file.stem == f"{INSTANCES}{split}"],
        [file for file in files if split_name(file, path) == split or file.stem.endswith(f"_{split}")],
    ):
        if fits:
            return fits
    return []


def _says_its_split(file: Path) -> bool:
    """Tells whether a lone file names a split; annotation tools call a set without splits `default`."""
    return file.stem.startswith(INSTANCES) and file.stem != f"{INSTANCES}default"


def _is_offered(folder: Path) -> bool:
    """Leaves out hidden folders, and data sets of our own further in."""
    return folder.is_dir() and not folder.name.startswith(".") and not (folder / MANIFEST).is_file()


def _json_files(folder: Path) -> list[Path]:
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(".json"):
                names.append(entry.name)
                if len(names) > _MOST_FILES:
                    return []
    return [folder / name for name in sorted(names)]
