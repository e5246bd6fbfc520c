"""Directions on an equirectangular map: row 0 is up (+z), column 0 begins at +x, columns turn towards +y.

Shapes: h rows over the polar angle 0..pi, w = 2h columns over the azimuth 0..2 pi.
"""

import cv2
import numpy as np
from jaxtyping import Float, Float32

from meshsight.core.pose import Matrix3, rotation_about_z
from meshsight.records.scene import Environment

RadianceMap = Float32[np.ndarray, "_ _ 3"]


def texel_directions(height: int, width: int) -> Float[np.ndarray, "h w 3"]:
    """Returns the unit direction of each texel's centre."""
    polar = (np.arange(height) + 0.5)[:, None] * (np.pi / height)
    azimuth = (np.arange(width) + 0.5)[None, :] * (2 * np.pi / width)
    z = np.broadcast_to(np.cos(polar), (height, width))
    return np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), z], axis=2)


def texel_solid_angles(height: int, width: int) -> Float[np.ndarray, "h w"]:
    """Returns the steradians that each texel covers; they sum to 4 pi."""
    edges = np.cos(np.arange(height + 1) * (np.pi / height))
    return np.repeat(((edges[:-1] - edges[1:]) * (2 * np.pi / width))[:, None], width, axis=1)


def shrink(radiance: RadianceMap, height: int) -> RadianceMap:
    """Averages a map to `height` rows; a smaller or equal one is stretched."""
    is_smaller = radiance.shape[0] > height
    method = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(radiance, (2 * height, height), interpolation=method))


def look_up(radiance: RadianceMap, directions: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Returns the bilinear radiance from unit directions of the map's frame."""
    height, width = radiance.shape[:2]
    x = np.arctan2(directions[:, 1], directions[:, 0]) / (2 * np.pi) % 1.0 * width - 0.5
    y = np.arccos(np.clip(directions[:, 2], -1.0, 1.0)) / np.pi * height - 0.5
    left, top = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    right, bottom = (left + 1) % width, np.minimum(top + 1, height - 1)
    along, down = (x - left)[:, None], (y - top)[:, None]
    left, top = left % width, np.maximum(top, 0)
    upper = radiance[top, left] * (1 - along) + radiance[top, right] * along
    lower = radiance[bottom, left] * (1 - along) + radiance[bottom, right] * along
    return upper * (1 - down) + lower * down


def rotation_env_world(environment: Environment) -> Matrix3:
    """Returns the rotation from the world into the map: the map is turned counter-clockwise seen from above."""
    return rotation_about_z(-environment.rotation_rad)
