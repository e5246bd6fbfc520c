"""Attributes of pictures whose brightness, contrast, blur, noise and colour are known."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from meshsight.core.images import write_image
from meshsight.datasets.measures.image_attributes import measure_blur, measure_files, measure_image, measure_noise

SIDE = 1024


def flat(value: int | tuple[int, int, int], size: int = 64) -> np.ndarray:
    return np.full((size, size, 3), value, np.uint8)


def edges(sigma: float, low: float = 60, high: float = 190) -> np.ndarray:
    """A luma plane of broad stripes whose edges have a given width."""
    sharp = np.full((160, 160), low, np.float32)
    sharp[:, 40:80] = high
    sharp[:, 120:] = high
    return cv2.GaussianBlur(sharp, (0, 0), sigma) if sigma else sharp


def noisy(level: float, sigma: float, size: int = 200) -> np.ndarray:
    return np.random.default_rng(0).normal(level, sigma, (size, size)).astype(np.float32)


@pytest.mark.parametrize("value", [0, 51, 255])
def test_a_flat_picture(value: int) -> None:
    found = measure_image(flat(value), SIDE)
    assert found.brightness == pytest.approx(value / 255)
    assert found.contrast == 0
    assert np.isnan(found.blur_px)
    assert found.noise == 0 if value == 51 else np.isnan(found.noise)
    assert (found.saturation, found.warmth, found.tint) == pytest.approx((0, 0, 0), abs=0.1)


def test_contrast_is_the_standard_deviation() -> None:
    image = flat(55)
    image[:, 32:] = 200
    assert measure_image(image, SIDE).contrast == pytest.approx((200 - 55) / 2 / 255)


@pytest.mark.parametrize(
    ("rgb", "a", "b"), [((255, 0, 0), 80.09, 67.20), ((0, 255, 0), -86.18, 83.18), ((0, 0, 255), 79.19, -107.86)]
)
def test_colours_are_cielab(rgb: tuple[int, int, int], a: float, b: float) -> None:
    found = measure_image(flat(rgb), SIDE)
    assert (found.tint, found.warmth, found.saturation) == pytest.approx((a, b, np.hypot(a, b)), abs=0.4)


@pytest.mark.parametrize("sigma", [0.7, 1.0, 1.5, 2.0, 3.0])
def test_blur_is_the_width_of_an_edge(sigma: float) -> None:
    assert measure_blur(edges(sigma)) == pytest.approx(sigma, abs=0.08)


def test_a_step_has_no_width_and_a_line_is_sharper() -> None:
    assert measure_blur(edges(0)) == pytest.approx(0, abs=0.4)
    line = np.full((160, 160), 60, np.float32)
    line[:, 80] = 200
    assert measure_blur(line) < -0.5


def test_blur_does_not_depend_on_contrast_or_brightness() -> None:
    first = measure_blur(edges(1.5))
    assert measure_blur(edges(1.5, low=10, high=40)) == pytest.approx(first, rel=1e-3)
    assert measure_blur(edges(1.5, low=150, high=250)) == pytest.approx(first, rel=1e-3)


def test_blurs_add_as_squares() -> None:
    twice = cv2.GaussianBlur(edges(1.2), (0, 0), 1.6)
    assert measure_blur(twice) == pytest.approx(2.0, rel=0.1)


def test_noise_makes_no_edges() -> None:
    rng = np.random.default_rng(0)
    spoilt = edges(1.5) + rng.normal(0, 6, (160, 160)).astype(np.float32)
    assert measure_blur(spoilt, measure_noise(spoilt)) == pytest.approx(1.5, abs=0.25)
    assert np.isnan(measure_blur(noisy(128, 6), measure_noise(noisy(128, 6))))


@pytest.mark.parametrize("sigma", [0.5, 1.0, 4.0, 12.0])
def test_noise_is_its_standard_deviation(sigma: float) -> None:
    slope = noisy(90, sigma) + np.linspace(0, 60, 200, dtype=np.float32)
    assert measure_noise(slope) == pytest.approx(sigma, rel=0.06)


def test_texture_beside_flat_places_is_no_noise() -> None:
    plane = noisy(128, 2.0)
    plane[:, :100] += 60 * (np.indices((200, 100)).sum(axis=0) // 5 % 2)
    assert measure_noise(plane) == pytest.approx(2.0, rel=0.15)


def test_clipped_places_hide_noise_and_are_left_out() -> None:
    plane = np.clip(noisy(128, 3.0), 0, 255)
    plane[:100] = 255
    assert measure_noise(plane) == pytest.approx(3.0, rel=0.08)


def test_both_grow_with_what_they_measure() -> None:
    scene = cv2.resize(
        np.random.default_rng(1).integers(0, 255, (12, 12, 3), dtype=np.uint8), (240, 240), interpolation=0
    )
    rng = np.random.default_rng(2)
    blurs = [measure_image(cv2.GaussianBlur(scene, (0, 0), s), SIDE).blur_px for s in (0.5, 1, 2, 3, 5)]
    noises = [
        measure_image(np.clip(scene + rng.normal(0, s, scene.shape), 0, 255).astype(np.uint8), SIDE).noise
        for s in (1, 2, 4, 8, 16)
    ]
    assert blurs == sorted(blurs) and len(set(blurs)) == 5
    assert noises == sorted(noises) and len(set(noises)) == 5


def test_a_large_picture_is_looked_at_as_a_detector_sees_it() -> None:
    small = np.repeat(edges(1.0).astype(np.uint8)[:, :, None], 3, axis=2)
    large = cv2.resize(small, (640, 640), interpolation=cv2.INTER_NEAREST)
    assert measure_image(large, 160) == measure_image(small, 160)


def test_files_in_their_order_and_none_for_those_that_cannot_be_read(tmp_path: Path) -> None:
    for value in (40, 80, 120):
        write_image(tmp_path / f"{value}.png", flat(value))
    (tmp_path / "broken.png").write_bytes(b"no image")
    paths = [tmp_path / name for name in ("120.png", "broken.png", "40.png", "80.png", "missing.png")]
    found = [None if one is None else round(255 * one.brightness) for one in measure_files(paths, SIDE)]
    assert found == [120, None, 40, 80, None]
