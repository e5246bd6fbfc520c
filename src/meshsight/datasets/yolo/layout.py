"""Where the images, labels and class names of a YOLO data set lie.

`data.yaml` names the splits: each is a folder of images, a text file that lists images, or several of these. The label
file of an image has its name, in the folder that is found by turning the last `images` of the image's path into
`labels`, or beside it. Older sets have no `data.yaml`: their class names stand one a line in `classes.txt`, `obj.names`
or `_darknet.labels`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from os.path import normpath
from pathlib import Path
from typing import Any, cast

import yaml

from meshsight.core.errors import DataError
from meshsight.datasets.label_folders import images_below, is_image, read_lines

CONFIG = "data.yaml"
NAME_FILES = ("classes.txt", "labels/classes.txt", "obj.names", "data/obj.names", "_darknet.labels")
USUAL_SPLITS = ("train", "val", "valid", "validation", "test")
NOT_SPLITS = frozenset({"path", "nc", "names", "kpt_shape", "flip_idx", "download", "channels", "yaml_file"})
PEEKED_IMAGES = 50
_ROW = re.compile(r"\d+(\s+[-+.\deE]+){4,}\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class YoloLayout:
    """A YOLO data set as its files describe it.

    Attributes:
        source: the file that says so, for messages.
        folder: where the data set lies.
        classes: names by class id.
        splits: folders of images and lists of images, by split; one named "" when there are no splits.
        keypoints: how many keypoints an object has, and how many numbers each (2 or 3); None when not stated.
    """

    source: Path
    folder: Path
    classes: tuple[str, ...]
    splits: Mapping[str, tuple[Path, ...]]
    keypoints: tuple[int, int] | None = None

    def images(self, split: str | None) -> list[Path]:
        """Returns the images of one split, or of all, each once.

        Raises:
            DataError: there is no such split, or an image of a list is missing.
        """
        if split is not None and split not in self.splits:
            raise DataError(f"{self.source}: no split '{split}'; there are: {', '.join(filter(None, self.splits))}")
        chosen = self.splits.values() if split is None else [self.splits[split]]
        found = (image for sources in chosen for source in sources for image in _images_of(source, self.folder))
        return list(dict.fromkeys(found))


def find_layout(path: Path) -> YoloLayout | None:
    """Returns the layout of the YOLO data set at a path, or None when there is none.

    Raises:
        DataError: `data.yaml` is broken.
    """
    if path.is_file():
        return read_config(path) if path.suffix in (".yaml", ".yml") else None
    if (path / CONFIG).is_file():
        return read_config(path / CONFIG)
    configs = (read_config(file) for file in sorted([*path.glob("*.yaml"), *path.glob("*.yml")]))
    return next((layout for layout in configs if layout is not None), None) or _older_layout(path)


def read_config(file: Path) -> YoloLayout | None:
    """Reads a `data.yaml`, or returns None for YAML of another kind.

    Raises:
        DataError: it names other classes than it counts, or no split of it is there.
    """
    config = _load(file)
    if config is None:
        return None
    folder = _base(file, config.get("path"))
    entries = {key: value for key, value in config.items() if key not in NOT_SPLITS and _is_paths(value)}
    if not any(key in entries for key in USUAL_SPLITS):
        return None
    splits = {key: _found(value, folder, file.parent) for key, value in entries.items()}
    splits = {key: sources for key, sources in splits.items() if sources}
    if not splits:
        named = ", ".join(f"{key}: {entries[key]}" for key in USUAL_SPLITS if key in entries)
        raise DataError(f"{file}: none of its folders of images is there ({named}; looked in {folder})")
    return YoloLayout(
        source=file, folder=folder, classes=_names(config, file), splits=splits, keypoints=_keypoints(config, file)
    )


def label_folder(images: Path) -> Path:
    """Returns where labels of a folder of images lie: `labels` for the last `images` in its path, else the folder."""
    parts = images.absolute().parts
    if "images" in parts:
        at = len(parts) - 1 - parts[::-1].index("images")
        labels = Path(*parts[:at], "labels", *parts[at + 1 :])
        if labels.is_dir():
            return labels
    return images


def _load(file: Path) -> dict[str, Any] | None:
    """Returns the mapping in a YAML file with every scalar as text (`on` and `1` are names), if it has class names."""
    try:
        data = yaml.load(file.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        if file.name == CONFIG:
            raise DataError(f"{file}: cannot be read as YAML: {' '.join(str(error).split())}") from error
        return None
    return cast("dict[str, Any]", data) if isinstance(data, dict) and ("names" in data or "nc" in data) else None


def _is_paths(value: object) -> bool:
    entries = cast("list[object]", value) if isinstance(value, list) else [value]
    return bool(entries) and all(isinstance(entry, str) and entry for entry in entries)


def _base(file: Path, path: object) -> Path:
    """Returns the folder that the splits are relative to; a path from another machine gives the file's own."""
    folder = Path(normpath(file.parent / path)) if isinstance(path, str) else file.parent
    return folder if folder.is_dir() else file.parent


