"""Texture pictures of models: decoded, made RGB, and no larger than a detector's training image can show."""

import io
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from meshsight.core.errors import AssetError
from meshsight.core.images import RgbImage

MAX_TEXTURE_PX = 1024
"""Longest side that a texture keeps; a scan's 4096 px would take sixteen times the memory and show no more."""


def read_texture(path: Path, max_px: int) -> RgbImage:
    """Reads a texture file; see `decode_texture`."""
    return decode_texture(path.read_bytes(), str(path), max_px)


def decode_texture(data: bytes, where: str, max_px: int) -> RgbImage:
    """Decodes a picture, without its alpha, averaged down until its longest side is at most `max_px`.

    Raises:
        AssetError: the bytes are truncated or no picture; the message names `where`.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.draft("RGB", (max_px, max_px))  # lets a JPEG decode at a fraction of its size
            pixels = np.asarray(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise AssetError(f"{where}: the texture cannot be decoded ({error}); it is truncated or no picture") from error
    height, width = pixels.shape[:2]
    scale = max_px / max(height, width)
    if scale >= 1:
        return np.array(pixels)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
