import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.letterbox import PAD_VALUE, boxes_to_input, fit_letterbox
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.training.geometry import CroppedBoxes, draw_placement, fit, judge_boxes, warp_image
from meshsight.training.picture import Affine, Picture, corners, cut, extents, move

STILL = AugmentationSpec(hflip=0, scale=(1, 1), colour=None)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def draw_affine(spec: AugmentationSpec, image_hw: tuple[int, int], input_hw: tuple[int, int], draws) -> Affine:
    return fit(spec, draw_placement(spec, input_hw, draws), image_hw, input_hw)


def warp_boxes(boxes: np.ndarray, affine: Affine) -> np.ndarray:
    return extents(move(corners(boxes), affine))


def crop_boxes(spec: AugmentationSpec, warped: np.ndarray, input_hw: tuple[int, int]) -> CroppedBoxes:
    count = len(warped)
    picture = Picture(
        image=np.zeros((*input_hw, 3), np.uint8),
        outlines=corners(warped),
        class_ids=np.zeros(count, np.int64),
        is_ignored=np.zeros(count, bool),
        share=np.ones(count),
    )
    rest = cut(picture, np.array([0.0, 0, input_hw[1], input_hw[0]]))
    return judge_boxes(spec, rest.boxes, rest.share)


@given(
    seed=st.integers(0, 10**6),
    image_hw=st.tuples(st.integers(60, 400), st.integers(60, 400)),
    low=st.floats(0.3, 1.0),
    high=st.floats(1.0, 2.0),
    aspect=st.floats(1.0, 1.5),
)
@settings(max_examples=60, derandomize=True, deadline=None)
def test_boxes_follow_the_pixels(seed: int, image_hw: tuple[int, int], low: float, high: float, aspect: float) -> None:
    spec = AugmentationSpec(
        hflip=0.5, vflip=0.5, rotate90=0.5, scale=(low, high), aspect=aspect, translate=0.2, colour=None
    )
    height, width = image_hw
    image = np.zeros((height, width, 3), np.uint8)
    x1, y1, x2, y2 = width // 4, height // 3, width - width // 5, height - height // 4
    image[y1:y2, x1:x2] = 255
    affine = draw_affine(spec, image_hw, (160, 192), rng(seed))
    warped = warp_image(image, affine, (160, 192))
    box = crop_boxes(spec, warp_boxes(np.array([[x1, y1, x2, y2]], np.float32), affine), (160, 192)).boxes[0]
    rows, columns = np.nonzero(warped[..., 0] > 127)  # padding is 114
    if box[2] - box[0] < 2 or box[3] - box[1] < 2:
        return
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    np.testing.assert_allclose(found, box, atol=1.0)


def test_without_settings_an_image_of_the_inputs_size_is_unchanged() -> None:
    image = rng().integers(0, 255, (64, 96, 3), dtype=np.uint8)
    affine = draw_affine(STILL, (64, 96), (64, 96), rng())
    np.testing.assert_array_equal(warp_image(image, affine, (64, 96)), image)
    boxes = np.array([[1, 2, 30, 40]], np.float32)
    np.testing.assert_allclose(warp_boxes(boxes, affine), boxes, rtol=1e-6)


@pytest.mark.parametrize(
    ("setting", "mirror"), [("hflip", lambda image: image[:, ::-1]), ("vflip", lambda image: image[::-1])]
)
def test_a_flip_moves_whole_pixels(setting: str, mirror) -> None:
    image = rng().integers(0, 255, (64, 96, 3), dtype=np.uint8)
    affine = draw_affine(STILL.evolve(**{setting: 1}), (64, 96), (64, 96), rng())
    np.testing.assert_array_equal(warp_image(image, affine, (64, 96)), mirror(image))


def test_quarter_turns_move_whole_pixels_and_all_three_occur() -> None:
    image = rng().integers(0, 255, (64, 64, 3), dtype=np.uint8)
    turned = {k: np.rot90(image, k) for k in (1, 2, 3)}
    seen = set()
    for seed in range(20):
        warped = warp_image(image, draw_affine(STILL.evolve(rotate90=1), (64, 64), (64, 64), rng(seed)), (64, 64))
        seen |= {k for k, expected in turned.items() if np.array_equal(warped, expected)}
    assert seen == {1, 2, 3}


def test_scale_one_is_the_letterboxs_scale() -> None:
    affine = draw_affine(STILL, (480, 640), (320, 320), rng())
    boxes = np.array([[100, 50, 300, 400]], np.float32)
    expected = boxes_to_input(fit_letterbox((480, 640), (320, 320)), boxes)
    moved = warp_boxes(boxes, affine)
    np.testing.assert_allclose(moved[:, 2:] - moved[:, :2], expected[:, 2:] - expected[:, :2], rtol=1e-5)
    warped = warp_image(np.full((480, 640, 3), 255, np.uint8), affine, (320, 320))
    assert (warped == 255).all(axis=(1, 2)).sum() == 240
    assert (warped == PAD_VALUE).all(axis=(1, 2)).sum() == 80


def test_shrinking_averages_instead_of_skipping_pixels() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    warped = warp_image(stripes, draw_affine(STILL, (400, 400), (100, 100), rng()), (100, 100))
    assert np.abs(warped.astype(int) - 127).max() <= 2


def test_changing_one_setting_leaves_the_others_draws_alone() -> None:
    plain = AugmentationSpec(hflip=0, scale=(0.5, 1.5), translate=0.1, colour=None)
    for seed in range(10):
        before = draw_affine(plain, (64, 64), (64, 64), rng(seed))
        turned = draw_affine(plain.evolve(vflip=1, rotate90=1), (64, 64), (64, 64), rng(seed))
        assert abs(np.linalg.det(turned[:, :2])) == pytest.approx(np.linalg.det(before[:, :2]))


def test_cropped_objects_become_ignore_regions_by_cause() -> None:
    warped = np.array(
        [[10, 10, 50, 50], [-30, 0, 10, 40], [-95, 0, 5, 40], [-50, 0, -10, 40], [10, 10, 12, 50], [100, 0, 140, 9]],
        np.float32,
    )
    crop = crop_boxes(AugmentationSpec(min_remaining=0.2, min_side_px=3), warped, (100, 100))
    assert crop.is_outside.tolist() == [False, False, False, True, False, True]
    assert crop.is_cut.tolist() == [False, False, True, False, False, False]
    assert crop.is_tiny.tolist() == [False, False, False, False, True, False]
    np.testing.assert_array_equal(crop.boxes[1], [0, 0, 10, 40])
    assert len(crop_boxes(AugmentationSpec(), np.zeros((0, 4), np.float32), (100, 100)).boxes) == 0


def test_opencv_agrees_about_where_pixels_lie() -> None:
    """A shift by a whole number of pixels is a slice, in OpenCV's convention as in ours."""
    image = rng().integers(0, 255, (40, 40, 3), dtype=np.uint8)
    affine = np.array([[1.0, 0, 5], [0, 1, 3]])
    np.testing.assert_array_equal(warp_image(image, affine, (40, 40))[3:, 5:], image[:-3, :-5])
    assert cv2.__version__
