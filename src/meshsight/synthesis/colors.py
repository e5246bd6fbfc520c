"""Colours of tints and lights."""

import colorsys

import numpy as np

from meshsight.records.scene import Rgb
from meshsight.specs.colors import FreeRgb, Hsv, Temperature
from meshsight.synthesis.sampling import describe_given, sample

# XYZ (D65) to linear sRGB, IEC 61966-2-1.
_RGB_FROM_XYZ = np.array(
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]], dtype=np.float64
)


def color_from_hsv(hue_deg: float, saturation: float, brightness: float) -> Rgb:
    """Returns the RGB of a hue, a saturation in 0..1 and a brightness (the largest channel)."""
    red, green, blue = colorsys.hsv_to_rgb(hue_deg / 360.0 % 1.0, saturation, 1.0)
    return red * brightness, green * brightness, blue * brightness


def planckian_xy(temperature_k: float) -> tuple[float, float]:
    """Returns the CIE 1931 chromaticity of a black body between 1667 K and 25000 K.

    Coefficients: the cubic spline fit of Kim et al., US patent 7,024,034 B2 (2006).
    """
    t = 1000.0 / temperature_k
    if temperature_k <= 4000:
        x = ((-0.2661239 * t - 0.2343589) * t + 0.8776956) * t + 0.179910
    else:
        x = ((-3.0258469 * t + 2.1070379) * t + 0.2226347) * t + 0.240390
    if temperature_k <= 2222:
        y = ((-1.1063814 * x - 1.34811020) * x + 2.18555832) * x - 0.20219683
    elif temperature_k <= 4000:
        y = ((-0.9549476 * x - 1.37418593) * x + 2.09137015) * x - 0.16748867
    else:
        y = ((3.0817580 * x - 5.87338670) * x + 3.75112997) * x - 0.37001483
    return x, y


def color_of_temperature(temperature_k: float) -> Rgb:
    """Returns the linear sRGB of a black body with luminance 1; channels outside the gamut are 0."""
    x, y = planckian_xy(temperature_k)
    red, green, blue = np.clip(_RGB_FROM_XYZ @ np.array([x / y, 1.0, (1.0 - x - y) / y]), 0.0, None)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return float(red / luminance), float(green / luminance), float(blue / luminance)


def scale_color(color: Rgb, factor: float) -> Rgb:
    """Multiplies a colour."""
    return color[0] * factor, color[1] * factor, color[2] * factor


def draw_color(spec: Temperature | Hsv | FreeRgb, rng: np.random.Generator) -> Rgb:
    """Draws a linear RGB colour."""
    match spec:
        case Temperature():
            return color_of_temperature(sample(spec.temperature_k, rng))
        case Hsv():
            return color_from_hsv(*(sample(drawn, rng) for drawn in (spec.hue_deg, spec.saturation, spec.value)))
        case FreeRgb():
            return sample(spec.red, rng), sample(spec.green, rng), sample(spec.blue, rng)


def describe_color(spec: Temperature | Hsv | FreeRgb) -> str:
    """Returns a colour's distributions in the words of a recipe."""
    match spec:
        case Temperature():
            return describe_given(temperature_k=spec.temperature_k)
        case Hsv():
            return describe_given(hue_deg=spec.hue_deg, saturation=spec.saturation, value=spec.value)
        case FreeRgb():
            return describe_given(red=spec.red, green=spec.green, blue=spec.blue)
