"""Images that repeat earlier ones, byte for byte or nearly: brighter, dimmer, smaller, or compressed anew.

Two images are nearly the same when the low frequencies of their thumbnails agree in sign with their median (a 63-bit
perceptual hash, compared with all earlier ones at once), and then the thumbnails themselves correlate. An image
without content has no such look: any two black frames would be the same.

Shapes: n images so far.
"""

from dataclasses import dataclass, field
from functools import cache

import numpy as np
from jaxtyping import Float, Float32, UInt64

from meshsight.datasets.inspection.image_facts import THUMBNAIL_SIDE, Pixels, Thumbnail

_LOW = 8
_GROWTH = 1024
_ONE, _TWO, _FOUR, _TOP = np.array([1, 2, 4, 56], dtype=np.uint64)
_PAIRS, _FOURS, _BYTES, _SUM = (np.uint64(int(digits * 8, 16)) for digits in ("55", "33", "0f", "01"))

Look = Float32[np.ndarray, " 1024"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How alike two images must be to count as one.

    Measured: a picture made brighter, half as large and compressed anew stays within 4 bits and above 0.985; the next
    field of a microscope slide at another focus is at 4 bits and 0.976; the most alike of other photographs are at 14
    bits and 0.81.

    Attributes:
        max_bits: of the 63 bits of the hash, so many may differ.
        min_correlation: of the thumbnails, at least.
        min_contrast: standard deviation of a thumbnail in grey levels; images with less are left out.
    """

    max_bits: int = 10
    min_correlation: float = 0.95
    min_contrast: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An image that was seen before."""

    split: str
    image: str


@dataclass(slots=True)
class _Cluster:
    """Images that are alike: the first of each split."""

    first_by_split: dict[str, Seen] = field(default_factory=dict[str, Seen])

    def join(self, one: Seen) -> Seen | None:
        """Adds an image; returns the earlier one that it repeats, rather of another split."""
        earlier = list(self.first_by_split.values())
        self.first_by_split.setdefault(one.split, one)
        return next((seen for seen in earlier if seen.split != one.split), earlier[0] if earlier else None)


class EqualImages:
    """Finds files with the same bytes."""

    def __init__(self) -> None:
        self._clusters: dict[bytes, _Cluster] = {}

    def add(self, one: Seen, pixels: Pixels) -> Seen | None:
        """Returns an earlier image with the same bytes."""
        return self._clusters.setdefault(pixels.digest, _Cluster()).join(one)


class SimilarImages:
    """Finds images that look the same; a thousand bytes are held for each one that does not."""

    def __init__(self, likeness: Likeness) -> None:
        self._likeness = likeness
        self._hashes = np.zeros(0, dtype=np.uint64)
        self._thumbnails: list[Thumbnail] = []
        self._clusters: list[_Cluster] = []

    def add(self, one: Seen, pixels: Pixels) -> Seen | None:
        """Returns an earlier image that looks the same."""
        thumbnail = pixels.thumbnail
        if thumbnail.std() < self._likeness.min_contrast:
            return None
        code = perceptual_hash(thumbnail)
        found = self._nearest(code, thumbnail)
        if found is None:
            self._append(code, thumbnail)
            found = len(self._clusters) - 1
        return self._clusters[found].join(one)

    def _nearest(self, code: int, thumbnail: Thumbnail) -> int | None:
        near = np.flatnonzero(_distances(self._hashes[: len(self._clusters)], code) <= self._likeness.max_bits)
        look = _normalised(thumbnail)
        likeness = [float(look @ _normalised(self._thumbnails[index])) for index in near]
        if not likeness or max(likeness) < self._likeness.min_correlation:
            return None
        return int(near[int(np.argmax(likeness))])

    def _append(self, code: int, thumbnail: Thumbnail) -> None:
        if len(self._clusters) == len(self._hashes):
            more = np.zeros(max(_GROWTH, len(self._hashes)), dtype=np.uint64)
            self._hashes = np.concatenate([self._hashes, more])
        self._hashes[len(self._clusters)] = code
        self._thumbnails.append(thumbnail)
        self._clusters.append(_Cluster())


def perceptual_hash(thumbnail: Thumbnail) -> int:
    """Returns 63 bits: which of the 8 x 8 lowest frequencies, the mean left out, lie above their median."""
    low = (_cosines() @ thumbnail @ _cosines().T).reshape(-1)[1:]
    return int.from_bytes(np.packbits(low > np.median(low)).tobytes(), "big")


def correlation(first: Thumbnail, second: Thumbnail) -> float:
    """Returns the correlation of two thumbnails, -1..1; a gain and an offset of brightness do not count."""
    return float(_normalised(first) @ _normalised(second))


@cache
def _cosines() -> Float[np.ndarray, "k 32"]:
    """Returns the lowest rows of the discrete cosine transform."""
    frequency, place = np.arange(_LOW)[:, None], np.arange(THUMBNAIL_SIDE)[None, :]
    return np.cos(np.pi * frequency * (place + 0.5) / THUMBNAIL_SIDE)


def _normalised(thumbnail: Thumbnail) -> Look:
    values = thumbnail.reshape(-1).astype(np.float32)
    values -= values.mean()
    return values / max(float(np.linalg.norm(values)), 1e-6)


def _distances(hashes: UInt64[np.ndarray, " n"], code: int) -> UInt64[np.ndarray, " n"]:
    """Returns in how many bits each hash differs: bits are added in pairs, the pairs in fours, the fours in bytes."""
    bits = hashes ^ np.uint64(code)
    bits -= (bits >> _ONE) & _PAIRS
    bits = (bits & _FOURS) + ((bits >> _TWO) & _FOURS)
    bits = (bits + (bits >> _FOUR)) & _BYTES
    return (bits * _SUM) >> _TOP
