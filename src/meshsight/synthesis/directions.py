"""Directions and points in the world, whose z points up."""

import numpy as np

from meshsight.core.pose import Vector3


def direction(azimuth_rad: float, elevation_rad: float) -> Vector3:
    """Returns the unit vector at an azimuth, counter-clockwise from +x, and an elevation above the horizon."""
    c = np.cos(elevation_rad)
    return np.array([c * np.cos(azimuth_rad), c * np.sin(azimuth_rad), np.sin(elevation_rad)])


def draw_in_ball(radius_m: float, rng: np.random.Generator) -> Vector3:
    """Draws a point uniformly from a ball around the origin."""
    heading = rng.standard_normal(3)
    return heading * (radius_m * rng.random() ** (1.0 / 3.0) / float(np.linalg.norm(heading)))
