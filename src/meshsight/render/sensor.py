"""The end of step 2: what the camera's sensor and encoder do to a picture.

Exposure and white balance act on linear light, so the renderers apply them (`tone.py`). Here follow, in this order:
salt, Gaussian blur, motion blur, shot and read noise, black level, quantisation, JPEG. What is random is keyed by the
draw's seed and its stage, so switching one stage on moves no other.
"""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8
from scipy.special import ndtri

from meshsight.core.images import RgbImage, decode_image, encode_jpeg
from meshsight.core.rng import stream
from meshsight.records.scene import SensorDraw
from meshsight.render.tone import decode_srgb, encode_srgb, to_image

# Steps of a square-root scale of light, finer than 8 bits of sRGB everywhere.
_NUM_STEPS = 4096
_NUM_QUANTILES = 2**16
# Strips that stay in the cache: whole images of float32 took twice as long. Even, for 16-bit draws come in pairs.
_STRIP_ROWS = 32
_FULL_BITS = 8


def apply_sensor(rgb: RgbImage, sensor: SensorDraw) -> RgbImage:
    """Returns the image after every stage; neutral values leave the pixels as they are."""
    if sensor.salt > 0:
        rgb = _strike(rgb, sensor)
    rgb = _smear(_blur(rgb, sensor), sensor)
    if sensor.shot_noise > 0 or sensor.read_noise > 0:
        rgb = _add_noise(rgb, sensor)
    if sensor.black_level != 0 or sensor.black_std > 0:
        rgb = _lift_black(rgb, sensor)
    if sensor.bits < _FULL_BITS or sensor.baseline > 0:
        rgb = np.asarray(cv2.LUT(rgb, _levels(sensor.bits, sensor.baseline)))
    if sensor.jpeg_quality is not None:
        rgb = decode_image(encode_jpeg(rgb, sensor.jpeg_quality), "sensor")
    return rgb


def _strike(rgb: RgbImage, sensor: SensorDraw) -> RgbImage:
    """Makes single channels white, each with the same probability."""
    rng = _stream(sensor, "salt")
    is_struck = rng.random(rgb.shape, dtype=np.float32) < sensor.salt
    return np.where(is_struck, np.uint8(255), rgb)


def _blur(rgb: RgbImage, sensor: SensorDraw) -> RgbImage:
    if sensor.blur_sigma_px <= 0:
        return rgb
    size, sigma = sensor.blur_kernel_px, sensor.blur_sigma_px
    return np.asarray(cv2.GaussianBlur(rgb, (size, size), sigma, borderType=cv2.BORDER_REPLICATE))


def _smear(rgb: RgbImage, sensor: SensorDraw) -> RgbImage:
    """Spreads each pixel evenly over a line through it."""
    if sensor.motion_px <= 0:
        return rgb
    reach = sensor.motion_px
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)
    cv2.ellipse(kernel, (reach, reach), (reach, 0), sensor.motion_angle_deg, 0, 360, 1, -1)
    weights = (kernel / kernel.sum()).astype(np.float32)
    # The correlation that OpenCV computes equals the convolution: a line through the middle is its own mirror image.
    return np.asarray(cv2.filter2D(rgb, -1, weights, borderType=cv2.BORDER_REPLICATE))


def _lift_black(rgb: RgbImage, sensor: SensorDraw) -> RgbImage:
    """Adds whole steps, normally distributed, to every encoded value; what would leave 0..255 stays at its end."""
    steps = np.rint(sensor.black_level + sensor.black_std * _QUANTILES).astype(np.int16)
    rng = _stream(sensor, "black")
    lifted = np.empty_like(rgb)
    for top in range(0, len(rgb), _STRIP_ROWS):
        strip = rgb[top : top + _STRIP_ROWS]
        added = steps.take(rng.integers(0, _NUM_QUANTILES, strip.shape, dtype=np.uint16))
        lifted[top : top + _STRIP_ROWS] = np.clip(added + strip, 0, 255)
    return lifted


def _levels(bits: int, baseline: int) -> UInt8[np.ndarray, "256"]:
    """Returns each value's level: the highest that is not above it, of 2^bits from the baseline to 255."""
    last = 2 ** min(bits, _FULL_BITS) - 1
    above = np.clip(np.arange(256), baseline, 255) - baseline
    level = above * last // (255 - baseline)
    return np.round(baseline + level * (255 - baseline) / last).astype(np.uint8)


def _stream(sensor: SensorDraw, stage: str) -> np.random.Generator:
    return stream(sensor.seed, 0, f"sensor.{stage}")


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
