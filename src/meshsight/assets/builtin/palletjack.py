"""Hand pallet trucks, as they stand in every warehouse: forks, frame, pump, steer axle and handle.

x points to the tips of the forks, and the heel of the forks is at x = 0. Sizes are those of common 2.0 to 2.5 t trucks:
forks of 1.15 m and 0.54 m over both, steer wheels of 0.2 m, a handle of 1.2 m.
"""

from dataclasses import dataclass

import numpy as np

from meshsight.assets.builtin.girders import (
    ALONG_X,
    Corners,
    bar,
    hexahedron,
    mirrored,
    rounded_loop,
    taper,
    tube,
    wheel,
)
from meshsight.assets.builtin.paint import Color, canvas, letters, make_part, named, painted, plain, scuffed
from meshsight.assets.builtin.solids import extrude, rounded_box
from meshsight.assets.builtin.surface import Surface, cylinder, join, sweep
from meshsight.core.pose import Matrix3, rotation_about_z
from meshsight.records.mesh import Material, MeshPart

RED, YELLOW, ORANGE, BLUE = (196, 26, 28), (238, 182, 20), (228, 98, 16), (22, 92, 176)
NAVY, CREAM, GREEN, STEEL = (24, 46, 92), (232, 222, 168), (38, 120, 60), (168, 172, 176)
BLACK, SILVER, WHITE = (26, 26, 28), (182, 186, 190), (224, 226, 226)
_STEER_X = -0.175
_YOKE_Z = 0.27


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One truck.

    Attributes:
        frame, handle, pump, hub: sRGB colours.
        forks_m, over_forks_m: length of the forks and width over both.
        lift_m: how far the forks are raised.
        lean_deg: of the handle, from upright towards who pulls.
        steer_deg: turn of handle and steer wheels.
        is_wide: whether the handle's loop is a wide rectangle instead of a D.
        has_scale: whether there is a weighing head on the frame.
    """

    frame: Color
    handle: Color = BLACK
    pump: Color = BLACK
    hub: Color = SILVER
    forks_m: float = 1.15
    over_forks_m: float = 0.54
    lift_m: float = 0.0
    lean_deg: float = 4.0
    steer_deg: float = 0.0
    is_wide: bool = False
    has_scale: bool = False


DESIGNS: tuple[Design, ...] = (
    Design(frame=RED),
    Design(frame=YELLOW, lean_deg=8.0, steer_deg=12.0),
    Design(frame=BLUE, handle=SILVER, pump=SILVER, is_wide=True),
    Design(frame=ORANGE, handle=SILVER, lean_deg=2.0),
    Design(frame=CREAM, pump=STEEL, hub=(120, 120, 120), lean_deg=14.0, steer_deg=-25.0),
    Design(frame=NAVY, handle=WHITE, pump=BLUE, is_wide=True),
    Design(frame=RED, handle=RED, lift_m=0.08, lean_deg=24.0, steer_deg=20.0, is_wide=True),
    Design(frame=YELLOW, forks_m=1.0, over_forks_m=0.68, lean_deg=10.0, steer_deg=75.0),
    Design(frame=STEEL, handle=SILVER, pump=STEEL, lean_deg=5.0, steer_deg=-8.0),
    Design(frame=BLUE, pump=BLACK, has_scale=True, handle=BLACK, lean_deg=3.0),
    Design(frame=ORANGE, lift_m=0.1, lean_deg=40.0, steer_deg=-15.0),
    Design(frame=BLACK, handle=BLACK, hub=(200, 160, 30), lean_deg=6.0, steer_deg=35.0),
    Design(frame=GREEN, handle=SILVER, forks_m=0.95, over_forks_m=0.52, lean_deg=4.0, is_wide=True),
    Design(frame=ORANGE, handle=ORANGE, pump=STEEL, lean_deg=3.0, steer_deg=-50.0),
    Design(frame=CREAM, handle=SILVER, pump=RED, lift_m=0.05, lean_deg=18.0, is_wide=True),
    Design(frame=YELLOW, handle=SILVER, lift_m=0.1, lean_deg=55.0, steer_deg=5.0),
)


def palletjack(variant: int) -> list[MeshPart]:
    """Hand pallet trucks of several makes and colours, forks 0.95 to 1.15 m, handle 1.2 m high."""
    design = DESIGNS[variant]
    frame = _paint(design.frame, f"palletjack {variant}")
    steering = rotation_about_z(np.radians(design.steer_deg))
    parts = {
        "frame": (_frame(design), frame),
        "forks": (_forks(design), frame),
        "pump": (_pump(design), plain(design.pump, roughness=0.45, metallic=0.2)),
        "chrome": (_rods(design), plain((210, 212, 215), roughness=0.2, metallic=1.0)),
        "rollers": (_rollers(design), plain((70, 66, 60), roughness=0.7)),
        "steer_axle": (_steered(_axle(), steering), plain((88, 90, 94), roughness=0.4, metallic=0.6)),
        "tyres": (_steered(_tyres(0.1, 0.05), steering), plain((24, 24, 25), roughness=0.85)),
        "hubs": (_steered(_tyres(0.062, 0.054), steering), plain(design.hub, roughness=0.5, metallic=0.3)),
        "handle": (_steered(_pole(design), steering), _pole_paint(design)),
        "loop": (_steered(_loop(design), steering), plain(design.handle, roughness=0.45)),
        "lever": (_steered(_lever(design), steering), plain((30, 30, 32), roughness=0.6)),
    }
    if design.has_scale:
        parts["scale"] = (_scale_head(design), frame)
        parts["screen"] = (_screen(design), plain((120, 150, 120), roughness=0.15))
    return [make_part(surface, named(material, name)) for name, (surface, material) in parts.items()]


def _paint(color: Color, name: str) -> Material:
    return painted(scuffed(color, name), roughness=0.42)


def _pole_paint(design: Design) -> Material:
    skin = canvas(design.handle, 256, 64)
    skin[60:150] = np.clip(np.asarray(design.handle, dtype=np.int64) + 14, 0, 255)
    letters(skin, "2500", (0.02, 0.5), 0.7, (235, 235, 230) if sum(design.handle) < 300 else (40, 40, 40))
    return painted(skin, roughness=0.45)


def _fork_y(design: Design) -> float:
    return design.over_forks_m / 2 - 0.08


def _forks(design: Design) -> Surface:
    """Returns two channels open below, with sloping tips."""
    wide, high, sheet = 0.08, 0.048, 0.006
    outline = np.array(
        [
            (-wide, 0.0),
            (sheet - wide, 0.0),
            (sheet - wide, high - sheet),
            (wide - sheet, high - sheet),
            (wide - sheet, 0.0),
            (wide, 0.0),
            (wide, high),
            (-wide, high),
        ]
    )
    length, y, z = design.forks_m - 0.1, _fork_y(design), 0.037 + design.lift_m
    channel = extrude(outline, length).turned(ALONG_X).moved(x=length / 2, y=y, z=z)
    tip = hexahedron(
        _tip(length, design.forks_m, y, (z, z + 0.006)), _tip(length, design.forks_m, y, (z + high, z + 0.026))
    )
    return mirrored([channel, tip])


def _tip(start: float, end: float, y: float, z: tuple[float, float]) -> Corners:
    """Returns the lower or the upper side of a fork's tip, which becomes narrower."""
    near, far = start - 0.004, 0.05
    return np.array([(near, y - 0.08, z[0]), (end, y - far, z[1]), (end, y + far, z[1]), (near, y + 0.08, z[0])])


