"""Ball patches as PNG files that carry their labels as text, as RoboCup's NaoTH exports them from its annotations.

p_min_x p_min_y p_max_x p_max_y                       the patch in the camera's image, pixels
ball_center_x ball_center_y ball_radius               the ball there, if there is one
ball_intersect robot_intersect penalty_intersect      how much of the patch is on each, 0 to 1

A patch is a ball above 0.5, a robot above 0.4, a penalty mark above 0.75, in this order; one that is both ball and
robot is left out, as it teaches neither. A ball is the circle in pixels of the patch (which may be scaled), the others
are the whole patch. What we write adds `class_id`, `group` and a `classes.json`, and where it is known, `image`,
`image_width` and `image_height`: which image the patch was cut from. The pixels' own bytes stay.
"""

import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import Field

from meshsight.core.container import read_path
from meshsight.core.errors import DataError, ImageError
from meshsight.core.files import write_bytes
from meshsight.core.images import decode_image, encode_png
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import read_class_list, write_class_list
from meshsight.datasets.format import WHOLE
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.patches.circle import BALL, circle_label, circle_of, class_label, made_round
from meshsight.datasets.patches.origins import CORNER_KEYS, IMAGE_KEY, SIZE_KEYS, Origins, origins_of
from meshsight.datasets.patches.png_text import MAGIC, read_text, size_of, with_text
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.base import VariantSpec

log = logging.getLogger(__name__)

LABELS_IN_IMAGES = True
"""Tells `guess_kind` that label files which lie beside such images say more than these do."""
FOREIGN_CLASSES = (BALL, "robot", "penalty_mark")
_SIGN = b"ball_"
_HEAD_BYTES = 4096
_FOLDERS_TO_LOOK_INTO = 50


class Spec(VariantSpec):
    """Ball patches in PNG files."""

    kind: Literal["patches_png"] = "patches_png"
    ball_above: float = Field(0.5, ge=0, le=1)
    robot_above: float = Field(0.4, ge=0, le=1)
    penalty_above: float = Field(0.75, ge=0, le=1)
    """A patch is of a class if more than this share of it is."""


