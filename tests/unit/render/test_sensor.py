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


def test_salt_strikes_single_channels_with_its_probability():
    flat = np.full((200, 300, 3), 40, dtype=np.uint8)
    struck = apply_sensor(flat, SensorDraw(salt=0.05, seed=2))
    assert set(np.unique(struck)) == {40, 255}
    is_white = struck == 255
    assert is_white.mean() == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / flat.size))
    assert (is_white.sum(axis=2) == 1).sum() > 20 * is_white.all(axis=2).sum()


@pytest.mark.parametrize(("reach", "angle"), [(3, 10.0), (1, 0.0), (8, 90.0), (5, 135.0)])
def test_motion_spreads_a_point_over_a_line(reach, angle):
    """Along a row for 0 degrees, down and to the right for 45: from x to y, as the image's axes run."""
    point = np.zeros((41, 41, 3), dtype=np.uint8)
    point[20, 20] = 250
    smeared = apply_sensor(point, SensorDraw(motion_px=reach, motion_angle_deg=angle))[..., 0].astype(float)
    rows, columns = np.nonzero(smeared)
    direction = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    offsets = np.stack([columns - 20, rows - 20], axis=1)
    across = offsets @ np.array([-direction[1], direction[0]])
    assert np.abs(across).max() <= 0.75
    assert np.abs(offsets @ direction).max() == pytest.approx(reach, abs=0.75)
    assert abs(smeared.sum() - 250) <= 0.6 * len(rows)
    assert smeared[smeared > 0].min() == smeared.max()


def test_black_level_is_added_in_whole_steps_and_stays_in_range():
    """Where a byte would wrap around, it stays at the end of the range."""
    for value in (0, 2, 100, 254):
        flat = np.full((200, 200, 3), value, dtype=np.uint8)
        lifted = apply_sensor(flat, SensorDraw(black_level=-1.0, black_std=3.0, seed=1)).astype(float) - value
        drawn = np.clip(np.rint(np.random.default_rng(0).normal(-1.0, 3.0, 200000)), -value, 255 - value)
        assert lifted.mean() == pytest.approx(drawn.mean(), abs=0.05)
        assert lifted.std() == pytest.approx(drawn.std(), abs=0.05)
    plain = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    np.testing.assert_array_equal(
        apply_sensor(plain, SensorDraw(black_level=5.0)), np.minimum(plain.astype(int) + 5, 255)
    )


@pytest.mark.parametrize(
    ("bits", "baseline", "levels"),
    [
        (1, 0, [0, 255]),
        (2, 0, [0, 85, 170, 255]),
        (2, 15, [15, 95, 175, 255]),
        (3, 0, [0, 36, 73, 109, 146, 182, 219, 255]),
    ],
)
def test_quantisation_takes_the_level_below(bits, baseline, levels):
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, 2)
    found = apply_sensor(ramp, SensorDraw(bits=bits, baseline=baseline))[..., 0].ravel()
    exact = np.linspace(baseline, 255, 2**bits)
    assert sorted(set(found.tolist())) == levels
    below = np.array([exact[exact <= max(value, baseline) + 1e-9][-1] for value in range(256)])
    np.testing.assert_array_equal(found, np.round(below))


def test_eight_bits_and_more_change_nothing():
    for bits in (8, 12, 32):
        np.testing.assert_array_equal(apply_sensor(PICTURE, SensorDraw(bits=bits)), PICTURE)


def test_a_cut_kernel_is_opencvs():
    expected = cv2.GaussianBlur(PICTURE, (9, 9), 3.0, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_array_equal(apply_sensor(PICTURE, SensorDraw(blur_sigma_px=3.0, blur_kernel_px=9)), expected)


def test_the_stages_follow_one_another_and_do_not_move_each_other():
    parts = (
        SensorDraw(salt=0.05, seed=8),
        SensorDraw(blur_sigma_px=1.0),
        SensorDraw(motion_px=3, motion_angle_deg=10.0),
        SensorDraw(read_noise=0.03, seed=8),
        SensorDraw(black_level=5.0, black_std=1.0, seed=8),
        SensorDraw(bits=6, baseline=4),
        SensorDraw(jpeg_quality=70),
    )
    together = SensorDraw(
        salt=0.05,
        blur_sigma_px=1.0,
        motion_px=3,
        motion_angle_deg=10.0,
        read_noise=0.03,
        black_level=5.0,
        black_std=1.0,
        bits=6,
        baseline=4,
        jpeg_quality=70,
        seed=8,
    )
    steps = PICTURE
    for part in parts:
        steps = apply_sensor(steps, part)
    np.testing.assert_array_equal(apply_sensor(PICTURE, together), steps)
