"""Colour jitter as one 3x4 matrix on RGB in 0..255; clipping happens once, at its end."""

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from meshsight.core.images import RgbImage
from meshsight.core.letterbox import PAD_VALUE
from meshsight.specs.augmentation import ColourJitterSpec

ColourMatrix = Float[np.ndarray, "3 4"]

MID_GREY = 127.5
LUMA = np.array([0.299, 0.587, 0.114])
"""Weights of Rec. ITU-R BT.601."""


def draw_colour(spec: ColourJitterSpec, rng: np.random.Generator) -> ColourMatrix:
    """Draws brightness, contrast, saturation, hue and channel gains, applied in this order."""
    brightness, contrast, saturation = (
        1 + reach * rng.uniform(-1, 1) for reach in (spec.brightness, spec.contrast, spec.saturation)
    )
    hue_rad = np.deg2rad(spec.hue_deg) * rng.uniform(-1, 1)
    gains = 1 + spec.channel_gain * rng.uniform(-1, 1, size=3)
    is_on = rng.random(5) < spec.probability
    factors = np.where(is_on[:3], (brightness, contrast, saturation), 1.0)
    hue_rad, gains = hue_rad * is_on[3], np.where(is_on[4], gains, 1.0)
    return make_colour(float(factors[0]), float(factors[1]), float(factors[2]), float(hue_rad), gains)


def make_colour(
    brightness: float, contrast: float, saturation: float, hue_rad: float, gains: Float[np.ndarray, "3"]
) -> ColourMatrix:
    """Composes the matrix; all factors 1 and hue 0 give the identity."""
    mixing = contrast * brightness * (hue_rotation(hue_rad) @ _saturation(saturation))
    offset = MID_GREY * (1 - contrast)
    # Saturation and hue leave grey alone, so the offset passes through both unchanged.
    return gains[:, None] * np.column_stack([mixing, np.full(3, offset)])


def hue_rotation(angle_rad: float) -> Float[np.ndarray, "3 3"]:
    """Rotates about the grey axis (1, 1, 1), by Rodrigues' formula."""
    cross = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / np.sqrt(3)
    return np.cos(angle_rad) * np.eye(3) + np.sin(angle_rad) * cross + (1 - np.cos(angle_rad)) / 3


def _saturation(factor: float) -> Float[np.ndarray, "3 3"]:
    return factor * np.eye(3) + (1 - factor) * np.outer(np.ones(3), LUMA)


def recolour(matrix: ColourMatrix, image: RgbImage) -> RgbImage:
    """Applies the matrix to a picture, but not to the bars of padding around it: networks find them by their value."""
    rows, columns = num_bars(image), num_bars(image.transpose(1, 0, 2))
    changed = apply_colour(matrix, image)
    height, width = image.shape[:2]
    changed[: rows[0]], changed[height - rows[1] :] = PAD_VALUE, PAD_VALUE
    changed[:, : columns[0]], changed[:, width - columns[1] :] = PAD_VALUE, PAD_VALUE
    return changed


def num_bars(image: UInt8[np.ndarray, "n _ 3"]) -> tuple[int, int]:
    """Counts the rows that are nothing but padding, at the top and at the bottom; none if all are."""
    is_content = (bool((row != PAD_VALUE).any()) for row in image)
    first = next((index for index, found in enumerate(is_content) if found), None)
    if first is None:
        return 0, 0
    return first, next(index for index, row in enumerate(image[::-1]) if (row != PAD_VALUE).any())


def apply_colour(matrix: ColourMatrix, image: RgbImage) -> RgbImage:
    """Applies the matrix to every pixel, rounding and clipping to 0..255."""
    return cv2.transform(image, matrix)
