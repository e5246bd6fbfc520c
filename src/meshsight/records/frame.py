"""Step 2 of the walk: what a renderer returns.

Shapes: h, w the image; the silhouette canvas is three images wide and high with the image in its middle.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int32, UInt8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Silhouette:
    """One object drawn alone, also beyond the image's borders.

    Attributes:
        instance_id: the object.
        origin_xy: pixel of the image at which `mask` begins; negative left of or above the image.
        mask: the pixels that the object covers, cropped to its tight box (0, 0 when it covers none).
        is_cut: the object reaches beyond the canvas, or crosses the near plane, so that `mask` misses a part of it.
    """

    instance_id: int
    origin_xy: tuple[int, int]
    mask: Bool[np.ndarray, "sh sw"]
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """A rendered frame.

    Attributes:
        rgb: sRGB image after the sensor.
        depth_m: planar depth z at pixel centres; 0 where nothing but background is seen.
        instance_id: id of the nearest object at each pixel centre; 0 for ground and background.
        silhouettes: one for each labelled object (not for distractors), in scene order. The pixels of `instance_id`
            equal to an object's id are always a subset of its silhouette.
    """

    rgb: UInt8[np.ndarray, "h w 3"]
    depth_m: Float32[np.ndarray, "h w"]
    instance_id: Int32[np.ndarray, "h w"]
    silhouettes: tuple[Silhouette, ...]
