"""BOP's folders: SPLIT/SCENE with three JSON files, images and masks."""

import re
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from meshsight.core.errors import DataError, ImageError
from meshsight.core.images import read_size_hw
from meshsight.core.masks import Mask, RunLengthMask, encode_window
from meshsight.datasets.bop.images import BopImage
from meshsight.datasets.bop.json_files import read_json, read_json_if_there

SCENE_GT, SCENE_GT_INFO, SCENE_CAMERA = "scene_gt.json", "scene_gt_info.json", "scene_camera.json"
SCENE_GT_COCO = "scene_gt_coco.json"
RGB, MASK, MASK_VISIB = "rgb", "mask", "mask_visib"
_IMAGE_FOLDERS = (RGB, "gray")
_USUAL_ORDER = ("train", "val", "test")


def split_names(root: Path) -> tuple[str, ...]:
    """Returns the folders that hold scenes: training first, then validation, test, and others."""
    return in_usual_order({path.parent.parent.name for path in root.glob(f"*/*/{SCENE_GT}")})


def in_usual_order(names: Collection[str]) -> tuple[str, ...]:
    """Sorts the names of splits: training first, then validation, test, and others."""
    return tuple(sorted(names, key=lambda name: (_rank(name), name)))


def scene_folders(split: Path) -> list[Path]:
    """Returns the scenes of a split in their order."""
    return sorted((path.parent for path in split.glob(f"*/{SCENE_GT}")), key=lambda path: _natural(path.name))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """One scene's folder, its labels read.

    Attributes:
        folder: where it lies.
        truths, infos, cameras: entries by image id as text; `infos` and `cameras` may be missing.
    """

    folder: Path
    truths: dict[str, Any]
    infos: dict[str, Any] | None
    cameras: dict[str, Any] | None

    @property
    def image_ids(self) -> list[int]:
        """The ids of its labelled images, ascending."""
        return sorted(int(key) for key in self.truths)


def read_scene(folder: Path) -> Scene:
    """Reads a scene's labels.

    Raises:
        DataError: a file is damaged, or an image id is no number.
    """
    truths = read_json(folder / SCENE_GT)
    wrong = [key for key, row in truths.items() if not key.isdecimal() or not isinstance(row, list)]
    if wrong:
        raise DataError(f"{folder / SCENE_GT}: expected a list of objects for each image number, found '{wrong[0]}'")
    infos, cameras = read_json_if_there(folder / SCENE_GT_INFO), read_json_if_there(folder / SCENE_CAMERA)
    return Scene(folder=folder, truths=truths, infos=infos, cameras=cameras)


def image_files(folder: Path) -> dict[int, str]:
    """Returns the images of a scene by id, as paths relative to its folder; colour before grey."""
    found: dict[int, str] = {}
    for name in reversed(_IMAGE_FOLDERS):
        files = (folder / name).iterdir() if (folder / name).is_dir() else ()
        found |= {int(file.stem): f"{name}/{file.name}" for file in files if file.stem.isdecimal()}
    return found


def scene_images(scene: Scene, root: Path, missing: Literal["refuse", "keep"], with_masks: bool) -> Iterator[BopImage]:
    """Yields a scene's labelled images.

    Args:
        scene: its labels.
        root: the data set's folder.
        missing: what to do with labels whose image is not there.
        with_masks: also read masks.

    Raises:
        DataError: an image is missing or unreadable.
    """
    files = image_files(scene.folder)
    for image_id in scene.image_ids:
        key, where = str(image_id), f"{scene.folder / SCENE_GT}, image {image_id}"
        if image_id not in files and missing == "refuse":
            raise DataError(f"{where}: no such image in {scene.folder}/{RGB} or gray")
        file = scene.folder / files.get(image_id, f"{RGB}/{image_id:06d}.png")
        masks = SceneMasks(scene.folder if with_masks else None, image_id)
        yield BopImage(
            image=file.relative_to(root).as_posix(),
            size_hw=_size_hw(file, root, missing),
            group=scene.folder.relative_to(root).as_posix(),
            where=where,
            camera={} if scene.cameras is None else scene.cameras.get(key, {}),
            truths=scene.truths[key],
            infos=None if scene.infos is None else scene.infos.get(key),
            masks=masks,
        )


class SceneMasks:
    """The masks of one image, a PNG each."""

    def __init__(self, folder: Path | None, image_id: int) -> None:
        """No folder, no masks."""
        self._folder = folder
        self._image_id = image_id

    def visible(self, index: int) -> RunLengthMask | None:
        """Returns the visible pixels of an object."""
        return self._read(MASK_VISIB, index)

    def full(self, index: int) -> RunLengthMask | None:
        """Returns the whole silhouette's pixels within the image."""
        return self._read(MASK, index)

    def _read(self, kind: str, index: int) -> RunLengthMask | None:
        if self._folder is None:
            return None
        path = self._folder / kind / mask_name(self._image_id, index)
        try:
            data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
        except FileNotFoundError:
            return None
        decoded = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE) if data.size else None
        if decoded is None:
            raise ImageError(f"{path}: cannot be decoded; the mask is damaged")
        x, y, width, height = cv2.boundingRect(decoded)
        return encode_window(decoded[y : y + height, x : x + width] > 0, (x, y), decoded.shape)


def mask_name(image_id: int, index: int) -> str:
    """Names the mask of an object, by its place in the list of truths."""
    return f"{image_id:06d}_{index:06d}.png"


def mask_png(mask: Mask) -> bytes:
    """Returns a mask as BOP has it: 8 bits, 255 where it is set.

    Each row is stored as its difference from the row above (PNG's filter 2), which is nothing almost everywhere; a
    general encoder tries every filter on every row, for several times as long.
    """
    height, width = mask.shape
    rows = np.zeros((height, width + 1), dtype=np.uint8)
    rows[:, 0] = 2
    values = mask.astype(np.uint8) * np.uint8(255)
    rows[0, 1:] = values[0]
    rows[1:, 1:] = values[1:] - values[:-1]
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(name, data) for name, data in chunks)


def _png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _size_hw(file: Path, root: Path, missing: Literal["refuse", "keep"]) -> tuple[int, int]:
    try:
        return read_size_hw(file)
    except ImageError:
        camera = read_json_if_there(root / "camera.json")
        if missing == "refuse" or camera is None:
            raise
        return int(camera["height"]), int(camera["width"])


def _rank(split: str) -> int:
    starts = [index for index, name in enumerate(_USUAL_ORDER) if split.startswith(name)]
    return starts[0] if starts else len(_USUAL_ORDER)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts `obj_2` before `obj_10`."""
    return [(int(part), "") if part.isdecimal() else (0, part) for part in re.split(r"(\d+)", name)]
