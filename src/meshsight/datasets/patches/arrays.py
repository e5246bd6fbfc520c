"""A whole set of patches as arrays, as training and measuring want it: every pixel in memory once.

Shapes: n patches of height h, width w and c channels.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8
from PIL import Image, UnidentifiedImageError

from meshsight.core.container import read_path, rows_of
from meshsight.core.errors import DataError, ImageError
from meshsight.datasets.patches.circle import circle_of
from meshsight.datasets.patches.origins import PLACES, Origins, joined_origins, origins_of, runs_of
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

MODES = {"L": 1, "LA": 2, "RGB": 3}
"""Channels of the colour modes of images that are kept as they are."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchArrays:
    """Patches and what is true of them.

    Attributes:
        name: of the data set.
        pixels: as stored.
        balls: 1 for a ball, 0 for none.
        circles: radius and centre x as shares of the width, centre y of the height; zeros where unknown.
        has_circle: whether the circle is known.
        places: corners x1, y1, x2, y2 as shares of the camera's image, or None where unknown.
        groups: a number for each group, whose patches are never parted.
        names: of the patches' images.
        origins: from which images they were cut, or None where unknown.
    """

    name: str
    pixels: UInt8[np.ndarray, "n h w c"]
    balls: Float32[np.ndarray, " n"]
    circles: Float32[np.ndarray, "n 3"]
    has_circle: Bool[np.ndarray, " n"]
    places: Float32[np.ndarray, "n 4"] | None
    groups: Int64[np.ndarray, " n"]
    names: tuple[str, ...]
    origins: Origins | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, rows: Int64[np.ndarray, " k"] | Bool[np.ndarray, " n"]) -> "PatchArrays":
        """Returns some of the patches."""
        indices = np.arange(len(self))[rows]
        return replace(
            self,
            pixels=self.pixels[indices],
            balls=self.balls[indices],
            circles=self.circles[indices],
            has_circle=self.has_circle[indices],
            places=None if self.places is None else self.places[indices],
            groups=self.groups[indices],
            names=tuple(self.names[index] for index in indices),
            origins=None if self.origins is None else self.origins.take(indices),
        )

    def fingerprint(self) -> str:
        """Returns 16 hexadecimal digits that name pixels and truth, not where they lie."""
        digest = hashlib.sha256(str(self.pixels.shape).encode())
        for array in (self.pixels, self.balls, self.circles, self.has_circle):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


def read_patches(dataset: Dataset, ball: str) -> PatchArrays:
    """Reads every patch of a data set.

    Args:
        dataset: of any format, its images all of one size and colour mode and with at most one object each.
        ball: the class that counts as ball; other objects are none.

    Raises:
        DataError: the set is empty, its images differ in size or mode, or it has no such class.
        ImageError: an image is missing or damaged.
    """
    if ball not in dataset.classes:
        raise DataError(
            f"{dataset.name}: no class '{ball}'; there are {', '.join(dataset.classes) or 'none'}. Say which one "
            "is to be found with the recipe's `ball`"
        )
    samples = list(dataset.samples())
    if not samples:
        raise DataError(f"{dataset.name}: no patches in it")
    ball_id = dataset.classes.index(ball)
    paths = [dataset.root / sample.image for sample in samples]
    truth = [_truth(sample, ball_id) for sample in samples]
    groups = np.unique([sample.group for sample in samples], return_inverse=True)[1]
    origins = origins_of(paths)
    circles = np.array([circle or (0.0, 0.0, 0.0) for _, circle in truth], dtype=np.float32)
    return PatchArrays(
        name=dataset.name,
        pixels=_pixels(paths),
        balls=np.array([is_ball for is_ball, _ in truth], dtype=np.float32),
        circles=circles.reshape(-1, 3),
        has_circle=np.array([circle is not None for _, circle in truth], dtype=bool),
        places=_places(paths) if origins is None else origins.places,
        groups=groups.astype(np.int64),
        names=tuple(sample.image for sample in samples),
        origins=origins,
    )


