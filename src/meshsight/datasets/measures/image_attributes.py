"""What a photograph is like, without its labels: brightness, contrast, blur, noise and colour, each as one number.

Used by the report card and by the comparison of rendered images with real ones. A picture is looked at as a detector
sees it: reduced to a common longer side, because blur and noise mean nothing without a pixel size.

Shapes: h, w pixels of the reduced picture; n of its edge points.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, Float32

from meshsight.core.errors import ImageError
from meshsight.core.images import RgbImage, read_image

Plane = Float32[np.ndarray, "h w"]

_FINE, _COARSE = 1.0, 2.0
"""Widths in pixels of the two smoothings between which the fall of a gradient tells how blurred an edge is."""
_OWN_VARIANCE = 0.43
"""What the measurement itself adds to the square of an edge's width: the central difference spans two pixels (1/3), and
the crest of an edge lies up to half a pixel beside the pixel where it is found (0.1 on average)."""
_EDGE_SHARE = 0.02
_LEAST_GRADIENT = 2.0
"""Grey levels per pixel below which nothing counts as an edge."""
_NOISE_GRADIENT = 1.2
"""Gradient under the fine smoothing that noise of one level does not reach: six of its standard deviations."""
_FLAT_SHARE = 0.4
_SECOND_DIFFERENCES = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageAttributes:
    """Numbers of one picture.

    Attributes:
        brightness: mean luma (Rec. 601, of the stored sRGB values), 0 black to 1 white.
        contrast: standard deviation of the luma, in the same unit.
        blur_px: width of the typical strong edge, as the sigma of a Gaussian in pixels: 0 is a perfect step. Thin
            lines, fine texture and artificial sharpening are sharper than that, and below 0; NaN without any edge.
        noise: standard deviation of the noise in grey levels of 255, in flat places; NaN without any. What a strong
            JPEG compression has wiped out there is not seen.
        saturation: mean chroma, the distance from grey in CIELAB.
        warmth: mean b* of CIELAB, below zero blue and above it yellow.
        tint: mean a* of CIELAB, below zero green and above it magenta.
    """

    brightness: float
    contrast: float
    blur_px: float
    noise: float
    saturation: float
    warmth: float
    tint: float


def measure_image(image: RgbImage, side: int) -> ImageAttributes:
    """Measures a picture after reducing its longer side to `side` pixels; a smaller one is taken as it is."""
    reduced = _reduce(image, side)
    luma = cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lab = cv2.cvtColor(reduced.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    noise = measure_noise(luma)
    return ImageAttributes(
        brightness=float(luma.mean()) / 255,
        contrast=float(luma.std()) / 255,
        blur_px=measure_blur(luma, noise),
        noise=noise,
        saturation=float(np.hypot(lab[..., 1], lab[..., 2]).mean()),
        warmth=float(lab[..., 2].mean()),
        tint=float(lab[..., 1].mean()),
    )


def measure_files(paths: Sequence[Path], side: int) -> list[ImageAttributes | None]:
    """Measures image files in a few threads, in their order; None stands for a file that cannot be read."""
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        return list(pool.map(partial(_measure_file, side=side), paths))


def measure_blur(luma: Plane, noise: float = 0.0) -> float:
    """Returns how wide the strong edges are, as the sigma of a Gaussian in pixels (see ImageAttributes).

    An edge of width s keeps a gradient of 1 / sqrt(s^2 + a^2) under a smoothing of width a, so the fall from one
    smoothing to a wider one gives s (the re-blur ratio of Zhuo and Sim, Pattern Recognition 44, 2011). The first
    smoothing keeps noise out of it; contrast and brightness cancel.

    Args:
        luma: grey levels.
        noise: their standard deviation; gradients that it can make by itself are no edges.
    """
    least = max(_LEAST_GRADIENT, _NOISE_GRADIENT * noise) if np.isfinite(noise) else _LEAST_GRADIENT
    fine, coarse = _gradient(luma, _FINE), _gradient(luma, _COARSE)
    is_crest = fine >= cv2.dilate(fine, np.ones((3, 3), np.uint8))
    margin = int(3 * _COARSE)
    is_crest[:margin] = is_crest[-margin:] = is_crest[:, :margin] = is_crest[:, -margin:] = False
    crests = np.flatnonzero(is_crest & (fine > least))
    if not crests.size:
        return float("nan")
    count = max(1, min(crests.size, round(_EDGE_SHARE * fine.size)))
    strongest = crests[np.argpartition(-fine.flat[crests], count - 1)[:count]]
    ratio = float(np.median(fine.flat[strongest] / coarse.flat[strongest])) ** 2
    variance = (_COARSE**2 - ratio * _FINE**2) / max(ratio - 1, 1e-3) - _OWN_VARIANCE
    return float(np.copysign(np.sqrt(abs(variance)), variance))


def measure_noise(luma: Plane) -> float:
    """Returns the standard deviation of the noise in flat, unclipped places, in grey levels; NaN without such places.

    Differences of second differences see neither flats nor slopes (Immerkaer, CVIU 64, 1996); where the picture is
    flattest, texture adds the least to them.
    """
    response = np.abs(cv2.filter2D(luma, cv2.CV_32F, _SECOND_DIFFERENCES))[1:-1, 1:-1]
    smooth = cv2.GaussianBlur(luma, (0, 0), _COARSE)[1:-1, 1:-1]
    usable = (smooth > 4) & (smooth < 251)
    if usable.sum() < 64:
        return float("nan")
    slope = _gradient(luma, _COARSE)[1:-1, 1:-1][usable]
    flat = slope <= np.quantile(slope, _FLAT_SHARE)
    return float(np.sqrt(np.pi / 2) / 6 * response[usable][flat].mean())


def _measure_file(path: Path, side: int) -> ImageAttributes | None:
    try:
        return measure_image(read_image(path), side)
    except ImageError:
        return None


def _reduce(image: RgbImage, side: int) -> RgbImage:
    factor = max(image.shape[:2]) / side
    if factor <= 1:
        return image
    height, width = (max(1, round(length / factor)) for length in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def _gradient(luma: Plane, sigma: float) -> Float[np.ndarray, "h w"]:
    """The gradient's size in grey levels per pixel after a Gaussian smoothing."""
    smooth = cv2.GaussianBlur(luma, (0, 0), sigma)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    # Not cv2.magnitude: its last bit depends on where the arrays lie in memory.
    return np.sqrt(across * across + down * down)
