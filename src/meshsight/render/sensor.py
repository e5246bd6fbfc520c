"""The end of step 2: what the camera's sensor and encoder do to a picture.

Exposure and white balance act on linear light, so the renderers apply them (`tone.py`); here follow, in this order,
blur, noise and JPEG.
"""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from scipy.special import ndtri

from meshsight.core.images import RgbImage, decode_image, encode_jpeg
from meshsight.records.scene import SensorDraw
from meshsight.render.tone import decode_srgb, encode_srgb, to_image

# Steps of a square-root scale of light, finer than 8 bits of sRGB everywhere.
_NUM_STEPS = 4096
_NUM_QUANTILES = 2**16
# Strips that stay in the cache: whole images of float32 took twice as long. Even, for 16-bit draws come in pairs.
_STRIP_ROWS = 32


def apply_sensor(rgb: RgbImage, sensor: SensorDraw) -> RgbImage:
    """Returns the image after blur, shot and read noise, and JPEG; neutral values leave the pixels as they are."""
    if sensor.blur_sigma_px > 0:
        rgb = np.asarray(cv2.GaussianBlur(rgb, (0, 0), sensor.blur_sigma_px, borderType=cv2.BORDER_REPLICATE))
    if sensor.shot_noise > 0 or sensor.read_noise > 0:
        rgb = _add_noise(rgb, sensor)
    if sensor.jpeg_quality is not None:
        rgb = decode_image(encode_jpeg(rgb, sensor.jpeg_quality), "sensor")
    return rgb


def _add_noise(rgb: RgbImage, sensor: SensorDraw) -> RgbImage:
    """Adds Gaussian noise to decoded light with variance `shot_noise * light + read_noise**2`, then encodes again.

    Shot noise is a Poisson count; its Gaussian limit is the usual model of raw noise (Foi et al., IEEE TIP 2008).
    """
    deviations = np.sqrt(sensor.shot_noise * _LIGHT + sensor.read_noise**2).astype(np.float32)
    rng = np.random.Generator(np.random.Philox(key=sensor.seed))
    noisy = np.empty_like(rgb)
    for top in range(0, len(rgb), _STRIP_ROWS):
        strip = np.ascontiguousarray(rgb[top : top + _STRIP_ROWS])
        light = _QUANTILES.take(rng.integers(0, _NUM_QUANTILES, strip.shape, dtype=np.uint16))
        light *= cv2.LUT(strip, deviations)
        light += cv2.LUT(strip, _LIGHT)
        np.clip(light, 0.0, 1.0, out=light)
        np.sqrt(light, out=light)
        light *= _NUM_STEPS
        noisy[top : top + _STRIP_ROWS] = _ENCODED.take(light.astype(np.uint16))
    return noisy


def _encoding_table() -> UInt8[np.ndarray, " n"]:
    """Returns the sRGB byte of each step of the square root of light, at the middle of the step."""
    light = ((np.arange(_NUM_STEPS + 1) + 0.5) / _NUM_STEPS) ** 2
    return to_image(encode_srgb(light))


_LIGHT: Float32[np.ndarray, "256"] = decode_srgb(np.arange(256) / 255).astype(np.float32)
_ENCODED: UInt8[np.ndarray, " n"] = _encoding_table()
# Looking up one of 65536 equally likely values is four times as fast as drawing a normal number.
_QUANTILES: Float32[np.ndarray, " n"] = ndtri((np.arange(_NUM_QUANTILES) + 0.5) / _NUM_QUANTILES).astype(np.float32)
