"""The end of step 2: what the camera's sensor and encoder do to a picture.

Exposure and white balance act on linear light, so the renderers apply them (`tone.py`); here follow, in this order,
blur, noise and JPEG. Only integer and single-precision arithmetic of numpy and OpenCV is used.
"""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from meshsight.core.images import RgbImage, decode_image, encode_jpeg
from meshsight.records.scene import SensorDraw
from meshsight.render.tone import decode_srgb, encode_srgb

# Noise is drawn in light; 4096 steps of a square-root scale are finer than 8 bits of sRGB everywhere.
_TABLE_STEPS = 4096


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
    light = _LIGHT[rgb]
    deviation = _deviations(sensor)[rgb]
    rng = np.random.Generator(np.random.Philox(key=sensor.seed))
    noise = rng.standard_normal(rgb.shape, dtype=np.float32)
    noise *= deviation
    noise += light
    np.clip(noise, 0.0, 1.0, out=noise)
    np.sqrt(noise, out=noise)
    noise *= _TABLE_STEPS
    return _ENCODED[noise.astype(np.int32)]


def _deviations(sensor: SensorDraw) -> Float32[np.ndarray, "256"]:
    return np.sqrt(sensor.shot_noise * _LIGHT + sensor.read_noise**2).astype(np.float32)


def _encoding_table() -> UInt8[np.ndarray, " n"]:
    light = ((np.arange(_TABLE_STEPS + 1) + 0.5) / _TABLE_STEPS) ** 2
    return np.round(255 * encode_srgb(np.minimum(light, 1.0))).astype(np.uint8)


_LIGHT: Float32[np.ndarray, "256"] = decode_srgb(np.arange(256) / 255).astype(np.float32)
_ENCODED: UInt8[np.ndarray, " n"] = _encoding_table()
