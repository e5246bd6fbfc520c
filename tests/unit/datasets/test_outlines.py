"""Outlines along pixel edges: exact for every mask, clockwise, and one polygon for parts and holes."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from meshsight.core.masks import decode_mask, tight_box
from meshsight.datasets.outlines import bounds_of, fill_polygons, join_polygons, merge_polygons, trace_outlines

MASKS = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def even_odd(polygons, size_hw) -> np.ndarray:
    """A slow oracle: a pixel is set when a ray from its centre crosses the borders an odd number of times."""
    centres_y, centres_x = np.mgrid[: size_hw[0], : size_hw[1]] + 0.5
    crossings = np.zeros(size_hw, int)
    for points in polygons:
        for (x1, y1), (x2, y2) in zip(points, np.roll(points, -1, axis=0), strict=True):
            crosses = (y1 > centres_y) != (y2 > centres_y)
            with np.errstate(divide="ignore", invalid="ignore"):
                at = x1 + (centres_y - y1) * (x2 - x1) / (y2 - y1)
            crossings += crosses & (at < centres_x)
    return crossings % 2 == 1


def signed_area(points: np.ndarray) -> float:
    """Positive when clockwise as seen in the image."""
    x, y = points.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


@given(MASKS)
def test_outlines_give_the_mask_back(mask):
    outlines = trace_outlines(mask)
    assert np.array_equal(even_odd(outlines, mask.shape), mask)
    assert sum(signed_area(points) for points in outlines) == mask.sum()
    for points in outlines:
        sides = np.diff(points, axis=0, append=points[:1])
        assert np.all((sides == 0).sum(axis=1) == 1), "every side is upright or level"
        assert np.all((sides == 0) != np.roll(sides == 0, 1, axis=0)), "every point is a corner"


@given(MASKS)
def test_there_are_as_many_borders_as_parts_and_holes(mask):
    parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)[0] - 1
    outside = cv2.connectedComponents(np.pad(~mask, 1, constant_values=True).astype(np.uint8), connectivity=4)[0] - 1
    areas = [signed_area(points) for points in trace_outlines(mask)]
    assert sum(area > 0 for area in areas) == parts
    assert sum(area < 0 for area in areas) == outside - 1


@given(MASKS.filter(np.any))
def test_one_joined_polygon_gives_the_mask_back(mask):
    joined = join_polygons(trace_outlines(mask))
    assert np.array_equal(even_odd([joined], mask.shape), mask)
    assert np.array_equal(decode_mask(fill_polygons([joined], mask.shape)), mask)
    assert bounds_of(joined) == tuple(tight_box(mask).tolist())


@given(MASKS.filter(np.any), st.floats(-0.09, 0.09))
def test_a_filled_outline_survives_coarse_rounding(mask, shift):
    joined = join_polygons(trace_outlines(mask)) + shift
    assert np.array_equal(decode_mask(fill_polygons([joined], mask.shape)), mask)


def test_a_ring_is_two_borders_and_a_bridge():
    mask = np.zeros((9, 12), bool)
    mask[2:7, 3:9] = True
    mask[4:5, 5:7] = False
    outer, hole = trace_outlines(mask)
    assert outer.tolist() == [[3, 2], [9, 2], [9, 7], [3, 7]]
    assert hole.tolist() == [[7, 4], [5, 4], [5, 5], [7, 5]]
    assert len(join_polygons([outer, hole])) == 4 + 4 + 2


def test_bridges_tie_each_part_to_its_neighbour():
    squares = [np.array([[x, 0], [x + 2, 0], [x + 2, 2], [x, 2]], float) for x in (0, 40, 10, 30, 20)]
    joined = join_polygons(squares)
    steps = np.linalg.norm(np.diff(joined, axis=0, append=joined[:1]), axis=1)
    assert sorted(steps)[-9:] == [2.0] + [8.0] * 8  # four gaps of eight pixels, there and back


def test_overlapping_polygons_are_merged_not_subtracted():
    polygons = [np.array([[x, 1], [x + 6, 1], [x + 6, 7], [x, 7]], float) for x in (1, 4)]
    merged = merge_polygons(polygons, (9, 12))
    expected = np.zeros((9, 12), bool)
    expected[1:7, 1:10] = True
    assert np.array_equal(decode_mask(fill_polygons([merged], (9, 12))), expected)
    assert merge_polygons(polygons[:1], (9, 12)) is polygons[0]


def test_nothing_has_no_outline():
    assert trace_outlines(np.zeros((3, 4), bool)) == ()


@pytest.mark.parametrize("points", [[[0, 0], [4, 0], [4, 4], [0, 4]], [[-3, -3], [20, -3], [20, 20], [-3, 20]]])
def test_filling_stays_in_the_image(points):
    mask = decode_mask(fill_polygons([np.array(points, float)], (6, 8)))
    assert mask.sum() == (16 if points[0][0] == 0 else 48)
