"""Built-in packages: two pairs of objects of exactly the same geometry that differ in nothing but their texture."""

import cv2

from meshsight.assets.builtin.paint import (
    atlas,
    band,
    canvas,
    letters,
    make_part,
    painted,
    plain,
    spots,
    wave,
    worn,
)
from meshsight.assets.builtin.solids import rounded_box
from meshsight.assets.builtin.surface import join, lathe
from meshsight.core.images import RgbImage
from meshsight.records.mesh import MeshPart


def _can(label: RgbImage) -> list[MeshPart]:
    """Returns a drink can 12 cm high with the label around its side, the seam at +x."""
    side = lathe([(0.033, 0.008), (0.033, 0.11)], 48)
    foot = lathe([(0.0, 0.004), (0.024, 0.002), (0.026, 0.0), (0.028, 0.002), (0.033, 0.008)], 48)
    lid = lathe([(0.033, 0.11), (0.028, 0.119), (0.0275, 0.121), (0.0255, 0.121), (0.025, 0.117), (0.0, 0.117)], 48)
    tab = rounded_box((0.022, 0.014, 0.0016), 0.0006, 1).moved(x=0.004, z=0.1185)
    return [
        make_part(side, painted(label, roughness=0.3)),
        make_part(join([foot, lid, tab]), plain((200, 202, 206), roughness=0.3, metallic=1.0)),
    ]


def can_cola() -> list[MeshPart]:
    """Red can with one broad white wave; the twin of can_paint."""
    label = canvas((205, 15, 25), 256, 512)
    wave(label, 0.5, 0.2, 0.22, (250, 250, 250))
    letters(label, "cola", (0.08, 0.82), 1.6, (250, 250, 250))
    letters(label, "cola", (0.58, 0.12), 1.6, (250, 250, 250))
    return _can(worn(label, "can_cola", 0.1))


def can_paint() -> list[MeshPart]:
    """Blue can with yellow rings and spots; the twin of can_cola."""
    label = canvas((25, 60, 190), 256, 512)
    spots(label, 3, 6, 0.28, (250, 215, 20))
    band(label, 0.0, 0.14, (250, 215, 20))
    band(label, 0.86, 1.0, (250, 215, 20))
    return _can(worn(label, "can_paint", 0.1))


def _box(skin: RgbImage) -> list[MeshPart]:
    """Returns a box of 18x6x25 cm under an atlas."""
    return [make_part(rounded_box((0.18, 0.06, 0.25), 0.004, 2), painted(skin, roughness=0.6))]


def box_cereal() -> list[MeshPart]:
    """Yellow breakfast box with a red bowl and a green stripe; the twin of box_parcel."""
    front = canvas((250, 205, 30))
    band(front, 0.8, 1.0, (30, 140, 60))
    letters(front, "CRISP", (0.06, 0.85), 2.1, (255, 255, 255))
    cv2.ellipse(front, (128, 150), (95, 75), 0, 0, 180, (205, 40, 30), -1, cv2.LINE_AA)
    cv2.ellipse(front, (128, 150), (95, 26), 0, 0, 360, (255, 245, 220), -1, cv2.LINE_AA)
    side = canvas((250, 205, 30))
    band(side, 0.8, 1.0, (30, 140, 60))
    band(side, 0.1, 0.5, (205, 40, 30))
    return _box(worn(atlas(side, front, canvas((30, 140, 60))), "box_cereal", 0.1))


def box_parcel() -> list[MeshPart]:
    """Brown parcel with dark tape crosswise and a white address label; the twin of box_cereal."""
    front = canvas((165, 120, 75))
    front[:, 112:144] = (85, 60, 40)
    band(front, 0.45, 0.55, (85, 60, 40))
    front[30:100, 20:105] = (245, 245, 245)
    for line in range(4):
        front[42 + 14 * line : 48 + 14 * line, 30 : 90 - 8 * line] = (30, 30, 30)
    side = canvas((165, 120, 75))
    band(side, 0.45, 0.55, (85, 60, 40))
    end = canvas((165, 120, 75))
    end[:, 112:144] = (85, 60, 40)
    return _box(worn(atlas(side, front, end), "box_parcel", 0.25))
