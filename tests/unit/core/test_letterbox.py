"""The letterbox maps boxes where it maps pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.letterbox import PAD_VALUE, apply_letterbox, boxes_to_input, boxes_to_original, fit_letterbox

sizes = st.tuples(st.integers(40, 200), st.integers(40, 200))


@given(sizes, sizes, st.integers(0, 10**6))
def test_boxes_follow_pixels(original: tuple[int, int], target: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = original
    x1, y1 = rng.integers(0, width // 2), rng.integers(0, height // 2)
    x2, y2 = rng.integers(x1 + 8, width + 1), rng.integers(y1 + 8, height + 1)
    image = np.zeros((height, width, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    letterbox = fit_letterbox(original, target)
    fitted = apply_letterbox(letterbox, image)
    assert fitted.shape == (*target, 3)
    inside = fitted[: letterbox.resized_hw[0], : letterbox.resized_hw[1], 0].astype(float) / 255
    box = np.array([[x1, y1, x2, y2]], np.float32)
    mapped = boxes_to_input(letterbox, box)[0]
    # The mass of the white rectangle is the area of the mapped box, up to interpolation along its rim.
    rim = 2 * (mapped[2] - mapped[0] + mapped[3] - mapped[1])
    assert inside.sum() == pytest.approx((mapped[2] - mapped[0]) * (mapped[3] - mapped[1]), abs=float(0.35 * rim + 1))
    assert np.allclose(boxes_to_original(letterbox, boxes_to_input(letterbox, box)), box, atol=1e-3)


def test_padding_is_grey_to_the_right_and_below() -> None:
    letterbox = fit_letterbox((50, 100), (64, 64))
    assert letterbox.resized_hw == (32, 64)
    fitted = apply_letterbox(letterbox, np.zeros((50, 100, 3), np.uint8))
    assert fitted[:32].max() == 0 and (fitted[32:] == PAD_VALUE).all()


def test_the_right_size_is_left_alone() -> None:
    image = np.random.default_rng(0).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    assert apply_letterbox(fit_letterbox((32, 48), (32, 48)), image) is image