def _frame(design: Design) -> Surface:
    """Returns the legs from the forks up to the head over the pump, and the plates between them."""
    z, outer = design.lift_m, design.over_forks_m / 2 - 0.004
    leg = taper(((-0.07, 0.27), (outer - 0.105, outer)), ((-0.135, -0.065), (0.034, 0.085)), (0.05 + z, 0.50 + z))
    rib = bar((0.24, outer - 0.05, 0.075 + z), (0.5, outer - 0.05, 0.07 + z), 0.05, 0.03)
    heel = taper(((-0.03, 0.005), (-0.2, 0.2)), ((-0.06, -0.03), (-0.13, 0.13)), (0.085 + z, 0.27 + z))
    head = taper(((-0.2, -0.05), (-0.092, 0.092)), ((-0.185, -0.07), (-0.075, 0.075)), (0.485 + z, 0.54 + z))
    return join([mirrored([leg, rib]), heel, head])


def _pump(design: Design) -> Surface:
    """Returns the hydraulic unit, which stands on the steer axle and carries the head."""
    cylinder_body = cylinder(0.047, 0.25, 20).moved(x=_STEER_X, z=0.16)
    tank = rounded_box((0.12, 0.15, 0.13), 0.015, 2).moved(x=_STEER_X + 0.015, z=0.255)
    valve = rounded_box((0.05, 0.06, 0.06), 0.01, 1).moved(x=_STEER_X - 0.06, y=0.045, z=0.21)
    pedal = bar((_STEER_X - 0.04, 0.055, 0.2), (_STEER_X - 0.13, 0.075, 0.175), 0.035, 0.012)
    return join([cylinder_body, tank, valve, pedal])


