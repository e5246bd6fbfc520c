"""Where goods are stored: pallet racks with beams and loads, shelves, wire cages. x is along the front."""

import numpy as np

from meshsight.assets.builtin.girders import bar, block
from meshsight.assets.builtin.goods import BOARDS, PALLET, boards, carton_skin, planks
from meshsight.assets.builtin.paint import Color, make_part, named, painted, plain, scuffed
from meshsight.assets.builtin.solids import rounded_box
from meshsight.assets.builtin.surface import Surface, join
from meshsight.core.rng import stream
from meshsight.records.mesh import MeshPart

_BAY, _DEPTH = 2.7, 1.1
# Colours of uprights and beams, heights of the beams, and whether the lowest place is empty.
_RACKS: tuple[tuple[Color, Color, tuple[float, ...], bool], ...] = (
    ((26, 70, 150), (226, 104, 20), (1.5, 2.9), False),
    ((60, 64, 70), (214, 40, 30), (1.35, 2.6, 3.8), True),
    ((30, 110, 70), (232, 178, 24), (1.7, 3.1), False),
    ((200, 42, 30), (204, 44, 30), (0.9, 1.7, 2.5, 3.3), True),
    ((150, 154, 158), (226, 104, 20), (1.5, 2.8), True),
    ((40, 44, 50), (44, 48, 54), (0.7, 1.4, 2.1), False),
)


def rack(variant: int) -> list[MeshPart]:
    """Bays of pallet racks with loads on their beams, 2.8 m wide and up to 4 m high."""
    upright, beam, levels, is_open = _RACKS[variant]
    height = levels[-1] + 0.9
    name = f"rack {variant}"
    parts = [
        make_part(_frames(height), named(painted(scuffed(upright, f"uprights of {name}"), 0.5), "uprights")),
        make_part(_beams(levels), named(painted(scuffed(beam, f"beams of {name}"), 0.5), "beams")),
    ]
    floors = (0.0, *(level + 0.005 for level in levels))
    rooms = np.diff([*floors, height + 0.2])
    goods: dict[int, list[Surface]] = {}
    pallets: list[Surface] = []
    rng = stream(0, 0, f"builtin:goods of {name}")
    for level, (floor, room) in enumerate(zip(floors, rooms, strict=True)):
        if level == 0 and is_open:
            continue
        for x in (-0.86, 0.0, 0.86):
            if rng.random() < 0.12:
                continue
            pallets.append(boards((0.8, 1.0, PALLET[2]), (x, 0.0), floor))
            tall = float(rng.uniform(0.35, 0.8) * (room - 0.3))
            solid = rounded_box((0.72, 0.92, tall), 0.012, 1).moved(x=x, z=floor + 0.147 + tall / 2)
            goods.setdefault(int(rng.integers(0, 3)), []).append(solid)
    colors: tuple[Color, ...] = ((172, 128, 82), (206, 208, 204), (110, 96, 78))
    parts.append(make_part(join(pallets), named(painted(planks(BOARDS[1], name), 0.9), "wood")))
    for index, surfaces in sorted(goods.items()):
        skin = carton_skin(colors[index], f"{name} {index}")
        parts.append(make_part(join(surfaces), named(painted(skin, 0.8), f"goods_{index}")))
    return parts


def _frames(height: float) -> Surface:
    """Returns the two ladder frames that a bay stands between."""
    pieces: list[Surface] = []
    for x in (-_BAY / 2 - 0.05, _BAY / 2 + 0.05):
        for y in (-_DEPTH / 2, _DEPTH / 2):
            pieces.append(block((x - 0.05, x + 0.05), (y - 0.035, y + 0.035), (0.01, height)))
            pieces.append(block((x - 0.07, x + 0.07), (y - 0.06, y + 0.06), (0.0, 0.012)))
        steps = np.arange(0.2, height - 0.6, 0.6)
        for k, z in enumerate(steps):
            end = (-1) ** k * (_DEPTH / 2 - 0.03)
            pieces.append(bar((x, -end, float(z)), (x, end, float(z) + 0.6), 0.03))
    return join(pieces)


