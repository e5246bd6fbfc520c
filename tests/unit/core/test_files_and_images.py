"""Files are whole or absent; images are read one way or refused with a reason."""

import errno
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from meshsight.core.errors import ImageError, StorageError
from meshsight.core.files import dump_json, sha256_of, sha256_of_file, write_bytes, write_json
from meshsight.core.images import decode_image, encode_jpeg, encode_png, read_image, read_size_hw, write_image


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (7, 5, 3)).astype(np.uint8)


def test_png_comes_back_exactly(tmp_path: Path, picture: np.ndarray) -> None:
    write_image(tmp_path / "a" / "x.png", picture)
    assert np.array_equal(read_image(tmp_path / "a" / "x.png"), picture)
    assert read_size_hw(tmp_path / "a" / "x.png") == (7, 5)
    assert np.array_equal(decode_image(encode_png(picture), "x"), picture)


def test_jpeg_keeps_channel_order() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    decoded = decode_image(encode_jpeg(red, 95), "red")
    assert decoded[..., 0].min() > 240 and decoded[..., 1:].max() < 15


def test_grey_palette_and_alpha_become_rgb(tmp_path: Path) -> None:
    for mode in ("L", "P", "RGBA", "1"):
        Image.new(mode, (3, 2)).save(tmp_path / f"{mode}.png")
        assert read_image(tmp_path / f"{mode}.png").shape == (2, 3, 3)


def test_bad_images_are_named(tmp_path: Path, picture: np.ndarray) -> None:
    (tmp_path / "cut.jpg").write_bytes(encode_jpeg(np.tile(picture, (30, 30, 1)), 90)[:900])
    (tmp_path / "text.png").write_text("not an image")
    for name in ("cut.jpg", "text.png", "absent.png"):
        with pytest.raises(ImageError, match=name):
            read_image(tmp_path / name)
    with pytest.raises(ImageError, match=r"text\.png"):
        read_size_hw(tmp_path / "text.png")
    with pytest.raises(ImageError, match="here"):
        decode_image(b"nothing", "here")


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    write_bytes(tmp_path / "kept", b"old")
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match=r"kept: cannot write 8 bytes: No space left"):
        write_bytes(tmp_path / "kept", b"new data")
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept").read_bytes() == b"old"


def test_json_is_exact_and_refuses_nan(tmp_path: Path) -> None:
    assert dump_json({"b": 0.1, "a": [1, None, "é"]}) == '{"b":0.1,"a":[1,null,"é"]}'
    with pytest.raises(ValueError):
        dump_json(float("nan"))
    write_json(tmp_path / "x.json", {"a": 1})
    assert (tmp_path / "x.json").read_text().endswith("}\n")
    assert sha256_of_file(tmp_path / "x.json") == sha256_of((tmp_path / "x.json").read_bytes())
