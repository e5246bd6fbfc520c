"""What the doctor knows of an image file: whether it can be decoded, its true size, its light, and how it looks.

A JPEG is decoded at a fraction of its size, in grey: its whole stream is still read, so that a truncated file is found,
for a third of the work.
"""

from dataclasses import dataclass
from hashlib import blake2b
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from meshsight.core.container import read_path
from meshsight.core.errors import DataError, ImageError
from meshsight.core.images import read_size_hw

THUMBNAIL_SIDE = 32
ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)
_DRAFT_SIDE = 256

Thumbnail = UInt8[np.ndarray, "32 32"]
Grey = UInt8[np.ndarray, "h w"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pixels:
    """What the decoded pixels say.

    Attributes:
        digest: names the file's bytes.
        brightness: mean grey level, 0..255.
        dark, bright: shares of the pixels below 20 and above 250.
        thumbnail: the whole image in grey, squeezed into a square.
        is_turned: the file asks viewers to turn it by a quarter; we read images as they are stored.
    """

    digest: bytes
    brightness: float
    dark: float
    bright: float
    thumbnail: Thumbnail
    is_turned: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ImageFacts:
    """What is true of an image file, whatever its label says.

    Attributes:
        is_missing: there is no such file.
        problem: why it cannot be read, or an empty string.
        size_hw: height and width, or None when it cannot be read.
        pixels: None when it cannot be read, or was not to be decoded.
    """

    is_missing: bool = False
    problem: str = ""
    size_hw: tuple[int, int] | None = None
    pixels: Pixels | None = None

    @property
    def is_readable(self) -> bool:
        """Whether the image can be used."""
        return self.size_hw is not None


def read_image_facts(path: Path, *, is_quick: bool = False) -> ImageFacts:
    """Reads an image file, or one in a container; whatever is wrong with it becomes a fact.

    Args:
        path: the image.
        is_quick: read only its header.
    """
    try:
        if is_quick:
            return ImageFacts(size_hw=read_size_hw(path))
        return _decode(read_path(path))
    except FileNotFoundError:
        return ImageFacts(is_missing=True, problem="there is no such file")
    except ImageError as error:
        is_missing = isinstance(error.__cause__, FileNotFoundError)
        return ImageFacts(is_missing=is_missing, problem=str(error))
    except (UnidentifiedImageError, Image.DecompressionBombError) as error:
        return ImageFacts(problem=f"no image that we can read ({error})")
    except (OSError, SyntaxError, ValueError, DataError) as error:
        return ImageFacts(problem=str(error))


def _decode(data: bytes) -> ImageFacts:
    with Image.open(BytesIO(data)) as image:
        size_hw = image.height, image.width
        is_turned = image.getexif().get(ORIENTATION) in _TURNED
        image.draft("L", (_DRAFT_SIDE, _DRAFT_SIDE))
        grey = np.asarray(image.convert("L"))
    return ImageFacts(size_hw=size_hw, pixels=_pixels(grey, data, is_turned))


def _pixels(grey: Grey, data: bytes, is_turned: bool) -> Pixels:
    levels = np.bincount(grey.reshape(-1), minlength=256) / grey.size
    return Pixels(
        digest=blake2b(data, digest_size=16).digest(),
        brightness=float(levels @ np.arange(256)),
        dark=float(levels[:20].sum()),
        bright=float(levels[251:].sum()),
        thumbnail=cv2.resize(grey, (THUMBNAIL_SIDE, THUMBNAIL_SIDE), interpolation=cv2.INTER_AREA),
        is_turned=is_turned,
    )
