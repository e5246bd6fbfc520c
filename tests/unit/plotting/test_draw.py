"""What is drawn lies where the label says, in the class's colour."""

import numpy as np
import pytest

from meshsight.core.masks import encode_mask
from meshsight.plotting.draw import Mark, Shape, detection_marks, draw, image_grid
from meshsight.plotting.style import class_hex, text_on
from meshsight.records.detections import Detections

RED = (255, 0, 0)
GREY = np.full((100, 120, 3), 128, np.uint8)


def is_red(picture: np.ndarray) -> np.ndarray:
    return (picture == RED).all(axis=2)


def test_a_box_is_drawn_on_its_own_outermost_pixels() -> None:
    picture = draw(GREY, [Mark(box=(20.0, 30.0, 60.0, 80.0), text="", color=RED)], min_side=0)
    rows, columns = np.nonzero(is_red(picture))
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (20, 30, 60, 80)
    assert not is_red(picture)[31:79, 21:59].any()


def test_small_images_are_enlarged_with_their_boxes() -> None:
    picture = draw(GREY, [Mark(box=(20.0, 30.0, 60.0, 80.0), text="", color=RED)], min_side=480)
    rows, columns = np.nonzero(is_red(picture))
    assert picture.shape == (400, 480, 3)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (80, 120, 240, 320)


def test_the_image_itself_is_left_alone() -> None:
    before = GREY.copy()
    draw(GREY, [Mark(box=(0.0, 0.0, 50.0, 50.0), text="mug", color=RED)], min_side=0)
    np.testing.assert_array_equal(GREY, before)


def test_masks_are_tinted_exactly_where_they_are_set() -> None:
    mask = np.zeros((100, 120), bool)
    mask[40:60, 50:70] = True
    picture = draw(GREY, [Mark(box=(50.0, 40.0, 70.0, 60.0), text="", color=RED, mask=encode_mask(mask))], min_side=0)
    np.testing.assert_array_equal((picture != 128).any(axis=2), mask)


def test_text_at_every_border_stays_in_the_image() -> None:
    corners = [(0.0, 0.0, 9.0, 9.0), (111.0, 0.0, 120.0, 9.0), (0.0, 91.0, 9.0, 100.0), (111.0, 91.0, 120.0, 100.0)]
    for box in corners:
        plain = draw(GREY, [Mark(box=box, text="", color=RED)], min_side=0)
        named = draw(GREY, [Mark(box=box, text="soda can", color=RED)], min_side=0)
        assert is_red(named).sum() > is_red(plain).sum() + 100  # a tag is there
        assert (named == text_on(RED)).all(axis=2).sum() > 5  # with something written on it


def test_tags_of_one_box_do_not_cover_each_other() -> None:
    marks = [Mark(box=(30.0, 40.0, 90.0, 80.0), text="x", color=color) for color in (RED, (0, 0, 255))]
    picture = draw(GREY, marks, min_side=0)
    assert is_red(picture).sum() > 50  # the first tag is still seen under the second, larger drawing


def test_lines_faces_and_points_are_drawn_where_they_are_known() -> None:
    square = np.array([[30.0, 30.0], [70.0, 30.0], [70.0, 70.0], [30.0, 70.0]])
    broken = np.vstack([square[:2] + 15.0, [[np.nan, np.nan]], square[2:]])
    shapes = (
        Shape(points=square, is_closed=True),
        Shape(points=np.array([[50.0, 50.0]]), is_dots=True),
        Shape(points=np.array([[10.0, 90.0], [20.0, 90.0]]), color=(0, 0, 255)),
        Shape(points=broken),
    )
    picture = draw(GREY, [Mark(box=(0.0, 0.0, 9.0, 9.0), text="", color=RED, shapes=shapes, has_box=False)], min_side=0)
    red = is_red(picture)
    assert red[30, 30:71].all() and red[70, 30:71].all() and red[30:71, 30].all() and red[30:71, 70].all()
    assert red[50, 50] and not red[60, 40]
    assert (picture[90, 10:21] == (0, 0, 255)).all()
    assert red[45, 45:86].all()  # the known side of the broken line
    assert not is_red(picture)[:9, :9].any()  # no box was asked for


def test_faces_are_tinted_inside_only() -> None:
    face = Shape(points=np.array([[20.0, 20.0], [60.0, 20.0], [60.0, 50.0], [20.0, 50.0]]), is_closed=True, fill=0.5)
    picture = draw(
        GREY, [Mark(box=(0.0, 0.0, 1.0, 1.0), text="", color=RED, shapes=(face,), has_box=False)], min_side=0
    )
    tinted = (picture == (191, 64, 64)).all(axis=2)
    assert tinted[22:48, 22:58].all()
    assert (
        tinted.sum() + is_red(picture).sum() + (picture == 128).all(axis=2).sum() == picture.shape[0] * picture.shape[1]
    )
    away = Shape(points=face.points + 1e6, is_closed=True, fill=0.5)
    far = draw(GREY, [Mark(box=(0.0, 0.0, 1.0, 1.0), text="", color=RED, shapes=(away,), has_box=False)], min_side=0)
    np.testing.assert_array_equal(far, GREY)


def test_marks_of_detections() -> None:
    found = Detections(
        boxes=np.array([[0, 0, 5, 5], [0, 0, 9, 9], [0, 0, 3, 3]], np.float32),
        scores=np.array([0.91, 0.5, 0.1], np.float32),
        class_ids=np.array([1, 0, 0]),
    )
    assert [mark.text for mark in detection_marks(found, ("mug", "can"), 0.4)] == ["mug 50", "can 91"]


def test_a_grid_holds_every_image_whole() -> None:
    images = [np.full((20 + i, 30, 3), 40 * (i + 1), np.uint8) for i in range(5)]
    grid = image_grid(images, columns=2, gap=4)
    assert grid.shape == (3 * 28 + 4, 2 * 34 + 4, 3)
    for i, image in enumerate(images):
        assert (grid == 40 * (i + 1)).all(axis=2).sum() == image.shape[0] * 30


@pytest.mark.parametrize("count", [12, 40])
def test_class_colours_differ(count: int) -> None:
    assert len({class_hex(i) for i in range(count)}) == count


@pytest.mark.parametrize("corner", [(50, 40), (0, 0), (100, 80)])
def test_enlarged_masks_stay_where_they_are(corner: tuple[int, int]) -> None:
    x, y = corner
    mask = np.zeros((100, 120), bool)
    mask[y : y + 20, x : x + 20] = True
    mark = Mark(box=(0.0, 0.0, 1.0, 1.0), text="", color=RED, mask=encode_mask(mask), has_box=False)
    picture = draw(GREY, [mark], min_side=480)
    rows, columns = np.nonzero((picture != 128).any(axis=2))
    found = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert found == pytest.approx((4 * x, 4 * y, 4 * (x + 20), 4 * (y + 20)), abs=2)
    assert is_red(picture).any()  # its rim


def test_an_empty_mask_is_no_trouble() -> None:
    mark = Mark(
        box=(0.0, 0.0, 1.0, 1.0), text="", color=RED, mask=encode_mask(np.zeros((100, 120), bool)), has_box=False
    )
    np.testing.assert_array_equal(draw(GREY, [mark], min_side=0), GREY)
