"""Random colours that go together, and pictures coloured by them."""

import colorsys

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from meshsight.core.images import RgbImage

Palette = UInt8[np.ndarray, "n 3"]


def random_palette(rng: np.random.Generator, count: int) -> Palette:
    """Draws `count` sRGB colours: shades of one hue, neighbours, opposites, greys or anything."""
    scheme = rng.integers(0, 5)
    hue = rng.random()
    colors: list[tuple[float, float, float]] = []
    for _ in range(count):
        if scheme == 0:
            color = colorsys.hsv_to_rgb(hue, rng.uniform(0.1, 0.9), rng.uniform(0.1, 1.0))
        elif scheme == 1:
            color = colorsys.hsv_to_rgb(
                (hue + rng.uniform(-0.1, 0.1)) % 1, rng.uniform(0.2, 1.0), rng.uniform(0.2, 1.0)
            )
        elif scheme == 2:
            turn = 0.5 * rng.integers(0, 2)
            color = colorsys.hsv_to_rgb((hue + turn) % 1, rng.uniform(0.2, 1.0), rng.uniform(0.2, 1.0))
        elif scheme == 3:
            color = colorsys.hsv_to_rgb(hue, rng.uniform(0.0, 0.12), rng.uniform(0.05, 1.0))
        else:
            color = (rng.random(), rng.random(), rng.random())
        colors.append(color)
    return np.round(np.array(colors) * 255).astype(np.uint8)


def random_color(rng: np.random.Generator) -> tuple[int, int, int]:
    """Draws one sRGB colour, as OpenCV's drawing functions take it."""
    red, green, blue = rng.integers(0, 256, 3)
    return int(red), int(green), int(blue)


def as_color(row: UInt8[np.ndarray, "3"]) -> tuple[int, int, int]:
    """Returns one palette row, as OpenCV's drawing functions take it."""
    return int(row[0]), int(row[1]), int(row[2])


def colorize(field: Float32[np.ndarray, "h w"], stops: Palette) -> RgbImage:
    """Colours a field in 0..1 with a ramp through equally spaced colour stops."""
    at = np.linspace(0.0, len(stops) - 1.0, 256)
    ramp = np.stack([np.interp(at, np.arange(len(stops)), stops[:, c]) for c in range(3)], axis=1)
    table = np.round(ramp).astype(np.uint8).reshape(256, 1, 3)
    index = np.clip(field * 255.0, 0.0, 255.0).astype(np.uint8)
    return cv2.applyColorMap(index, table)


def shade(image: RgbImage, factor: Float32[np.ndarray, "h w"]) -> RgbImage:
    """Multiplies a picture by a field, clipped to what a pixel holds."""
    gains = cv2.merge([factor, factor, factor])
    return cv2.multiply(image, gains, dtype=cv2.CV_8U)