def _rods(design: Design) -> Surface:
    """Returns the piston, and the push rods that lift the load rollers."""
    piston = tube((_STEER_X, 0.0, 0.39), (_STEER_X, 0.0, 0.5 + design.lift_m), 0.021, 14)
    y = _fork_y(design)
    rod = tube((0.03, y, 0.058 + design.lift_m), (design.forks_m - 0.34, y, 0.05 + design.lift_m / 2), 0.009, 8)
    return join([piston, mirrored([rod])])


def _rollers(design: Design) -> Surface:
    y, x = _fork_y(design), design.forks_m - 0.16
    tandem = [wheel((x - 0.09, y, 0.036), 0.0355, 0.07, 16), wheel((x, y, 0.036), 0.0355, 0.07, 16)]
    arm = [
        bar((x - 0.2, y + side * 0.046, 0.055 + design.lift_m), (x, y + side * 0.046, 0.036), 0.01, 0.026)
        for side in (-1, 1)
    ]
    return mirrored([*tandem, *arm])


def _axle() -> Surface:
    return join(
        [
            tube((_STEER_X, -0.1, 0.1), (_STEER_X, 0.1, 0.1), 0.014, 12),
            cylinder(0.03, 0.1, 16).moved(x=_STEER_X, z=0.085),
            rounded_box((0.085, 0.1, 0.07), 0.012, 1).moved(x=_STEER_X - 0.055, z=_YOKE_Z),
        ]
    )


def _tyres(radius: float, width: float) -> Surface:
    return mirrored([wheel((_STEER_X, 0.065, 0.1), radius, width, 28)])


def _along(design: Design, side: float, distance: float, ahead: float = 0.0) -> tuple[float, float, float]:
    """Returns a point of the handle: aside, along it from its pivot, and off its plane to the front."""
    lean = np.radians(design.lean_deg)
    x = _STEER_X - 0.075 - np.sin(lean) * distance - np.cos(lean) * ahead
    return float(x), side, float(_YOKE_Z + np.cos(lean) * distance - np.sin(lean) * ahead)


def _pole(design: Design) -> Surface:
    return join(
        [
            bar(_along(design, 0.0, -0.03), _along(design, 0.0, 0.7), 0.058, 0.034),
            bar(_along(design, 0.0, -0.05), _along(design, 0.0, 0.1), 0.085, 0.052),
        ]
    )


def _loop(design: Design) -> Surface:
    """Returns the grip: a D, or a wide rectangle on a neck."""
    half = [(0.012, 0.655), (0.09, 0.70), (0.19, 0.80), (0.185, 0.925), (0.1, 0.94)]
    if design.is_wide:
        half = [(0.012, 0.68), (0.11, 0.705), (0.18, 0.73), (0.205, 0.9), (0.19, 0.945), (0.06, 0.945)]
    corners = [*half, *[(-side, distance) for side, distance in reversed(half)]]
    path = rounded_loop(np.array([(0.0, side, distance) for side, distance in corners]))
    grip = sweep(path, np.full(len(path), 0.0145), 10, is_closed=True)
    lean = np.radians(design.lean_deg)
    leaning = np.array([[np.cos(lean), 0.0, -np.sin(lean)], [0.0, 1.0, 0.0], [np.sin(lean), 0.0, np.cos(lean)]])
    return grip.turned(leaning).moved(x=_STEER_X - 0.075, z=_YOKE_Z)


def _lever(design: Design) -> Surface:
    """Returns the lever that lowers the forks, in the middle of the loop, and its housing."""
    return join(
        [
            bar(_along(design, 0.0, 0.66), _along(design, 0.0, 0.80), 0.04, 0.03),
            bar(_along(design, -0.012, 0.79, 0.008), _along(design, -0.012, 0.9, 0.008), 0.02, 0.012),
        ]
    )


def _scale_head(design: Design) -> Surface:
    z = design.lift_m
    column = taper(((-0.13, 0.03), (-0.09, 0.09)), ((-0.16, -0.02), (-0.1, 0.1)), (0.5 + z, 0.68 + z))
    desk = taper(((-0.19, 0.02), (-0.15, 0.15)), ((-0.12, 0.03), (-0.15, 0.15)), (0.67 + z, 0.86 + z))
    return join([column, desk])


def _screen(design: Design) -> Surface:
    z = design.lift_m
    low = np.array([(-0.178, -0.11, 0.72), (-0.15, -0.11, 0.72), (-0.15, 0.11, 0.72), (-0.178, 0.11, 0.72)])
    high = low + np.array([0.037, 0.0, 0.1])
    return hexahedron(low + np.array([0.0, 0.0, z]), high + np.array([0.0, 0.0, z]))


def _steered(surface: Surface, steering: Matrix3) -> Surface:
    """Turns what the handle steers about the axis of the pump."""
    return surface.moved(x=-_STEER_X).turned(steering).moved(x=_STEER_X)
