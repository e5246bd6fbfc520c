"""What else stands about in halls: cones, posts, barriers, carts, bins, ladders, fork lifts, extinguishers."""

import numpy as np

from meshsight.assets.builtin.girders import bar, block, rounded_loop, taper, tube, wheel
from meshsight.assets.builtin.paint import Color, band, canvas, make_part, named, painted, plain, scuffed, worn
from meshsight.assets.builtin.solids import rounded_box
from meshsight.assets.builtin.surface import Surface, cylinder, join, lathe, sweep
from meshsight.records.mesh import MeshPart


def traffic_cone(variant: int) -> list[MeshPart]:
    """Orange cones with white bands, 0.5 and 0.75 m high."""
    high = (0.5, 0.75)[variant]
    skin = canvas((236, 84, 20))
    band(skin, 0.42, 0.58, (240, 240, 236))
    band(skin, 0.7, 0.82, (240, 240, 236))
    body = lathe([(0.0, 0.02), (0.27 * high, 0.02), (0.045 * high, high), (0.0, high)], 28)
    foot = rounded_box((0.7 * high, 0.7 * high, 0.035), 0.01, 1).moved(z=0.018)
    return [
        make_part(body, named(painted(worn(skin, f"cone {variant}", 0.25), 0.6), "cone")),
        make_part(foot, named(plain((30, 30, 32), 0.9), "foot")),
    ]


def bollard(variant: int) -> list[MeshPart]:
    """Posts that guard corners: yellow, or with black bands, 1 m high."""
    skin = canvas((240, 184, 16), 256, 64)
    if variant:
        for low in (0.15, 0.45, 0.75):
            band(skin, low, low + 0.13, (24, 24, 26))
    post = lathe([(0.0, 0.0), (0.1, 0.0), (0.1, 0.96), (0.08, 1.0), (0.0, 1.01)], 24)
    plate = rounded_box((0.3, 0.3, 0.02), 0.004, 1).moved(z=0.01)
    return [
        make_part(post, named(painted(worn(skin, f"bollard {variant}", 0.3), 0.5), "post")),
        make_part(plate, named(plain((70, 72, 74), 0.6, 0.4), "plate")),
    ]


def barrier(variant: int) -> list[MeshPart]:
    """Low guard rails in yellow, 1.6 m long."""
    posts = [block((x - 0.05, x + 0.05), (-0.05, 0.05), (0.0, 0.5)) for x in (-0.7, 0.7)]
    rails = [block((-0.8, 0.8), (-0.075, -0.052), (z, z + 0.12)) for z in (0.12, 0.36)]
    color: Color = ((238, 180, 20), (214, 70, 20))[variant]
    return [
        make_part(join([*posts, *rails]), named(painted(scuffed(color, f"barrier {variant}"), 0.5), "rail")),
    ]


def _castors(places: list[tuple[float, float]], radius: float) -> Surface:
    return join([wheel((x, y, radius), radius, 0.035, 18) for x, y in places])


def cart(variant: int) -> list[MeshPart]:
    """Platform carts with a push handle, and a sack truck: wheels and a tube handle, as a pallet truck has."""
    steel = plain(((30, 84, 170), (170, 174, 178), (198, 40, 34))[variant], 0.45, 0.2)
    if variant == 2:
        return _sack_truck()
    deck = rounded_box((0.95, 0.6, 0.05), 0.012, 1).moved(z=0.2)
    loop = rounded_loop(np.array([(-0.45, y, z) for y, z in ((-0.27, 0.2), (-0.27, 0.98), (0.27, 0.98), (0.27, 0.2))]))
    rail = sweep(loop, np.full(len(loop), 0.014), 10, is_closed=True)
    places = [(x, y) for x in (-0.36, 0.36) for y in (-0.22, 0.22)]
    return [
        make_part(deck, named(steel, "deck")),
        make_part(rail, named(plain((40, 42, 46), 0.4, 0.4), "rail")),
        make_part(_castors(places, 0.085), named(plain((28, 28, 30), 0.85), "wheels")),
    ]


def _sack_truck() -> list[MeshPart]:
    rails = [tube((-0.03, y, 0.05), (-0.12, y, 1.1), 0.015) for y in (-0.2, 0.2)]
    rungs = [
        tube((-0.03 - 0.09 * k / 5, -0.2, 0.2 + 0.2 * k), (-0.03 - 0.09 * k / 5, 0.2, 0.2 + 0.2 * k), 0.012)
        for k in range(5)
    ]
    toe = block((-0.02, 0.2), (-0.22, 0.22), (0.01, 0.025))
    grips = [tube((-0.12, y, 1.09), (-0.26, y, 1.14), 0.018) for y in (-0.2, 0.2)]
    wheels = [wheel((-0.1, y, 0.13), 0.13, 0.06) for y in (-0.26, 0.26)]
    return [
        make_part(join([*rails, *rungs, toe]), named(painted(scuffed((198, 40, 34), "sack truck"), 0.45), "frame")),
        make_part(join([*grips, *wheels]), named(plain((28, 28, 30), 0.85), "rubber")),
    ]


