"""Stored images, decoded no larger than needed and kept in memory while they fit."""

from dataclasses import dataclass, field
from pathlib import Path

from meshsight.core.container import read_path
from meshsight.core.errors import ImageError
from meshsight.core.images import REDUCED_DECODES, RgbImage, decode_image


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
    _kept: dict[tuple[Path, int], RgbImage] = field(default_factory=dict)

    def load(self, path: Path, reduction: int = 1) -> RgbImage:
        """Returns an image; callers must not write into it.

        Args:
            path: image file.
            reduction: see `decode_image`.

        Raises:
            ImageError: the file is missing or no whole image.
        """
        kept = self._kept.get((path, reduction))
        if kept is not None:
            return kept
        try:
            data = read_path(path)
        except OSError as error:
            raise ImageError(f"{path}: cannot be read: {error.strerror or error}") from error
        image = decode_image(data, str(path), reduction)
        if self.used_bytes + image.nbytes <= self.budget_bytes:
            image.setflags(write=False)
            self._kept[path, reduction] = image
            self.used_bytes += image.nbytes
        return image


def reduction_for(scale: float) -> int:
    """Returns the largest reduction of a decode (1, 2, 4, 8) that leaves an image no smaller than `scale` makes it."""
    return max(step for step in REDUCED_DECODES if step == 1 or step * scale <= 1)