def _beams(levels: tuple[float, ...]) -> Surface:
    pieces = [
        block((-_BAY / 2 - 0.002, _BAY / 2 + 0.002), (y - 0.022, y + 0.022), (level - 0.12, level))
        for level in levels
        for y in (-_DEPTH / 2, _DEPTH / 2)
    ]
    return join(pieces)


_SHELVES: tuple[tuple[Color, int], ...] = (((120, 126, 132), 5), ((26, 70, 150), 4), ((190, 160, 118), 5))


def shelf(variant: int) -> list[MeshPart]:
    """Shelves with boxes and bins, 1 m wide and 2 m high."""
    color, count = _SHELVES[variant]
    posts = [
        block((x - 0.018, x + 0.018), (y - 0.018, y + 0.018), (0.0, 2.0)) for x in (-0.48, 0.48) for y in (-0.19, 0.19)
    ]
    heights = np.linspace(0.1, 1.9, count)
    plates = [block((-0.499, 0.499), (-0.209, 0.209), (float(z), float(z) + 0.025)) for z in heights]
    rng = stream(0, 0, f"builtin:shelf {variant}")
    bins: dict[int, list[Surface]] = {}
    for z in heights[:-1]:
        left = -0.45
        while left < 0.28:
            size = (float(rng.uniform(0.12, 0.3)), float(rng.uniform(0.2, 0.36)), float(rng.uniform(0.1, 0.32)))
            if rng.random() < 0.85:
                placed = rounded_box(size, 0.006, 1).moved(x=left + size[0] / 2, z=float(z) + 0.026 + size[2] / 2)
                bins.setdefault(int(rng.integers(0, 3)), []).append(placed)
            left += size[0] + 0.02
    looks: tuple[Color, ...] = ((174, 130, 84), (30, 86, 166), (206, 60, 40))
    return [
        make_part(join([*posts, *plates]), named(painted(scuffed(color, f"shelf {variant}"), 0.5), "shelf")),
        *(
            make_part(
                join(surfaces),
                named(painted(carton_skin(looks[index], f"shelf {variant} {index}"), 0.7), f"bins_{index}"),
            )
            for index, surfaces in sorted(bins.items())
        ),
    ]


def cage(variant: int) -> list[MeshPart]:
    """Roll cages of wire on castors, 0.8 m by 0.7 m and 1.7 m high, empty or with a load."""
    wires: list[Surface] = []
    for side in (-1, 1):
        x, y = side * 0.4, side * 0.35
        wires += [bar((x, float(v), 0.2), (x, float(v), 1.69), 0.012) for v in np.linspace(-0.35, 0.35, 7)]
        wires += [bar((x, -0.356, z), (x, 0.356, z), 0.016) for z in (0.25, 0.6, 0.95, 1.3, 1.68)]
        if side > 0:
            wires += [bar((float(u), y, 0.2), (float(u), y, 1.69), 0.0125) for u in np.linspace(-0.33, 0.33, 6)]
            wires += [bar((-0.392, y, z), (0.392, y, z), 0.0165) for z in (0.26, 0.61, 0.96, 1.31, 1.67)]
    base = [block((-0.405, 0.405), (-0.36, 0.36), (0.15, 0.195))]
    base += [block((x - 0.02, x + 0.02), (y - 0.05, y + 0.05), (0.0, 0.12)) for x in (-0.36, 0.36) for y in (-0.3, 0.3)]
    parts = [
        make_part(join(wires), named(plain((176, 180, 184), 0.35, 0.9), "wires")),
        make_part(join(base), named(plain((150, 60, 40), 0.6), "base")),
    ]
    if variant:
        solid = rounded_box((0.7, 0.6, 0.9), 0.02, 1).moved(z=0.66)
        parts.append(make_part(solid, named(painted(carton_skin((182, 140, 96), "cage"), 0.8), "goods")))
    return parts
