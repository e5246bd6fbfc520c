"""Images as RGB uint8 arrays (h, w, 3), read and written exactly one way."""

from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from meshsight.core.container import read_path
from meshsight.core.errors import ImageError
from meshsight.core.files import write_bytes

# Anonymous sizes: where one function sees several images, each has a size of its own.
RgbImage = UInt8[np.ndarray, "_ _ 3"]

REDUCED_DECODES = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")


def read_image(path: Path, reduction: int = 1) -> RgbImage:
    """Reads an image file, or one in a container, in its stored orientation; grey, palette and alpha become RGB.

    Args:
        path: the file.
        reduction: 1, 2, 4 or 8: a JPEG is decoded at this fraction of its size, rounded up, from the low frequencies
            of its blocks, which spares most of the work. Other files come whole.

    Raises:
        ImageError: the file is missing, truncated or no image.
    """
    try:
        with Image.open(BytesIO(read_path(path))) as image:
            if reduction > 1:
                image.draft(None, (max(image.width // reduction, 1), max(image.height // reduction, 1)))
            return np.asarray(image if image.mode == "RGB" else image.convert("RGB"))
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such image file") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path}: cannot be decoded ({error}); the file is truncated or no image") from error


def read_size_hw(path: Path) -> tuple[int, int]:
    """Reads height and width from an image's header.

    Raises:
        ImageError: the file is missing or no image.
    """
    try:
        with _open_lazily(path) as image:
            return image.height, image.width
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such image file") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise ImageError(f"{path}: no readable image header ({error})") from error


def _open_lazily(path: Path) -> Image.Image:
    """Opens a file so that no more than its header is read."""
    try:
        return Image.open(path)
    except NotADirectoryError:
        return Image.open(BytesIO(read_path(path)))


def reduction_for(size_hw: tuple[int, int], at_least_hw: tuple[int, int]) -> int:
    """Returns the largest of 1, 2, 4 and 8 by which an image can be reduced and still be as large as is asked."""
    fits = [r for r in REDUCED_DECODES if size_hw[0] // r >= at_least_hw[0] and size_hw[1] // r >= at_least_hw[1]]
    return max(fits, default=1)


def encode_jpeg(image: RgbImage, quality: int) -> bytes:
    """Returns baseline JPEG bytes, 4:2:0, at a quality of 1 to 100."""
    return _encode(image, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])


def encode_png(image: RgbImage) -> bytes:
    """Returns PNG bytes at a fast compression level."""
    return _encode(image, ".png", [cv2.IMWRITE_PNG_COMPRESSION, 1])


def decode_image(data: bytes, where: str, reduction: int = 1) -> RgbImage:
    """Decodes image bytes in their stored orientation.

    Args:
        data: a whole image file.
        where: names the bytes in the error.
        reduction: 1, 2, 4 or 8: gives the image at this fraction of its size, which spares a JPEG most of the work.

    Raises:
        ImageError: the bytes are no whole image.
    """
    flags = REDUCED_DECODES[reduction] | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags) if data else None
    if decoded is None:
        raise ImageError(f"{where}: {len(data):,} bytes that are no readable image")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def write_image(path: Path, image: RgbImage) -> None:
    """Writes a JPEG (quality 95) or PNG by the path's suffix, atomically."""
    is_jpeg = path.suffix.lower() in (".jpg", ".jpeg")
    write_bytes(path, encode_jpeg(image, 95) if is_jpeg else encode_png(image))


def _encode(image: RgbImage, suffix: str, options: list[int]) -> bytes:
    ok, data = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not ok:
        raise ValueError(f"cannot encode an image of shape {image.shape} as {suffix}")
    return data.tobytes()
