"""The picture or plain colour behind a scene, as an image of the frame's size.

It is display-referred: exposure and white balance act on its decoded light, but no tone curve, so that a neutral
sensor shows the picture's own bytes.
"""

import math

import cv2
import numpy as np
from jaxtyping import UInt8

from meshsight.core.errors import RenderError
from meshsight.core.images import RgbImage
from meshsight.records.scene import AssetSource, BackgroundPicture, PlainBackground, Scene, SensorDraw
from meshsight.render.tone import decode_srgb, encode_srgb, gains, to_image

_SMOOTH = 1.3


def draw_backdrop(scene: Scene, assets: AssetSource) -> RgbImage | None:
    """Returns the image behind everything, or None where the environment is seen."""
    table = exposure_table(scene.sensor)
    match scene.background:
        case None:
            return None
        case PlainBackground(color=color):
            height, width = scene.camera.size_hw
            plain = to_image(np.asarray(color, dtype=np.float64)).reshape(1, 1, 3)
            return np.ascontiguousarray(np.broadcast_to(_look_up(table, plain), (height, width, 3)))
        case BackgroundPicture() as background:
            size_hw = scene.camera.size_hw
            picture = assets.image(background.ref, at_least_hw=needed_hw(background, size_hw))
            is_smooth = picture.shape[:2] != assets.image_size_hw(background.ref)
            return _look_up(table, stretch_picture(picture, background, size_hw, is_smooth=is_smooth))


def needed_hw(background: BackgroundPicture, size_hw: tuple[int, int]) -> tuple[int, int]:
    """Returns how large a picture must be so that the part a background shows is not magnified.

    Raises:
        RenderError: the crop is none.
    """
    _check_crop(background)
    x1, y1, x2, y2 = background.crop
    height, width = math.ceil(size_hw[0] / (y2 - y1)), math.ceil(size_hw[1] / (x2 - x1))
    return (width, height) if background.quarter_turns % 2 else (height, width)


def stretch_picture(
    picture: RgbImage, background: BackgroundPicture, size_hw: tuple[int, int], *, is_smooth: bool = False
) -> RgbImage:
    """Returns the part of a picture that a background shows, turned, mirrored and stretched over an image.

    Args:
        picture: the picture.
        background: which part of it, and how.
        size_hw: of the image.
        is_smooth: the picture was reduced already, and holds nothing finer than its pixels.

    Raises:
        RenderError: the crop is none.
    """
    turned = picture if background.quarter_turns % 4 == 0 else np.rot90(picture, background.quarter_turns).copy()
    if background.rotation_deg == 0:
        shown = _stretch(_crop(turned, background), size_hw, is_smooth=is_smooth)
    else:
        shown = _turn(np.ascontiguousarray(turned), background, size_hw)
    return np.asarray(cv2.flip(shown, 1)) if background.is_flipped else shown


def _turn(picture: RgbImage, background: BackgroundPicture, size_hw: tuple[int, int]) -> RgbImage:
    """Looks each pixel up where the turned crop has it; a picture that is much larger is shrunk first."""
    _check_crop(background)
    x1, y1, x2, y2 = background.crop
    height, width = size_hw
    shrink = min((x2 - x1) * picture.shape[1] / width, (y2 - y1) * picture.shape[0] / height)
    if shrink > 1:
        wh = (max(1, round(picture.shape[1] / shrink)), max(1, round(picture.shape[0] / shrink)))
        picture = np.asarray(cv2.resize(picture, wh, interpolation=cv2.INTER_AREA))
    sides = np.array([picture.shape[1], picture.shape[0]])
    angle = np.deg2rad(background.rotation_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    step = turn @ np.diag(np.array([x2 - x1, y2 - y1]) * sides / (width, height))
    # From the middle of an image's pixel to that of a picture's: half a pixel less on either side, for OpenCV.
    middle = 0.5 * np.array([x1 + x2, y1 + y2]) * sides
    start = middle - step @ (0.5 * np.array([width, height]) - 0.5) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    affine = np.column_stack([step, start])
    return np.asarray(cv2.warpAffine(picture, affine, (width, height), flags=flags, borderMode=cv2.BORDER_REFLECT))


def _check_crop(background: BackgroundPicture) -> None:
    x1, y1, x2, y2 = background.crop
    if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
        raise RenderError(f"background.crop: expected 0 <= x1 < x2 <= 1 and the same for y, found {background.crop}")


def _crop(picture: RgbImage, background: BackgroundPicture) -> RgbImage:
    _check_crop(background)
    x1, y1, x2, y2 = background.crop
    height, width = picture.shape[:2]
    left, top = min(int(x1 * width), width - 1), min(int(y1 * height), height - 1)
    right, bottom = max(left + 1, round(x2 * width)), max(top + 1, round(y2 * height))
    return picture[top:bottom, left:right]


def _stretch(picture: RgbImage, size_hw: tuple[int, int], *, is_smooth: bool) -> RgbImage:
    height, width = size_hw
    halved = _halved(picture, size_hw)
    # What is left to shrink after halving is less than two; below 1.3 the halves' own mean is smooth enough.
    share = _SMOOTH if is_smooth or halved is not picture else 1.0
    picture = halved
    is_smaller = picture.shape[0] > share * height and picture.shape[1] > share * width
    method = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method))


def _halved(picture: RgbImage, size_hw: tuple[int, int]) -> RgbImage:
    """Averages 2 x 2 pixels while the picture stays as large as the image: the same mean in a quarter of the time.

    An odd row or column at the end is left out.
    """
    while picture.shape[0] >= 2 * size_hw[0] and picture.shape[1] >= 2 * size_hw[1]:
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        even = picture[: 2 * height, : 2 * width]
        picture = np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA))
    return picture


def exposure_table(sensor: SensorDraw) -> UInt8[np.ndarray, "256 1 3"] | None:
    """Returns what exposure and white balance make of each byte of a picture, or None where they change nothing."""
    factor = gains(sensor)
    if np.all(factor == 1.0):
        return None
    light = decode_srgb(np.arange(256.0) / 255)[:, None, None]
    return to_image(encode_srgb(light * factor))


def _look_up(table: UInt8[np.ndarray, "256 1 3"] | None, image: RgbImage) -> RgbImage:
    return image if table is None else np.asarray(cv2.LUT(image, table))