def waste_bin(variant: int) -> list[MeshPart]:
    """Waste bins on wheels, 1.05 m high."""
    color: Color = ((52, 58, 62), (30, 110, 60), (40, 84, 160), (226, 190, 30))[variant]
    body = taper(((-0.2, 0.22), (-0.22, 0.22)), ((-0.27, 0.29), (-0.27, 0.27)), (0.08, 0.95))
    lid = taper(((-0.31, 0.31), (-0.285, 0.285)), ((-0.26, 0.25), (-0.24, 0.24)), (0.952, 1.03))
    wheels = join([wheel((-0.22, y, 0.1), 0.1, 0.05) for y in (-0.24, 0.24)])
    return [
        make_part(join([body, lid]), named(painted(scuffed(color, f"bin {variant}"), 0.55), "bin")),
        make_part(wheels, named(plain((24, 24, 26), 0.85), "wheels")),
    ]


def ladder(variant: int) -> list[MeshPart]:
    """Step ladders of aluminium, 1.8 m high, open or leaning shut."""
    spread = (0.5, 0.12)[variant]
    pieces: list[Surface] = []
    for side in (-1, 1):
        for y in (-0.24, 0.24):
            pieces.append(bar((side * spread, y * 1.15, 0.0), (side * 0.035, y, 1.8), 0.028, 0.055))
        for z in np.linspace(0.25, 1.6, 6):
            x = side * (0.035 + (spread - 0.035) * (1 - z / 1.8))
            pieces.append(bar((x, -0.24, float(z)), (x, 0.24, float(z)), 0.05, 0.025))
    cap = rounded_box((0.14, 0.5, 0.05), 0.01, 1).moved(z=1.81)
    return [
        make_part(join(pieces), named(plain((186, 190, 194), 0.35, 0.8), "rails")),
        make_part(cap, named(plain((220, 60, 30), 0.5), "cap")),
    ]


def extinguisher(variant: int) -> list[MeshPart]:
    """Fire extinguisher, red, 0.6 m high."""
    skin = canvas((200, 20, 22))
    band(skin, 0.4, 0.7, (236, 232, 224))
    body = lathe([(0.0, 0.0), (0.078, 0.0), (0.082, 0.02), (0.082, 0.42), (0.05, 0.49), (0.024, 0.51), (0.0, 0.51)], 28)
    head = [block((-0.03, 0.07), (-0.018, 0.018), (0.5, 0.55)), tube((0.06, 0.0, 0.53), (0.11, 0.0, 0.2), 0.011)]
    return [
        make_part(body, named(painted(worn(skin, "extinguisher", 0.15), 0.3), "bottle")),
        make_part(join(head), named(plain((26, 26, 28), 0.5), "head")),
    ]


def forklift(variant: int) -> list[MeshPart]:
    """Fork lifts and reach trucks, 2.1 m high: red, yellow and grey."""
    color: Color = ((196, 46, 30), (236, 172, 24), (92, 98, 104))[variant]
    hull = taper(((-1.0, 0.55), (-0.5, 0.5)), ((-0.95, 0.4), (-0.46, 0.46)), (0.14, 0.75))
    rear = taper(((-1.1, -0.5), (-0.5, 0.5)), ((-0.95, -0.5), (-0.45, 0.45)), (0.3, 1.05))
    guard = [bar((x, y, 0.75), (x * 0.6 - 0.2, y, 2.08), 0.06) for x in (-0.85, 0.38) for y in (-0.44, 0.44)]
    guard.append(block((-0.76, 0.08), (-0.48, 0.48), (2.06, 2.12)))
    mast = [bar((0.62, y, 0.08), (0.62, y, 2.15), 0.07, 0.12) for y in (-0.3, 0.3)]
    mast += [bar((0.62, -0.3, z), (0.62, 0.3, z), 0.05) for z in (0.5, 1.3, 2.1)]
    forks = [block((0.66, 1.75), (y - 0.06, y + 0.06), (0.06, 0.1)) for y in (-0.22, 0.22)]
    forks += [block((0.66, 0.7), (y - 0.055, y + 0.055), (0.098, 0.6)) for y in (-0.22, 0.22)]
    wheels = [wheel((x, y, 0.22), 0.22, 0.16) for x in (-0.75, 0.4) for y in (-0.46, 0.46)]
    seat = [rounded_box((0.45, 0.45, 0.12), 0.03, 1).moved(x=-0.35, z=0.84)]
    seat.append(rounded_box((0.1, 0.45, 0.5), 0.03, 1).moved(x=-0.55, z=1.2))
    return [
        make_part(join([hull, rear]), named(painted(scuffed(color, f"forklift {variant}"), 0.4), "hull")),
        make_part(join([*guard, *mast]), named(plain((34, 35, 38), 0.5, 0.2), "mast")),
        make_part(join(forks), named(plain((60, 60, 62), 0.5, 0.5), "forks")),
        make_part(join([*wheels, *seat]), named(plain((24, 24, 25), 0.85), "rubber")),
    ]


def sign(variant: int) -> list[MeshPart]:
    """Warning stands on the floor, yellow, 0.62 m high."""
    skin = worn(canvas((240, 200, 20)), "sign", 0.12)
    boards = [bar((side * 0.17, 0.0, 0.0), (side * 0.02, 0.0, 0.62), 0.28, 0.012) for side in (-1, 1)]
    bolt = cylinder(0.012, 0.05, 12).moved(z=0.6)
    return [
        make_part(join(boards), named(painted(skin, 0.45), "boards")),
        make_part(bolt, named(plain((30, 30, 30), 0.6), "bolt")),
    ]
