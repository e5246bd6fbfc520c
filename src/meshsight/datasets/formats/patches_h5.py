"""Ball patches in HDF5, as RoboCup's NaoTH keeps them: `X` holds the images, `y` what is in them.

NAME_16x16_train_ball_radius_center_X_y.h5    one file for each split (train, validation, test, ...), or one for all
    X    n, h, w, c    uint8; c = 1 luminance, 2 YUV 4:2:2 (Y, and U and V in turn), 3 RGB
    y    n             classes: 0 nothing, 1 ball
         n, 3          circles: radius, centre x, centre y, divided by the patch's width (the last by its height)

In the README of the field's tools the order is radius, x, y, and so are their files; a debug print of theirs says x, y,
radius. We add `label` (n: 0 nothing, else class id + 1), `group` and the attribute `classes`, which others ignore: with
them, nothing but a circle of radius 0 says "no ball". Older files call the labels `Y`. Where it is known, `image`,
`image_hw` and `place` say from which image a patch was cut, how large that is, and which part of it (corners x1, y1,
x2, y2 as shares of it).
"""

from typing import Literal

from meshsight.specs.base import VariantSpec

EXTRA = "patches"


class Spec(VariantSpec):
    """Ball patches in HDF5."""

    kind: Literal["patches_h5"] = "patches_h5"
    target: Literal["circle", "class"] = "circle"
    """What is written of each object: its circle, or its class alone."""
    images: str = "X"
    """The array that holds the images when reading; one published file (tk03) has another array under X."""
