"""What stands in offices and wards: tables, chairs, cabinets, beds, screens. z is up."""

import numpy as np

from meshsight.assets.builtin.girders import bar, block, tube, wheel
from meshsight.assets.builtin.goods import planks
from meshsight.assets.builtin.paint import Color, make_part, named, painted, plain, scuffed
from meshsight.assets.builtin.solids import rounded_box
from meshsight.assets.builtin.surface import Surface, cylinder, join
from meshsight.records.mesh import MeshPart


def table(variant: int) -> list[MeshPart]:
    """Desks and tables, 0.74 m high."""
    wide, deep = ((1.4, 0.7), (1.0, 1.0), (0.8, 0.6), (1.8, 0.8))[variant]
    top = rounded_box((wide, deep, 0.03), 0.006, 1).moved(z=0.725)
    legs = [
        block((x - 0.025, x + 0.025), (y - 0.025, y + 0.025), (0.0, 0.711))
        for x in (0.05 - wide / 2, wide / 2 - 0.05)
        for y in (0.05 - deep / 2, deep / 2 - 0.05)
    ]
    color: Color = ((188, 150, 104), (224, 222, 216), (120, 84, 56), (168, 130, 90))[variant]
    skin = np.tile(planks(color, f"table {variant}"), (2, 3, 1))
    return [
        make_part(top, named(painted(skin, 0.5), "top")),
        make_part(join(legs), named(plain((60, 62, 66), 0.4, 0.6), "legs")),
    ]


def chair(variant: int) -> list[MeshPart]:
    """Office chairs on castors and plain chairs on four legs, 0.9 to 1.1 m high."""
    color: Color = ((36, 38, 44), (150, 36, 34), (40, 78, 140), (92, 120, 70))[variant]
    seat = rounded_box((0.48, 0.48, 0.08), 0.03, 2).moved(z=0.47)
    back = rounded_box((0.07, 0.46, 0.5), 0.03, 2).moved(x=-0.24, z=0.82)
    legs: list[Surface] = [bar((-0.23, 0.0, 0.45), (-0.25, 0.0, 0.62), 0.06, 0.03)]
    if variant < 2:
        legs.append(cylinder(0.03, 0.36, 16).moved(z=0.08))
        for spoke in range(5):
            x, y = 0.3 * float(np.cos(spoke * 1.2566)), 0.3 * float(np.sin(spoke * 1.2566))
            legs += [bar((0.0, 0.0, 0.1), (x, y, 0.075), 0.04), wheel((x, y, 0.03), 0.03, 0.03, 12)]
    else:
        legs += [tube((x, y, 0.0), (x * 0.9, y * 0.9, 0.44), 0.015) for x in (-0.21, 0.21) for y in (-0.21, 0.21)]
    return [
        make_part(join([seat, back]), named(plain(color, 0.8), "cushions")),
        make_part(join(legs), named(plain((48, 50, 54), 0.4, 0.5), "legs")),
    ]


def cabinet(variant: int) -> list[MeshPart]:
    """Filing cabinets, lockers and wardrobes, 1.3 to 2 m high."""
    wide, deep, high, drawers = ((0.45, 0.6, 1.3, 4), (0.9, 0.45, 1.95, 1), (0.8, 0.4, 1.2, 2), (0.6, 0.6, 2.0, 2))[
        variant
    ]
    color: Color = ((150, 154, 158), (70, 96, 130), (222, 220, 214), (120, 124, 120))[variant]
    body = block((-deep / 2, deep / 2), (-wide / 2, wide / 2), (0.0, high))
    step = (high - 0.06) / drawers
    fronts = [
        rounded_box((0.03, wide - 0.04, step - 0.03), 0.004, 1).moved(x=deep / 2 + 0.01, z=0.04 + (k + 0.5) * step)
        for k in range(drawers)
    ]
    handles = [
        block((deep / 2 + 0.026, deep / 2 + 0.045), (-0.06, 0.06), (z - 0.01, z + 0.01))
        for z in (0.04 + (k + 0.7) * step for k in range(drawers))
    ]
    return [
        make_part(join([body, *fronts]), named(painted(scuffed(color, f"cabinet {variant}"), 0.5), "body")),
        make_part(join(handles), named(plain((40, 40, 44), 0.4, 0.6), "handles")),
    ]


def bed(variant: int) -> list[MeshPart]:
    """Hospital beds and stretchers on wheels, 2 m long."""
    high = (0.55, 0.85)[variant]
    mattress = rounded_box((1.9, 0.8, 0.14), 0.04, 2).moved(z=high + 0.1)
    frame: list[Surface] = [block((-1.0, 1.0), (-0.42, 0.42), (high - 0.05, high + 0.02))]
    frame += [
        block((x - 0.03, x + 0.03), (y - 0.03, y + 0.03), (0.1, high - 0.06))
        for x in (-0.85, 0.85)
        for y in (-0.36, 0.36)
    ]
    frame += [bar((x, -0.4, high + 0.4), (x, 0.4, high + 0.4), 0.04) for x in (-0.98, 0.98)]
    frame += [bar((x, y, high), (x, y, high + 0.4), 0.035) for x in (-0.98, 0.98) for y in (-0.38, 0.38)]
    wheels = [wheel((x, y, 0.06), 0.06, 0.03, 16) for x in (-0.85, 0.85) for y in (-0.36, 0.36)]
    return [
        make_part(mattress, named(plain(((226, 230, 232), (60, 120, 130))[variant], 0.9), "mattress")),
        make_part(join(frame), named(plain((196, 200, 204), 0.35, 0.5), "frame")),
        make_part(join(wheels), named(plain((40, 40, 42), 0.8), "wheels")),
    ]


def screen(variant: int) -> list[MeshPart]:
    """Monitors, a machine on a stand and a printer."""
    dark, light = plain((28, 28, 30), 0.4), plain((214, 216, 214), 0.5)
    if variant == 0:
        panel = rounded_box((0.04, 0.6, 0.36), 0.008, 1).moved(z=0.38)
        stand = [
            bar((-0.02, 0.0, 0.0), (-0.02, 0.0, 0.25), 0.06, 0.03),
            block((-0.12, 0.1), (-0.12, 0.12), (0.0, 0.015)),
        ]
        glass = block((0.0205, 0.0225), (-0.285, 0.285), (0.215, 0.545))
        return [
            make_part(join([panel, *stand]), named(dark, "case")),
            make_part(glass, named(plain((40, 70, 110), 0.1), "glass")),
        ]
    if variant == 1:
        pole = tube((0.0, 0.0, 0.06), (0.0, 0.0, 1.5), 0.02)
        feet = [
            bar((0.0, 0.0, 0.06), (x, y, 0.05), 0.035) for x, y in ((0.3, 0.0), (-0.3, 0.0), (0.0, 0.3), (0.0, -0.3))
        ]
        case = rounded_box((0.12, 0.32, 0.26), 0.02, 1).moved(z=1.3)
        return [
            make_part(join([pole, *feet]), named(plain((190, 194, 198), 0.3, 0.7), "stand")),
            make_part(case, named(light, "case")),
        ]
    body = rounded_box((0.6, 0.65, 0.75), 0.03, 2).moved(z=0.4)
    lid = rounded_box((0.58, 0.6, 0.1), 0.02, 1).moved(z=0.85)
    return [make_part(body, named(light, "case")), make_part(lid, named(dark, "lid"))]
