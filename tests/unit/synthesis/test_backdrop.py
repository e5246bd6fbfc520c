"""Crops of background pictures that are turned stay within the picture."""

import numpy as np
import pytest

from meshsight.synthesis.backdrop import draw_crop


@pytest.mark.parametrize("rotation_deg", [0.0, 10.0, 45.0, 90.0, -130.0])
@pytest.mark.parametrize("picture_hw", [(400, 900), (900, 400), (500, 500)])
def test_the_corners_of_a_turned_crop_lie_within_the_picture(picture_hw, rotation_deg):
    rng, (height, width) = np.random.default_rng(1), picture_hw
    angle = np.deg2rad(rotation_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for zoom in (1.0, 1.7):
        for _ in range(20):
            x1, y1, x2, y2 = draw_crop(picture_hw, (480, 640), zoom, rotation_deg, rng)
            assert 0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1
            half = 0.5 * np.array([(x2 - x1) * width, (y2 - y1) * height])
            assert half[0] / half[1] == pytest.approx(640 / 480)
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half @ turn.T
            corners += 0.5 * np.array([(x1 + x2) * width, (y1 + y2) * height])
            assert corners.min() > -1e-6 and (corners < np.array([width, height]) + 1e-6).all()
            largest = 1.0 / zoom
            assert rotation_deg or max(x2 - x1, y2 - y1) == pytest.approx(largest)
