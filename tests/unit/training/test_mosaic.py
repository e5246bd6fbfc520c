import numpy as np
import pytest

from meshsight.core.letterbox import PAD_VALUE
from meshsight.training.mosaic import NUM_TILES, compose_mosaic
from meshsight.training.picture import Picture


def tile(height: int, width: int) -> Picture:
    """A white picture without objects."""
    return Picture(
        image=np.full((height, width, 3), 255, np.uint8),
        outlines=np.zeros((0, 4, 2)),
        class_ids=np.zeros(0, np.int64),
        is_ignored=np.zeros(0, bool),
        share=np.ones(0),
    )


@pytest.mark.parametrize("centre", [(20, 16), (9, 30), (31, 7), (0, 16), (40, 32)])
@pytest.mark.parametrize("factor", [1.0, 0.5])
def test_every_pixel_is_a_tiles_or_padding(
    centre: tuple[int, int], factor: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(np, "empty", lambda shape, dtype: np.full(shape, 7, dtype))  # what nobody wrote shows
    sizes = [(24, 20), (10, 40), (32, 12), (16, 16)]
    image = compose_mosaic([tile(*size) for size in sizes], centre, (32, 40), factor).image
    height, width = (round(2 * side * factor) for side in (32, 40))
    expected = np.full((height, width, 3), PAD_VALUE, np.uint8)
    middle = np.array([round(centre[0] * factor), round(centre[1] * factor)])
    for number, (rows, columns) in enumerate(sizes):
        scale = factor * min(32 / rows, 40 / columns)
        sides = np.maximum(1, np.round(np.array([columns, rows]) * scale)).astype(int)
        low = middle - sides * (number % 2 == 0, number < NUM_TILES // 2)
        (x, y), (right, bottom) = np.maximum(low, 0), np.maximum(low + sides, 0)
        expected[y:bottom, x:right] = 255
    np.testing.assert_array_equal(image, expected)