def joined(parts: Sequence[PatchArrays]) -> PatchArrays:
    """Returns several sets as one; groups of different sets stay apart.

    Raises:
        DataError: their patches differ in size or colour mode.
    """
    first = parts[0]
    for part in parts:
        if part.pixels.shape[1:] != first.pixels.shape[1:]:
            raise DataError(
                f"{part.name}: {in_words(part.pixels.shape[1:])}, but {first.name} has "
                f"{in_words(first.pixels.shape[1:])}; make both alike with `meshsight patches make`"
            )
    offsets = np.cumsum([0, *(int(part.groups.max()) + 1 for part in parts)])
    places = [part.places for part in parts]
    return PatchArrays(
        name=", ".join(part.name for part in parts),
        pixels=np.concatenate([part.pixels for part in parts]),
        balls=np.concatenate([part.balls for part in parts]),
        circles=np.concatenate([part.circles for part in parts]),
        has_circle=np.concatenate([part.has_circle for part in parts]),
        places=np.concatenate([p for p in places if p is not None]) if all(p is not None for p in places) else None,
        groups=np.concatenate([part.groups + offset for part, offset in zip(parts, offsets, strict=False)]),
        names=tuple(name for part in parts for name in part.names),
        origins=joined_origins([part.origins for part in parts]),
    )


def in_words(shape: tuple[int, ...]) -> str:
    """Says height, width and channels as people do."""
    height, width, channels = shape
    return f"{width}x{height} px of {channels} channel{'s' * (channels > 1)}"


def decode_patch(path: Path) -> UInt8[np.ndarray, "h w c"]:
    """Reads one image as it is stored: one channel of grey, grey and alpha (for Y and UV), or RGB.

    Raises:
        ImageError: it is missing or damaged.
    """
    try:
        with Image.open(BytesIO(read_path(path))) as image:
            pixels = np.asarray(image if image.mode in MODES else image.convert("RGB"))
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such image file") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"{path}: cannot be decoded ({error}); the file is truncated or no image") from error
    return pixels.reshape(*pixels.shape[:2], -1)


def _truth(sample: Sample, ball_id: int) -> tuple[bool, tuple[float, float, float] | None]:
    """Returns whether there is a ball, and its circle as shares of the patch."""
    label = next((one for one in sample.objects if one.class_id == ball_id and not one.is_ignored), None)
    if label is None or label.full_box is None:
        return label is not None, None
    height, width = sample.size_hw
    radius, x, y = circle_of(label)
    return True, (radius / width, x / width, y / height)


def _pixels(paths: Sequence[Path]) -> UInt8[np.ndarray, "n h w c"]:
    """Returns all images; whole arrays of a container at once."""
    parts: list[UInt8[np.ndarray, "k h w c"]] = []
    for rows in runs_of(paths):
        array = rows_of(rows[0].parent, [row.name for row in rows])
        if array is not None:
            parts.append(array if array.ndim == 4 else array[..., None])
            continue
        parts += [decode_patch(path)[None] for path in rows]
    for part in parts:
        if part.shape[1:] != parts[0].shape[1:]:
            raise DataError(
                f"{paths[0].parent}: patches of different kinds: {in_words(parts[0].shape[1:])} and "
                f"{in_words(part.shape[1:])}; make them alike with `meshsight patches make`"
            )
    return np.concatenate(parts)


def _places(paths: Sequence[Path]) -> Float32[np.ndarray, "n 4"] | None:
    parts: list[np.ndarray] = []
    for rows in runs_of(paths):
        array = rows_of(rows[0].parent.parent / PLACES, [row.name for row in rows])
        if array is None:
            return None
        parts.append(array)
    places = np.concatenate(parts)
    return places.astype(np.float32) if places.shape == (len(paths), 4) else None
