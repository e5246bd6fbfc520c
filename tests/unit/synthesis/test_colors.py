import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.synthesis.colors import color_from_hsv, color_of_temperature, planckian_xy


@pytest.mark.parametrize(
    ("temperature_k", "xy"),
    [
        (2000.0, (0.5267, 0.4133)),
        (2856.0, (0.4476, 0.4074)),
        (4000.0, (0.3805, 0.3768)),
        (6500.0, (0.3135, 0.3236)),
        (10000.0, (0.2807, 0.2884)),
    ],
)
def test_chromaticity_is_that_of_the_planckian_locus(temperature_k, xy):
    """Published points of the locus (Wyszecki and Stiles, Color Science); 2856 K is CIE illuminant A."""
    np.testing.assert_allclose(planckian_xy(temperature_k), xy, atol=1e-3)


@given(st.floats(1667, 25000))
def test_the_light_of_every_temperature_has_luminance_one(temperature_k):
    color = color_of_temperature(temperature_k)
    assert np.dot(color, [0.2126, 0.7152, 0.0722]) == pytest.approx(1)
    assert min(color) >= 0


def test_daylight_is_nearly_white_and_candles_are_red():
    np.testing.assert_allclose(color_of_temperature(6500.0), 1.0, atol=0.06)
    red, green, blue = color_of_temperature(1900.0)
    assert red > green > blue
    red, green, blue = color_of_temperature(15000.0)
    assert red < green < blue


def test_hues_turn_from_red_over_green_to_blue():
    assert color_from_hsv(0.0, 1.0, 0.5) == (0.5, 0.0, 0.0)
    np.testing.assert_allclose(color_from_hsv(120.0, 1.0, 1.0), (0, 1, 0), atol=1e-12)
    np.testing.assert_allclose(color_from_hsv(240.0, 0.5, 1.2), (0.6, 0.6, 1.2), atol=1e-12)
