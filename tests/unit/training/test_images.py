import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from meshsight.core.errors import ImageError
from meshsight.core.images import decode_image, encode_jpeg, encode_png, read_image
from meshsight.training.images import ImageStore, reduction_for


def picture(size_hw: tuple[int, int] = (48, 64)) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 255, (6, 8, 3), dtype=np.uint8)
    return cv2.resize(noise, size_hw[::-1], interpolation=cv2.INTER_CUBIC)


def test_png_is_exact_and_jpeg_as_the_plain_reader_has_it(tmp_path: Path) -> None:
    np.testing.assert_array_equal(decode_image(encode_png(picture()), "p"), picture())
    path = tmp_path / "a.jpg"
    path.write_bytes(encode_jpeg(picture(), 90))
    fast, plain = decode_image(path.read_bytes(), "j").astype(int), read_image(path).astype(int)
    assert np.abs(fast - plain).max() <= 2


@pytest.mark.parametrize("reduction", [2, 4, 8])
def test_a_reduced_decode_is_the_image_shrunk(reduction: int) -> None:
    data = encode_jpeg(picture((96, 128)), 95)
    reduced = decode_image(data, "j", reduction)
    assert reduced.shape == (96 // reduction, 128 // reduction, 3)
    full = decode_image(data, "j")
    shrunk = cv2.resize(full, reduced.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(reduced.astype(int) - shrunk).mean() < 3


def test_a_grey_jpeg_becomes_rgb() -> None:
    buffer = io.BytesIO()
    Image.fromarray(picture()[..., 0]).save(buffer, "JPEG")
    decoded = decode_image(buffer.getvalue(), "grey")
    assert decoded.shape == (48, 64, 3)
    assert (decoded[..., 0] == decoded[..., 2]).all()


@pytest.mark.parametrize("reduction", [1, 2])
def test_the_stored_orientation_is_kept_as_labels_expect(reduction: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate by 90 degrees to show"
    buffer = io.BytesIO()
    Image.fromarray(picture()).save(buffer, "JPEG", exif=exif)
    assert decode_image(buffer.getvalue(), "turned", reduction).shape == (48 // reduction, 64 // reduction, 3)


@pytest.mark.parametrize("data", [b"", b"no image", encode_jpeg(picture(), 90)[:300], encode_png(picture())[:200]])
def test_what_is_no_whole_image_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"shelf/7\.jpg"):
        decode_image(data, "shelf/7.jpg")


def test_the_store_remembers_until_its_budget_is_spent(tmp_path: Path) -> None:
    paths = [tmp_path / f"{i}.png" for i in range(3)]
    for path in paths:
        path.write_bytes(encode_png(picture()))
    store = ImageStore(budget_bytes=2 * picture().nbytes)
    before = [store.load(path) for path in paths]
    assert store.used_bytes == 2 * picture().nbytes
    for path in paths[:2]:
        path.unlink()
    for path, image in zip(paths, before, strict=True):
        np.testing.assert_array_equal(store.load(path), image)
    with pytest.raises(ValueError, match="read-only"):
        store.load(paths[0])[0] = 0
    with pytest.raises(ImageError, match="cannot be read"):
        store.load(tmp_path / "absent.png")


@pytest.mark.parametrize(("scale", "reduction"), [(0.1, 8), (0.125, 8), (0.13, 4), (0.5, 2), (0.51, 1), (3.0, 1)])
def test_a_reduced_decode_leaves_no_fewer_pixels_than_needed(scale: float, reduction: int) -> None:
    assert reduction_for(scale) == reduction
