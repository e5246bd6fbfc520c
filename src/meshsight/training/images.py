"""Stored images, decoded as fast as this machine can and kept in memory while they fit."""

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import torch
from torchvision.io import decode_jpeg

from meshsight.core.errors import ImageError
from meshsight.core.images import RgbImage, decode_image

JPEG_START = b"\xff\xd8\xff"
_REDUCED_DECODES = {
    8: cv2.IMREAD_REDUCED_COLOR_8,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    2: cv2.IMREAD_REDUCED_COLOR_2,
}


def decode_rgb(data: bytes, where: str, reduction: int = 1) -> RgbImage:
    """Decodes image bytes in their stored orientation.

    Args:
        data: a whole image file.
        where: what the bytes are, for messages.
        reduction: 1, 2, 4 or 8: a JPEG is decoded at this fraction of its size, which skips most of the work.

    Raises:
        ImageError: the bytes are no whole image.
    """
    if not data.startswith(JPEG_START):
        return decode_image(data, where)
    if reduction == 1:
        return _decode_full(data, where)
    flags = _REDUCED_DECODES[reduction] | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    if decoded is None:
        raise ImageError(f"{where}: {len(data):,} bytes that are no whole JPEG")
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


def _decode_full(data: bytes, where: str) -> RgbImage:
    try:
        planes = decode_jpeg(torch.frombuffer(bytearray(data), dtype=torch.uint8))
    except RuntimeError as error:
        raise ImageError(f"{where}: cannot be decoded ({str(error).splitlines()[0]})") from error
    assert isinstance(planes, torch.Tensor)  # a list is returned only for a list
    if planes.shape[0] != 3:
        return decode_image(data, where)
    return np.ascontiguousarray(planes.permute(1, 2, 0).numpy())


@dataclass(slots=True)
class ImageStore:
    """Reads images, and remembers the decoded ones until a budget is spent.

    An image is the same whether it was remembered or not, so the budget changes speed and nothing else.

    Attributes:
        budget_bytes: memory for decoded images.
        used_bytes: memory taken so far.
    """

    budget_bytes: int
    used_bytes: int = 0
    _kept: dict[Path, RgbImage] = field(default_factory=dict)

    def load(self, path: Path, reduction: int = 1) -> RgbImage:
        """Returns an image; callers must not write into it.

        Args:
            path: image file; always asked for with the same reduction.
            reduction: see `decode_rgb`.

        Raises:
            ImageError: the file is missing or no whole image.
        """
        kept = self._kept.get(path)
        if kept is not None:
            return kept
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ImageError(f"{path}: cannot be read: {error.strerror or error}") from error
        image = decode_rgb(data, str(path), reduction)
        if self.used_bytes + image.nbytes <= self.budget_bytes:
            image.setflags(write=False)
            self._kept[path] = image
            self.used_bytes += image.nbytes
        return image


def reduction_for(image_hw: tuple[int, int], needed_hw: tuple[float, float]) -> int:
    """Returns the largest reduction (1, 2, 4, 8) that leaves an image no smaller than needed."""
    room = min(image_hw[0] / needed_hw[0], image_hw[1] / needed_hw[1])
    return next((step for step in _REDUCED_DECODES if step <= room), 1)
