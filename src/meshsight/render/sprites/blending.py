"""How a layer's colours are put over a picture; the labels are the same for all of them.

`alpha` covers each pixel by the layer's coverage. `feather` softens the rim inwards, as if cut out with a soft brush.
`match` first moves the layer's colours half way towards those of the picture around it. `poisson` keeps the layer's
gradients and takes the picture's colours at the rim (Perez et al., "Poisson image editing", 2003; OpenCV solves it).
Shapes: h, w a layer's part of the image.
"""

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from meshsight.core.images import RgbImage
from meshsight.records.scene import Blending

Rgba = UInt8[np.ndarray, "h w 4"]

_FEATHER_SIGMA_PX = 1.5
_MATCH_SHARE = 0.5
_MATCH_GAIN = (0.6, 1.6)
_AROUND_PX = 12
_SMALLEST_FOR_POISSON_PX = 8


def blend(picture: RgbImage, color: Rgba, corner_xy: tuple[int, int], mode: Blending) -> None:
    """Puts a layer's part of the image over a picture, in place.

    Args:
        picture: the image so far.
        color: sRGB times alpha, and alpha.
        corner_xy: the image's pixel of the part's left upper corner.
        mode: how.
    """
    x, y = corner_xy
    height, width = color.shape[:2]
    under = picture[y : y + height, x : x + width]
    if mode == "poisson":
        cloned = _poisson(picture, color, corner_xy)
        if cloned is not None:
            under[:] = _over(under, _with_alpha(cloned, color[:, :, 3]))
            return
    under[:] = _over(under, _PREPARED[mode](picture, color, corner_xy))


def _over(under: RgbImage, color: Rgba) -> RgbImage:
    """Returns the premultiplied layer over a picture, rounded."""
    through = under.astype(np.uint16) * (255 - color[:, :, 3:].astype(np.uint16)) + 128
    return (color[:, :, :3] + ((through + (through >> 8)) >> 8)).astype(np.uint8)


def _plain(picture: RgbImage, color: Rgba, corner_xy: tuple[int, int]) -> Rgba:
    return color


def _feathered(picture: RgbImage, color: Rgba, corner_xy: tuple[int, int]) -> Rgba:
    """Takes coverage away near the rim: what is left is alpha times how much of the neighbourhood is covered."""
    alpha = color[:, :, 3]
    # Beyond the part's own border lies either nothing of the object or, at the image's border, more of the same.
    soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), _FEATHER_SIGMA_PX, borderType=cv2.BORDER_REPLICATE))
    return _scaled(color, soft)


def _scaled(color: Rgba, share: UInt8[np.ndarray, "h w"]) -> Rgba:
    product = color.astype(np.uint16) * share[:, :, None].astype(np.uint16) + 128
    return ((product + (product >> 8)) >> 8).astype(np.uint8)


def _matched(picture: RgbImage, color: Rgba, corner_xy: tuple[int, int]) -> Rgba:
    """Scales each channel half way, in stops, to the mean of what lies around and under the layer."""
    x, y = corner_xy
    height, width = color.shape[:2]
    around = picture[max(y - _AROUND_PX, 0) : y + height + _AROUND_PX, max(x - _AROUND_PX, 0) : x + width + _AROUND_PX]
    weight = float(color[:, :, 3].sum()) / 255
    if weight < 1:
        return color
    mine = color[:, :, :3].reshape(-1, 3).sum(axis=0) / weight
    theirs = around.reshape(-1, 3).mean(axis=0)
    gain = np.clip(((theirs + 8) / (mine + 8)) ** _MATCH_SHARE, *_MATCH_GAIN)
    scaled: Float32[np.ndarray, "h w 3"] = color[:, :, :3] * gain.astype(np.float32)
    return np.dstack([np.minimum(np.rint(scaled), color[:, :, 3:]).astype(np.uint8), color[:, :, 3]])


_Preparing = Callable[[RgbImage, Rgba, tuple[int, int]], Rgba]
# Where Poisson's equation has no room, alpha takes its place.
_PREPARED: Mapping[Blending, _Preparing] = {
    "alpha": _plain,
    "feather": _feathered,
    "match": _matched,
    "poisson": _plain,
}


def _poisson(picture: RgbImage, color: Rgba, corner_xy: tuple[int, int]) -> RgbImage | None:
    """Returns the layer in the picture's colours, or None where it is too small or touches the image's border."""
    x, y = corner_xy
    height, width = color.shape[:2]
    mask = np.where(color[:, :, 3] >= 128, np.uint8(255), np.uint8(0))
    is_inside = x >= 2 and y >= 2 and x + width + 2 <= picture.shape[1] and y + height + 2 <= picture.shape[0]
    if not is_inside or min(height, width) < _SMALLEST_FOR_POISSON_PX or mask.sum() < 255 * 16:
        return None
    padded = np.pad(mask, 2)
    under = picture[y - 2 : y + height + 2, x - 2 : x + width + 2].copy()
    # Outside of the object the source is the picture itself, so the rim's own step is what is smoothed away.
    source = under.copy()
    source[2:-2, 2:-2] = _over(under[2:-2, 2:-2], color)
    room = np.pad(under, ((2, 2), (2, 2), (0, 0)), mode="reflect")
    center = _middle_of(padded, 2)
    cloned = cv2.seamlessClone(source, room, padded, center, cv2.MIXED_CLONE)
    return np.asarray(cloned)[4:-4, 4:-4]


def _middle_of(mask: UInt8[np.ndarray, "h w"], offset: int) -> tuple[int, int]:
    """Returns where OpenCV is to put the middle of the mask's box, so that nothing moves."""
    left, top, width, height = cv2.boundingRect(mask)
    return left + offset + width // 2, top + offset + height // 2


def _with_alpha(color: RgbImage, alpha: UInt8[np.ndarray, "h w"]) -> Rgba:
    return _scaled(np.dstack([color, np.full_like(alpha, 255)]), alpha)
