"""Environment maps from files."""

import cv2
import numpy as np
import pytest

from meshsight.assets.environment_files import read_environment
from meshsight.core.errors import AssetError


def _map() -> np.ndarray:
    radiance = np.full((8, 16, 3), 0.25, np.float32)
    radiance[0, 0] = (8.0, 2.0, 0.5)
    return radiance


def test_an_array_comes_back_exactly(tmp_path):
    np.save(tmp_path / "sky.npy", _map())
    found = read_environment(tmp_path / "sky.npy")
    assert found.dtype == np.float32
    assert np.array_equal(found, _map())


def test_an_hdr_keeps_radiance_and_channel_order(tmp_path):
    cv2.imwrite(str(tmp_path / "sky.hdr"), cv2.cvtColor(_map(), cv2.COLOR_RGB2BGR))
    np.testing.assert_allclose(read_environment(tmp_path / "sky.hdr"), _map(), rtol=0.01)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((8, 8, 3), np.float32), "expected an equirectangular map, an array (h, 2h, 3), found (8, 8, 3)"),
        (np.zeros((8, 16), np.float32), "found (8, 16)"),
        (np.full((8, 16, 3), -1, np.float32), "negative, infinite or NaN radiance"),
        (np.full((8, 16, 3), np.nan, np.float32), "negative, infinite or NaN radiance"),
        (np.array({"a": 1}), "cannot be read as an array of numbers"),
        (np.array("text"), "cannot be read as an array of numbers"),
    ],
)
def test_a_wrong_array_is_told(tmp_path, array, message):
    np.save(tmp_path / "sky.npy", array, allow_pickle=True)
    with pytest.raises(AssetError) as caught:
        read_environment(tmp_path / "sky.npy")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["sky.hdr", "sky.npy", "sky.exr"])
def test_a_broken_file_is_told(tmp_path, name):
    (tmp_path / name).write_bytes(b"#?RADIANCE\nbroken")
    with pytest.raises(AssetError) as caught:
        read_environment(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
