"""Axes over pictures: where they are drawn, and what is left alone."""

import numpy as np

from meshsight.plotting.axis_lines import AxisLine, draw_axis_lines

RED = (255, 0, 0)


def _line(*ends: tuple[float, float], name: str = "x") -> AxisLine:
    return AxisLine(ends=np.array(ends), color=RED, name=name)


def test_a_named_axis_is_whole_and_a_nameless_one_dashed() -> None:
    grey = np.full((60, 200, 3), 128, dtype=np.uint8)
    whole = draw_axis_lines(grey, [_line((10.0, 30.0), (190.0, 30.0))])
    dashed = draw_axis_lines(grey, [_line((10.0, 30.0), (190.0, 30.0), name="")])
    row = (whole[30, 12:180] == RED).all(axis=1)
    assert row.all()
    share = (dashed[30, 12:180] == RED).all(axis=1).mean()
    assert 0.4 < share < 0.75
    assert (grey == 128).all()


def test_what_lies_behind_the_camera_is_left_out() -> None:
    grey = np.full((60, 200, 3), 128, dtype=np.uint8)
    np.testing.assert_array_equal(draw_axis_lines(grey, [_line((10.0, 30.0), (np.nan, np.nan))]), grey)
    np.testing.assert_array_equal(draw_axis_lines(grey, [_line((10.0, 30.0), (1e9, 0.0))]), grey)
