"""From linear light to the numbers of an sRGB image, the same for every renderer.

Radiance is multiplied by the exposure's and white balance's gains, passed through the tone curve, and encoded with the
sRGB transfer function (IEC 61966-2-1). `gl/shaders/tone.glsl` is the same arithmetic on the GPU.
"""

import numpy as np
from jaxtyping import Float, UInt8

from meshsight.records.scene import Rgb, SensorDraw

# Light up to here is kept as it is; above it a shoulder runs smoothly towards 1.
SHOULDER = 0.7


def gains(sensor: SensorDraw) -> Float[np.ndarray, "3"]:
    """Returns the factor on linear RGB of a sensor's exposure and white balance."""
    return 2.0**sensor.exposure_ev * np.asarray(sensor.white_balance, dtype=np.float64)


def tone_curve(light: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Compresses light of 0 and more into 0..1: the identity below the shoulder, above it a hyperbola."""
    over = np.maximum(light - SHOULDER, 0.0) / (1.0 - SHOULDER)
    return np.minimum(light, SHOULDER) + (1.0 - SHOULDER) * over / (1.0 + over)


def encode_srgb(light: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Encodes linear light in 0..1 (clipped) to sRGB values in 0..1."""
    light = np.clip(light, 0.0, 1.0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decode_srgb(encoded: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Decodes sRGB values in 0..1 to linear light."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def to_image(encoded: Float[np.ndarray, "*shape"]) -> UInt8[np.ndarray, "*shape"]:
    """Rounds encoded values in 0..1 to bytes."""
    return np.round(np.clip(encoded, 0.0, 1.0) * 255).astype(np.uint8)


def flat_color(emissive: Rgb) -> Float[np.ndarray, "3"]:
    """Encodes the colour of a flat emissive override, which no exposure, white balance or tone curve touches."""
    return encode_srgb(np.asarray(emissive, dtype=np.float64))
