import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.letterbox import PAD_VALUE
from meshsight.models.set_prediction.region import find_region
from meshsight.specs.augmentation import ColourJitterSpec
from meshsight.training.colour import LUMA, MID_GREY, apply_colour, draw_colour, hue_rotation, make_colour, recolour

ONES = np.ones(3)


def one_by_one(
    image: np.ndarray, brightness: float, contrast: float, saturation: float, hue_rad: float, gains: np.ndarray
) -> np.ndarray:
    """The slow oracle: each operation on its own, unclipped, in its textbook form."""
    pixels = image.astype(np.float64)
    pixels = pixels * brightness
    pixels = (pixels - MID_GREY) * contrast + MID_GREY
    luma = (pixels * LUMA).sum(axis=-1, keepdims=True)
    pixels = luma + (pixels - luma) * saturation
    axis = np.ones(3) / np.sqrt(3)
    along = (pixels @ axis)[..., None] * axis
    across = pixels - along
    pixels = along + np.cos(hue_rad) * across + np.sin(hue_rad) * np.cross(axis, pixels)
    return np.clip(np.rint(pixels * gains), 0, 255)


@given(
    seed=st.integers(0, 1000),
    factors=st.tuples(*[st.floats(0.3, 1.7)] * 3),
    hue_rad=st.floats(-3, 3),
    gain=st.floats(0.7, 1.3),
)
@settings(max_examples=30, derandomize=True, deadline=None)
def test_one_matrix_equals_the_operations_one_by_one(
    seed: int, factors: tuple[float, float, float], hue_rad: float, gain: float
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    gains = np.array([gain, 1.0, 2 - gain])
    fast = apply_colour(make_colour(*factors, hue_rad, gains), image)
    slow = one_by_one(image, *factors, hue_rad, gains)
    assert np.abs(fast.astype(float) - slow).max() <= 1  # OpenCV computes in float32


def test_nothing_asked_changes_nothing() -> None:
    still = ColourJitterSpec(brightness=0, contrast=0, saturation=0, hue_deg=0, channel_gain=0)
    matrix = draw_colour(still, np.random.default_rng(0))
    np.testing.assert_allclose(matrix, np.eye(3, 4), atol=1e-12)


def test_a_third_of_a_turn_permutes_the_channels() -> None:
    np.testing.assert_allclose(hue_rotation(2 * np.pi / 3) @ [1, 0, 0], [0, 1, 0], atol=1e-12)


def test_saturation_zero_is_grey_and_hue_keeps_grey() -> None:
    image = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    grey = apply_colour(make_colour(1.0, 1.0, 0.0, 1.0, ONES), image)
    assert (np.ptp(grey.astype(int), axis=-1) <= 1).all()
    np.testing.assert_allclose(grey[..., 0], image @ LUMA, atol=1)


def test_draws_stay_within_their_reach() -> None:
    spec = ColourJitterSpec(brightness=0.5, contrast=0, saturation=0, hue_deg=0, channel_gain=0)
    factors = [draw_colour(spec, np.random.default_rng(seed))[0, 0] for seed in range(200)]
    assert 0.5 <= min(factors) < 0.55
    assert 1.45 < max(factors) <= 1.5
    assert np.mean(factors) == pytest.approx(1, abs=0.06)


@pytest.mark.parametrize("bars", [(0, 0, 0, 0), (3, 5, 0, 0), (0, 0, 2, 0), (1, 2, 3, 4)])
def test_the_bars_of_padding_stay_what_networks_find_them_by(bars: tuple[int, int, int, int]) -> None:
    rng = np.random.default_rng(0)
    top, bottom, left, right = bars
    image = np.full((40, 48, 3), PAD_VALUE, np.uint8)
    inside = (slice(top, 40 - bottom), slice(left, 48 - right))
    image[inside] = rng.integers(0, 256, (40 - top - bottom, 48 - left - right, 3), dtype=np.uint8)
    image[20, 20] = PAD_VALUE  # grey in the picture is no padding
    matrix = make_colour(0.7, 1.3, 1.2, 0.1, np.array([1.0, 1.1, 0.9]))
    found = recolour(matrix, image)
    np.testing.assert_array_equal(found[inside], apply_colour(matrix, image)[inside])
    where = [find_region(torch.from_numpy(each).permute(2, 0, 1)[None].float()) for each in (image, found)]
    assert where[0].tolist() == where[1].tolist() == [[left, top, 48 - left - right, 40 - top - bottom]]


def test_a_picture_all_of_the_paddings_grey_is_no_padding() -> None:
    grey = np.full((4, 6, 3), PAD_VALUE, np.uint8)
    matrix = make_colour(0.5, 1.0, 1.0, 0.0, np.ones(3))
    assert (recolour(matrix, grey) == PAD_VALUE // 2).all()
