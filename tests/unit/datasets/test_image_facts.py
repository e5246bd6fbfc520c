"""What is true of an image file, whatever its label says."""

from io import BytesIO

import cv2
import numpy as np
import pytest
from PIL import Image

from meshsight.core.images import encode_jpeg, encode_png
from meshsight.datasets.inspection.image_facts import ORIENTATION, read_image_facts


def picture(size_hw: tuple[int, int] = (300, 400)) -> np.ndarray:
    rng = np.random.default_rng(4)
    small = rng.uniform(0, 255, (9, 12, 3)).astype(np.float32)
    image = cv2.resize(small, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(image + rng.normal(0, 4, image.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("encode", [encode_png, lambda image: encode_jpeg(image, 92)])
def test_light_is_that_of_a_full_decode(encode, tmp_path):
    path = tmp_path / "a.img"
    path.write_bytes(encode(picture()))
    facts = read_image_facts(path)
    grey = np.asarray(Image.open(path).convert("L"))
    assert facts.size_hw == (300, 400)
    assert facts.pixels is not None
    assert facts.pixels.brightness == pytest.approx(grey.mean(), abs=0.5)
    assert facts.pixels.dark == pytest.approx((grey < 20).mean(), abs=0.01)
    assert facts.pixels.bright == pytest.approx((grey > 250).mean(), abs=0.01)
    expected = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(facts.pixels.thumbnail.astype(int) - expected).max() <= 3


@pytest.mark.parametrize("cut", [2, 3, 10, 100, 1000])
@pytest.mark.parametrize("encode", [encode_png, lambda image: encode_jpeg(image, 92)])
def test_a_truncated_file_is_found_wherever_it_ends(encode, cut, tmp_path):
    path = tmp_path / "a.img"
    path.write_bytes(encode(picture())[:-cut])
    facts = read_image_facts(path)
    # The end mark of a JPEG and the empty last chunk of a PNG hold no pixels: without them alone, nothing is lost.
    if cut >= 100:
        assert not facts.is_readable
        assert "truncated" in facts.problem


def test_every_cut_through_the_pixels_is_found(tmp_path):
    path = tmp_path / "a.jpg"
    data = encode_jpeg(picture((96, 128)), 90)
    for stop in range(700, len(data) - 40, 97):
        path.write_bytes(data[:stop])
        assert not read_image_facts(path).is_readable, stop


def test_a_missing_file_is_missing_and_no_other_problem(tmp_path):
    for is_quick in (False, True):
        facts = read_image_facts(tmp_path / "none.png", is_quick=is_quick)
        assert facts.is_missing
        assert not facts.is_readable
    (tmp_path / "empty.png").write_bytes(b"")
    assert not read_image_facts(tmp_path / "empty.png").is_missing
    assert not read_image_facts(tmp_path / "empty.png", is_quick=True).is_missing


def test_quick_reads_the_header_only(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encode_jpeg(picture(), 90)[:3000])
    facts = read_image_facts(path, is_quick=True)
    assert facts.size_hw == (300, 400)
    assert facts.pixels is None


def test_an_image_that_asks_to_be_turned_says_so(tmp_path):
    image, data = Image.fromarray(picture()), BytesIO()
    exif = image.getexif()
    exif[ORIENTATION] = 6
    image.save(data, "JPEG", exif=exif)
    path = tmp_path / "a.jpg"
    path.write_bytes(data.getvalue())
    facts = read_image_facts(path)
    assert facts.size_hw == (300, 400)
    assert facts.pixels is not None
    assert facts.pixels.is_turned
