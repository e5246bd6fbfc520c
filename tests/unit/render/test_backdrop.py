"""Pictures behind a scene: cropped, turned by right angles and by any angle, mirrored."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from meshsight.assets.library import AssetLibrary
from meshsight.core.images import write_image
from meshsight.records.scene import BackgroundPicture
from meshsight.render.backdrop import draw_backdrop, needed_hw, stretch_picture

from ...contracts.handmade import scene_of

PICTURE = cv2.resize(np.random.default_rng(0).integers(0, 256, (6, 9, 3), dtype=np.uint8), (90, 60))


@pytest.mark.parametrize("turns", range(4))
def test_right_angles_keep_every_pixel(turns):
    expected = np.rot90(PICTURE, turns)
    shown = stretch_picture(PICTURE, BackgroundPicture(ref="", quarter_turns=turns), expected.shape[:2])
    np.testing.assert_array_equal(shown, expected)


def test_a_small_turn_moves_a_point_counter_clockwise():
    """A bright spot right of the middle rises."""
    picture = np.zeros((100, 100, 3), dtype=np.uint8)
    picture[48:52, 78:82] = 255
    shown = stretch_picture(picture, BackgroundPicture(ref="", rotation_deg=30.0), (100, 100))
    rows, columns = np.nonzero(shown[..., 0] > 128)
    found = np.array([columns.mean(), rows.mean()]) + 0.5 - 50
    np.testing.assert_allclose(found, 30 * np.array([np.cos(np.pi / 6), -np.sin(np.pi / 6)]), atol=0.3)


def test_a_turn_by_a_right_angle_is_that_of_quarter_turns():
    square = PICTURE[:, :60]
    shown = stretch_picture(square, BackgroundPicture(ref="", rotation_deg=90.0), (60, 60))
    assert np.abs(shown.astype(int) - np.rot90(square)).max() <= 1


def test_a_turn_by_nothing_is_the_crop():
    crop = (0.2, 0.25, 0.7, 0.75)
    plain = stretch_picture(PICTURE, BackgroundPicture(ref="", crop=crop), (30, 45))
    turned = stretch_picture(PICTURE, BackgroundPicture(ref="", crop=crop, rotation_deg=1e-9), (30, 45))
    assert np.abs(plain.astype(int) - turned).max() <= 1


@pytest.mark.parametrize("turns", [0, 1])
@pytest.mark.parametrize("rotation_deg", [0.0, 12.0])
def test_a_large_photograph_shows_the_same_decoded_whole_or_reduced(tmp_path, turns, rotation_deg):
    """A crop begins at a whole pixel of the reduced picture, so its edges may move by half of the image's pixels."""
    scale = 8 if turns == 0 else 6
    photo = cv2.resize(PICTURE, (PICTURE.shape[1] * scale, PICTURE.shape[0] * scale), interpolation=cv2.INTER_CUBIC)
    write_image(tmp_path / "photo.jpg", photo)
    assets = AssetLibrary(tmp_path, {})
    crop = (0.11, 0.2, 0.93, 0.95)
    background = BackgroundPicture(ref="photo.jpg", crop=crop, quarter_turns=turns, rotation_deg=rotation_deg)
    scene = replace(scene_of(), background=background)
    size_hw = scene.camera.size_hw
    needed = needed_hw(background, size_hw)
    reduced = assets.image("photo.jpg", at_least_hw=needed)
    assert reduced.shape < assets.image("photo.jpg").shape
    shown = draw_backdrop(scene, assets).astype(int)
    whole = stretch_picture(assets.image("photo.jpg"), background, size_hw).astype(int)
    moved = whole[:, 1:] - whole[:, :-1]
    assert np.abs(shown - whole).mean() < 0.5 * np.abs(moved).mean()


def test_mirroring_comes_last():
    turned = BackgroundPicture(ref="", crop=(0.3, 0.3, 0.7, 0.7), rotation_deg=20.0)
    mirrored = BackgroundPicture(ref="", crop=(0.3, 0.3, 0.7, 0.7), rotation_deg=20.0, is_flipped=True)
    one, other = (stretch_picture(PICTURE, each, (40, 40)) for each in (turned, mirrored))
    np.testing.assert_array_equal(other, one[:, ::-1])
