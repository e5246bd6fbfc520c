"""Near-duplicates: a picture changed as programs change it is found, another picture is not."""

import time

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.images import encode_jpeg, encode_png
from meshsight.datasets.inspection.duplicates import (
    EqualImages,
    Likeness,
    Seen,
    SimilarImages,
    _distances,
    correlation,
    perceptual_hash,
)
from meshsight.datasets.inspection.image_facts import Pixels, read_image_facts


def photograph(seed: int, size_hw: tuple[int, int] = (120, 160)) -> np.ndarray:
    """Draws noise with the spectrum of photographs: amplitude falls with the frequency."""
    rng = np.random.default_rng(seed)
    height, width = size_hw
    frequency = np.hypot(np.fft.fftfreq(height)[:, None] * height, np.fft.fftfreq(width)[None, :] * width)
    spectrum = np.fft.fft2(rng.normal(size=(height, width, 3)), axes=(0, 1)) / np.maximum(frequency, 1)[..., None]
    field = np.fft.ifft2(spectrum, axes=(0, 1)).real
    return np.clip(128 + 40 * field / field.std(), 0, 255).astype(np.uint8)


def pixels_of(image: np.ndarray, tmp_path, suffix: str = ".png", quality: int = 90) -> Pixels:
    path = tmp_path / f"image{suffix}"
    path.write_bytes(encode_png(image) if suffix == ".png" else encode_jpeg(image, quality))
    pixels = read_image_facts(path).pixels
    assert pixels is not None
    return pixels


def seen(name: object, split: str = "train") -> Seen:
    return Seen(split=split, image=str(name))


@given(
    seed=st.integers(0, 50),
    gain=st.floats(0.7, 1.2),
    offset=st.floats(-15, 15),
    scale=st.floats(0.5, 2.0),
    quality=st.integers(40, 95),
)
def test_a_picture_is_known_again_brighter_smaller_and_compressed(seed, gain, offset, scale, quality, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    image = photograph(seed)
    changed = np.clip(image * gain + offset, 0, 255).astype(np.uint8)
    changed = cv2.resize(changed, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    similar = SimilarImages(Likeness())
    assert similar.add(seen(0), pixels_of(image, folder)) is None
    assert similar.add(seen(1), pixels_of(changed, folder, ".jpg", quality)) == seen(0)


def test_pictures_of_other_noise_are_other_pictures(tmp_path):
    similar = SimilarImages(Likeness())
    for seed in range(80):
        assert similar.add(seen(seed), pixels_of(photograph(seed), tmp_path)) is None


def test_a_mirrored_or_turned_picture_is_another(tmp_path):
    image = photograph(3)
    similar = SimilarImages(Likeness())
    for number, one in enumerate((image, image[:, ::-1], image[::-1], image[::-1, ::-1])):
        assert similar.add(seen(number), pixels_of(np.ascontiguousarray(one), tmp_path)) is None


def test_images_without_content_are_not_like_each_other(tmp_path):
    similar = SimilarImages(Likeness())
    for number, level in enumerate((0, 3, 128, 255)):
        flat = np.full((60, 80, 3), level, np.uint8)
        assert similar.add(seen(number), pixels_of(flat, tmp_path)) is None


def test_a_repeat_names_the_earlier_one_rather_of_another_split(tmp_path):
    pixels = pixels_of(photograph(1), tmp_path)
    for finder in (SimilarImages(Likeness()), EqualImages()):
        assert finder.add(seen("a", "train"), pixels) is None
        assert finder.add(seen("b", "train"), pixels) == seen("a", "train")
        assert finder.add(seen("c", "val"), pixels) == seen("a", "train")
        assert finder.add(seen("d", "train"), pixels) == seen("c", "val")


def test_equal_means_equal_bytes(tmp_path):
    image = photograph(2)
    finder = EqualImages()
    assert finder.add(seen("a"), pixels_of(image, tmp_path)) is None
    assert finder.add(seen("b"), pixels_of(image, tmp_path, ".jpg")) is None
    assert finder.add(seen("c"), pixels_of(image, tmp_path, ".jpg")) == seen("b")


def test_the_hash_is_that_of_a_plain_cosine_transform():
    thumbnail = cv2.resize(photograph(5), (32, 32), interpolation=cv2.INTER_AREA)[..., 0]
    low = cv2.dct(thumbnail.astype(np.float64))[:8, :8].copy()
    low[0] *= np.sqrt(2)  # OpenCV scales the first row and column to make the transform orthonormal
    low[:, 0] *= np.sqrt(2)
    values = low.reshape(-1)[1:]
    expected = int("".join("1" if value > np.median(values) else "0" for value in values) + "0", 2)
    assert perceptual_hash(thumbnail) == expected


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=20), st.integers(0, 2**63 - 1))
def test_distances_count_bits(hashes, code):
    found = _distances(np.array(hashes, dtype=np.uint64), code)
    assert found.tolist() == [(one ^ code).bit_count() for one in hashes]


def test_correlation_knows_no_gain_and_offset():
    thumbnail = cv2.resize(photograph(6), (32, 32), interpolation=cv2.INTER_AREA)[..., 0]
    half = (thumbnail // 2 + 20).astype(np.uint8)
    assert correlation(thumbnail, thumbnail) == pytest.approx(1, abs=1e-6)
    assert correlation(thumbnail, half) > 0.999
    assert correlation(thumbnail, 255 - thumbnail) == pytest.approx(-1, abs=1e-6)


def test_thousands_of_pictures_take_seconds(tmp_path):
    rng = np.random.default_rng(0)
    pixels = pixels_of(photograph(0), tmp_path)
    similar = SimilarImages(Likeness())
    coarse = rng.uniform(0, 255, (2000, 8, 8)).astype(np.uint8)
    started = time.perf_counter()
    for number, small in enumerate(coarse):
        thumbnail = cv2.resize(small, (32, 32), interpolation=cv2.INTER_CUBIC)
        one = Pixels(
            digest=b"", brightness=pixels.brightness, dark=0.0, bright=0.0, thumbnail=thumbnail, is_turned=False
        )
        assert similar.add(seen(number), one) is None
    assert time.perf_counter() - started < 20