def _found(value: str | list[str], folder: Path, beside: Path) -> tuple[Path, ...]:
    entries = value if isinstance(value, list) else [value]
    found = (_find(entry, (folder, beside)) for entry in entries)
    return tuple(path for path in found if path is not None)


def _find(entry: str, places: Sequence[Path]) -> Path | None:
    """Finds a path as it is, else what is left of it within the data set when its first parts are cut off.

    The parts are cut because the file may come from another machine, or from a tool that writes `../train/images`.
    """
    parts = [part for part in re.split(r"[\\/]", entry) if part not in (".", "")]
    candidates = [place / entry for place in places]
    candidates += [place.joinpath(*parts[cut:]) for cut in range(len(parts)) for place in places]
    return next((Path(normpath(path)) for path in candidates if path.exists()), None)


def _names(config: Mapping[str, Any], file: Path) -> tuple[str, ...]:
    names: object = config.get("names")
    count = config.get("nc")
    if names is None:
        return tuple(f"class_{index}" for index in range(_integer(count, "nc", file)))
    if isinstance(names, dict):
        by_id = {_integer(key, "names", file): str(name) for key, name in cast("dict[str, object]", names).items()}
        if sorted(by_id) != list(range(len(by_id))):
            raise DataError(f"{file}: names: expected the ids 0 to {len(by_id) - 1}, found {sorted(by_id)}")
        listed = tuple(by_id[index] for index in range(len(by_id)))
    else:
        listed = tuple(str(name) for name in cast("list[object]", names)) if isinstance(names, list) else (str(names),)
    if count is not None and _integer(count, "nc", file) != len(listed):
        raise DataError(f"{file}: nc is {count}, but there are {len(listed)} names; mend one of them")
    return listed


def _keypoints(config: Mapping[str, Any], file: Path) -> tuple[int, int] | None:
    shape = config.get("kpt_shape")
    if shape is None:
        return None
    numbers = [_integer(entry, "kpt_shape", file) for entry in shape] if isinstance(shape, list) else []
    if len(numbers) != 2 or numbers[0] < 1 or numbers[1] not in (2, 3):
        raise DataError(f"{file}: kpt_shape: expected [number of keypoints, 2 or 3], found {shape}")
    return numbers[0], numbers[1]


def _integer(value: object, key: str, file: Path) -> int:
    try:
        return int(str(value))
    except ValueError as error:
        raise DataError(f"{file}: {key}: expected a whole number, found '{value}'") from error


def _images_of(source: Path, folder: Path) -> Iterator[Path]:
    if source.is_dir():
        yield from images_below(source)
        return
    if is_image(source.name):
        yield source
        return
    for number, line in enumerate(read_lines(source), start=1):
        if line.strip():
            image = _find(line.strip(), (source.parent, folder))
            if image is None:
                raise DataError(f"{source}, line {number}: no such image '{line.strip()}'")
            yield image


def _older_layout(path: Path) -> YoloLayout | None:
    names = next((file for file in _name_files(path) if file.is_file()), None)
    if names is None:
        return None
    layout = YoloLayout(
        source=names,
        folder=path,
        classes=tuple(line.strip() for line in read_lines(names)),
        splits=_older_splits(path, names.parent),
    )
    return layout if _has_labels(layout) else None


def _name_files(path: Path) -> Iterator[Path]:
    yield from (path / name for name in NAME_FILES)
    yield from sorted([*path.glob("*.names"), *path.glob("*/_darknet.labels")])


def _older_splits(path: Path, beside: Path) -> dict[str, tuple[Path, ...]]:
    listed = ((name, (place / f"{name}.txt",)) for place in (beside, path) for name in USUAL_SPLITS)
    lists = {name: files for name, files in listed if files[0].is_file()}
    if lists:
        return lists
    folder = path / "images" if (path / "images").is_dir() else path
    folders = {name: (folder / name,) for name in USUAL_SPLITS if (folder / name).is_dir()}
    return folders or {"": (folder,)}


def _has_labels(layout: YoloLayout) -> bool:
    """Tells whether one of the first images has a label file that begins with a row of YOLO's."""
    sources = (source for sources in layout.splits.values() for source in sources)
    images = (image for source in sources for image in _images_of(source, layout.folder))
    files = (label_folder(image.parent) / f"{image.stem}.txt" for image in islice(images, PEEKED_IMAGES))
    return any(_ROW.fullmatch(line) for file in files if file.is_file() for line in read_lines(file)[:1])
