"""Blur, noise and JPEG."""

import cv2
import numpy as np
import pytest

from meshsight.core.images import decode_image, encode_jpeg
from meshsight.records.scene import SensorDraw
from meshsight.render.sensor import apply_sensor
from meshsight.render.tone import decode_srgb

PICTURE = cv2.resize(np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8), (96, 64))


def test_neutral_values_leave_the_image_as_it_is():
    np.testing.assert_array_equal(apply_sensor(PICTURE, SensorDraw(seed=3)), PICTURE)


@pytest.mark.parametrize("code", [20, 60, 128, 220])
def test_noise_has_the_variance_of_its_model(code):
    light = float(decode_srgb(np.array(code / 255)))
    flat = np.full((300, 300, 3), code, dtype=np.uint8)
    sensor = SensorDraw(shot_noise=0.0004, read_noise=0.0005, seed=1)
    noisy = decode_srgb(apply_sensor(flat, sensor) / 255)
    assert noisy.mean() == pytest.approx(light, rel=0.01, abs=5e-5)
    # A byte is a step of up to 0.008 in light, whose own rounding adds a twelfth of its square.
    step = float(decode_srgb(np.array((code + 0.5) / 255)) - decode_srgb(np.array((code - 0.5) / 255)))
    assert noisy.var() == pytest.approx(0.0004 * light + 0.0005**2 + step**2 / 12, rel=0.06)


def test_faint_noise_changes_nothing():
    every = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    np.testing.assert_array_equal(apply_sensor(every, SensorDraw(read_noise=1e-9)), every)


def test_the_seed_decides_the_noise():
    one, same, other = (apply_sensor(PICTURE, SensorDraw(read_noise=0.02, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).mean() > 0.5


def test_noise_is_independent_between_pixels_and_channels():
    flat = np.full((200, 200, 3), 128, dtype=np.uint8)
    noise = apply_sensor(flat, SensorDraw(read_noise=0.02, seed=4)).astype(float) - 128
    for a, b in ((noise[1:], noise[:-1]), (noise[:, 1:], noise[:, :-1]), (noise[..., 0], noise[..., 1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 0.02


def test_jpeg_is_the_files_own_round_trip():
    expected = decode_image(encode_jpeg(PICTURE, 60), "test")
    np.testing.assert_array_equal(apply_sensor(PICTURE, SensorDraw(jpeg_quality=60)), expected)


def test_blur_spreads_an_edge_by_its_sigma():
    step = np.zeros((40, 80, 3), dtype=np.uint8)
    step[:, 40:] = 200
    slope = np.diff(apply_sensor(step, SensorDraw(blur_sigma_px=3.0))[20, :, 0].astype(float))
    place = np.arange(79) + 1
    mean = (slope * place).sum() / slope.sum()
    assert mean == pytest.approx(40, abs=0.1)
    assert np.sqrt((slope * (place - mean) ** 2).sum() / slope.sum()) == pytest.approx(3.0, rel=0.05)


def test_blur_comes_before_noise_and_noise_before_jpeg():
    sensor = SensorDraw(blur_sigma_px=1.0, read_noise=0.03, jpeg_quality=70, seed=8)
    steps = PICTURE
    for part in (SensorDraw(blur_sigma_px=1.0), SensorDraw(read_noise=0.03, seed=8), SensorDraw(jpeg_quality=70)):
        steps = apply_sensor(steps, part)
    np.testing.assert_array_equal(apply_sensor(PICTURE, sensor), steps)