class PatchesPngFormat:
    """Reads and writes PNG patches."""

    looks_for = "a folder with .png files that hold text such as 'ball_intersect' (ball patches)"
    capacity = Capacity(
        keeps={Part.BOX: 1e-9, Part.FULL_BOX: 1e-9, Part.GROUP: EXACT},
        in_its_words=made_round,
        keeps_splits=False,
        max_objects=1,
        notes=("A box becomes the circle of its centre and mean side.", "Images that are no PNG become PNG."),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks for the text in the head of the first PNG file."""
        first = next(_images(path, _FOLDERS_TO_LOOK_INTO), None) if path.is_dir() else None
        if first is None:
            return False
        with first.open("rb") as file:
            return _SIGN in file.read(_HEAD_BYTES)

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns (): each split is a folder of its own."""
        return ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Reads the text of all images once, to leave out those that are both ball and robot.

        Raises:
            DataError: there is no image, one is damaged or lacks a value, or a split is asked for.
        """
        if split is not None:
            raise DataError(f"{path}: PNG patches have no named splits; name the folder of '{split}' itself")
        listed = read_class_list(path)
        reader = _PatchReader(
            spec=self._spec,
            root=path,
            classes=FOREIGN_CLASSES if listed is None else tuple(one.name for one in listed),
        )
        images = list(_images(path))
        if not images:
            raise DataError(f"{path}: no .png file")
        kept = [image for image in images if not reader.is_ambiguous(image)]
        if len(kept) < len(images):
            log.warning("%s: left out %d patches that are both ball and robot", path, len(images) - len(kept))
        return Dataset(
            root=path,
            classes=reader.classes,
            num_samples=len(kept),
            samples=partial(_stream, reader, kept),
            name=path.resolve().name,
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes images with their labels in them, whatever the target's mode.

        Raises:
            DataError: an image is missing.
            StorageError: the disk is full.
        """
        dataset = parts[WHOLE]
        names = FlatNames()
        for sample in dataset.samples():
            source = dataset.root / sample.image
            data = _png_bytes(source, target.notes)
            text = _text_of(sample, dataset.classes, origins_of([source]))
            write_bytes(target.folder / f"{names.stem(sample.image)}.png", with_text(data, text, source))
        write_class_list(target.folder, dataset.classes, dataset.classes)


def build(spec: Spec) -> PatchesPngFormat:
    """Returns the format."""
    return PatchesPngFormat(spec)


@dataclass(frozen=True, slots=True, kw_only=True)
class _PatchReader:
    spec: Spec
    root: Path
    classes: tuple[str, ...]

    def is_ambiguous(self, path: Path) -> bool:
        """Tells whether a patch is both ball and robot."""
        return self._class_of(read_text(path.read_bytes(), path), path) is None

    def read(self, frame: int, path: Path) -> Sample:
        """Returns a patch as a sample."""
        data = path.read_bytes()
        text = read_text(data, path)
        size_hw = size_of(data)
        name = path.relative_to(self.root).as_posix()
        label = self._label(self._class_of(text, path), text, size_hw, path)
        return Sample(
            image=name,
            size_hw=size_hw,
            objects=() if label is None else (label,),
            frame=frame,
            group=text.get("group", name),
        )

    def _class_of(self, text: Mapping[str, str], path: Path) -> int | None:
        """Returns the class id, -1 for none, or None for a patch that is both ball and robot."""
        if "class_id" in text:
            return _class_id(text["class_id"], len(self.classes), path)
        is_ball = _number(text, "ball_intersect", path, 0.0) > self.spec.ball_above
        is_robot = _number(text, "robot_intersect", path, 0.0) > self.spec.robot_above
        is_penalty = _number(text, "penalty_intersect", path, 0.0) > self.spec.penalty_above
        if is_ball and is_robot:
            return None
        found = [name for name, here in zip(FOREIGN_CLASSES, (is_ball, is_robot, is_penalty), strict=True) if here]
        return FOREIGN_CLASSES.index(found[0]) if found else -1

    def _label(
        self, class_id: int | None, text: Mapping[str, str], size_hw: tuple[int, int], path: Path
    ) -> ObjectLabel | None:
        if class_id is None or class_id < 0:
            return None
        if "ball_radius" not in text or ("class_id" not in text and class_id != 0):
            return class_label(class_id, size_hw)
        height, width = size_hw
        left, top, right, bottom = (_number(text, key, path) for key in CORNER_KEYS)
        if not (left < right and top < bottom):
            raise DataError(f"{path}: the patch ({left:g}, {top:g}) to ({right:g}, {bottom:g}) is empty")
        radius, x, y = (_number(text, key, path) for key in ("ball_radius", "ball_center_x", "ball_center_y"))
        scale_x, scale_y = width / (right - left), height / (bottom - top)
        return circle_label(class_id, (radius * scale_x, (x - left) * scale_x, (y - top) * scale_y), size_hw)


def _images(path: Path, most_folders: int | None = None) -> Iterator[Path]:
    for folder, inner, names in islice(os.walk(path), most_folders):
        inner.sort()
        yield from (Path(folder, name) for name in sorted(names) if name.lower().endswith(".png"))


def _stream(reader: _PatchReader, paths: Sequence[Path]) -> Iterator[Sample]:
    return (reader.read(frame, path) for frame, path in enumerate(paths))


def _number(text: Mapping[str, str], key: str, path: Path, otherwise: float | None = None) -> float:
    """Returns a value of the text.

    Raises:
        DataError: it is no number, or missing where nothing can take its place.
    """
    value = text.get(key)
    if value in (None, "", "None") and otherwise is not None:
        return otherwise
    try:
        return float(value or "")
    except ValueError as error:
        raise DataError(f"{path}: the text '{key}' must be a number, found {value!r}") from error


def _class_id(value: str, count: int, path: Path) -> int:
    if value.removeprefix("-").isdigit() and -1 <= int(value) < count:
        return int(value)
    raise DataError(f"{path}: 'class_id' must be -1 to {count - 1}, found {value!r}")


def _png_bytes(source: Path, notes: Counter[str]) -> bytes:
    try:
        data = read_path(source)
    except FileNotFoundError as error:
        raise ImageError(f"{source}: no such image file") from error
    except OSError as error:
        raise ImageError(f"{source}: cannot be read: {error.strerror or error}") from error
    if data.startswith(MAGIC):
        return data
    notes["images of another kind turned into PNG"] += 1
    return encode_png(decode_image(data, str(source)))


def _text_of(sample: Sample, classes: Sequence[str], origins: Origins | None) -> dict[str, str]:
    """Returns the labels as text; where it is not known, the patch itself stands for the camera's image."""
    height, width = sample.size_hw
    label = sample.objects[0] if sample.objects else None
    is_ball = label is not None and classes[label.class_id].casefold() == BALL
    corners = [0, 0, width, height] if origins is None else origins.corners[0].tolist()
    text = dict(zip(CORNER_KEYS, map(str, corners), strict=True)) | {
        "ball_intersect": "1.0" if is_ball else "0.0",
        "robot_intersect": "0.0",
        "penalty_intersect": "0.0",
        "class_id": "-1" if label is None else str(label.class_id),
        "group": sample.group,
    }
    if origins is not None:
        sizes = map(str, origins.size_hw[0].tolist())
        text |= {IMAGE_KEY: origins.images[0], **dict(zip(SIZE_KEYS, sizes, strict=True))}
    if label is not None:
        radius, x, y = circle_of(label)
        left, top, right, bottom = corners
        scale_x, scale_y = (right - left) / width, (bottom - top) / height
        numbers = {"ball_radius": radius * scale_x, "ball_center_x": left + x * scale_x}
        text |= {key: repr(number) for key, number in (numbers | {"ball_center_y": top + y * scale_y}).items()}
    return text
