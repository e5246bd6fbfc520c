"""A picture through a lens that bends, from one without: the wide pinhole camera that sees all of it, and the map.

A renderer that can only draw straight lines draws with `wide_camera` and looks its picture up at `wide_places`.
Shapes: h, w the image; wh, ww the wide image.
"""

import cv2
import numpy as np
from jaxtyping import Float32, Shaped

from meshsight.core.camera import Camera, unproject, unproject_border

# Pixels around what the image shows, so that every look-up has neighbours.
_MARGIN_PX = 2
_GRID = 33


def wide_camera(camera: Camera, samples_per_pixel: float = 1.0) -> Camera:
    """Returns a pinhole camera of the same pose that sees all that a camera with a lens sees.

    Nowhere are two of its pixels further apart than two of the image's, divided by `samples_per_pixel`.
    """
    density = samples_per_pixel * _largest_stretch(camera)
    fx, fy = camera.fx * density, camera.fy * density
    seen = unproject_border(camera)[:, :2] * (fx, fy)
    low, high = np.floor(seen.min(axis=0)) - _MARGIN_PX, np.ceil(seen.max(axis=0)) + _MARGIN_PX
    width, height = (high - low).astype(int).tolist()
    return Camera(fx=fx, fy=fy, cx=-float(low[0]), cy=-float(low[1]), size_hw=(height, width))


def _largest_stretch(camera: Camera) -> float:
    """Returns by how much the lens enlarges at most, anywhere in the image and in any direction."""
    assert camera.lens is not None
    height, width = camera.size_hw
    u, v = np.meshgrid(np.linspace(0, width, _GRID), np.linspace(0, height, _GRID))
    points = unproject(camera, np.stack([u.ravel(), v.ravel()], axis=1), np.ones(u.size))[:, :2]
    xx, xy, yy = camera.lens.jacobians(points).T
    # The larger eigenvalue of a symmetric matrix.
    return float((0.5 * (xx + yy) + np.sqrt(0.25 * (xx - yy) ** 2 + xy * xy)).max())


def wide_places(camera: Camera, wide: Camera) -> Float32[np.ndarray, "h w 2"]:
    """Returns for each pixel centre of the image where the wide image shows it, in the wide image's pixels."""
    height, width = camera.size_hw
    u, v = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    points = unproject(camera, np.stack([u.ravel(), v.ravel()], axis=1), np.ones(u.size))[:, :2]
    places = points * (wide.fx, wide.fy) + (wide.cx, wide.cy)
    return places.reshape(height, width, 2).astype(np.float32)


def look_up_smoothly(
    picture: Shaped[np.ndarray, "wh ww *channels"], places: Float32[np.ndarray, "h w 2"]
) -> Shaped[np.ndarray, "h w *channels"]:
    """Returns a picture's colours at places, bilinear between pixel centres. Transparent colours come premultiplied."""
    u, v = np.ascontiguousarray(places[..., 0] - 0.5), np.ascontiguousarray(places[..., 1] - 0.5)
    return np.asarray(cv2.remap(picture, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def look_up_nearest(
    labels: Shaped[np.ndarray, "wh ww"], places: Float32[np.ndarray, "h w 2"]
) -> Shaped[np.ndarray, "h w"]:
    """Returns what is at the pixel that each place lies in: ids and depths are never mixed.

    A border is off by half a wide pixel at most, so draw labels with several samples a pixel.
    """
    height, width = labels.shape
    columns = np.clip(np.floor(places[..., 0]).astype(np.int64), 0, width - 1)
    rows = np.clip(np.floor(places[..., 1]).astype(np.int64), 0, height - 1)
    return labels[rows, columns]
