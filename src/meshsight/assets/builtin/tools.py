"""Built-in objects from the workshop."""

import numpy as np

from meshsight.assets.builtin.household import UPRIGHT
from meshsight.assets.builtin.paint import band, canvas, letters, make_part, painted, plain, worn
from meshsight.assets.builtin.solids import circle, extrude, extrude_ring, rounded_box
from meshsight.assets.builtin.surface import cylinder, join, lathe, sweep
from meshsight.records.mesh import MeshPart

# Turns what stands along z to lie along +x.
_LYING = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])


def drill() -> list[MeshPart]:
    """Cordless drill: orange body, black grip and battery, steel chuck, 21 cm long."""
    skin = canvas((240, 110, 10))
    band(skin, 0.0, 0.1, (30, 30, 32))
    band(skin, 0.78, 0.84, (30, 30, 32))
    letters(skin, "PRO 18", (0.28, 0.5), 0.9, (30, 30, 32))
    motor = lathe([(0.0, 0.0), (0.026, 0.0), (0.032, 0.008), (0.032, 0.1), (0.027, 0.125), (0.0, 0.125)], 36)
    chuck = lathe([(0.0, 0.12), (0.02, 0.12), (0.02, 0.14), (0.018, 0.145), (0.01, 0.165), (0.0, 0.165)], 28)
    bit = cylinder(0.0035, 0.046, 12).moved(z=0.163)
    path = np.array([(0.045, 0, -0.015), (0.04, 0, -0.045), (0.032, 0, -0.075), (0.026, 0, -0.105), (0.024, 0, -0.12)])
    grip = sweep(path, np.array([0.021, 0.019, 0.0185, 0.02, 0.023]), 20).stretched(1.0, 0.8, 1.0)
    battery = rounded_box((0.095, 0.062, 0.04), 0.006, 3).moved(x=0.032, z=-0.135)
    trigger = rounded_box((0.02, 0.014, 0.026), 0.004, 2).moved(x=0.066, z=-0.05)
    return [
        make_part(motor.turned(_LYING), painted(worn(skin, "drill"), roughness=0.45)),
        make_part(join([grip, battery]), plain((34, 34, 38), roughness=0.7)),
        make_part(trigger, plain((200, 30, 30), roughness=0.5)),
        make_part(join([chuck, bit]).turned(_LYING), plain((150, 152, 158), roughness=0.35, metallic=1.0)),
    ]


def gear() -> list[MeshPart]:
    """Brass gear wheel with twelve teeth and a hub, lying flat, 12 cm across."""
    teeth, inner, outer = 12, 0.046, 0.06
    steps = ((0.0, inner), (0.22, inner), (0.32, outer), (0.68, outer), (0.78, inner))
    angle = np.array([2 * np.pi * (tooth + part) / teeth for tooth in range(teeth) for part, _ in steps])
    radius = np.array([r for _ in range(teeth) for _, r in steps])
    ray = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rim = extrude_ring(ray * radius[:, None], ray * 0.034, 0.022)
    web = extrude_ring(ray * 0.035, ray * 0.014, 0.01)
    hub = extrude_ring(circle(0.019, 60), circle(0.0095, 60), 0.034)
    skin = canvas((214, 168, 60))
    row, col = np.mgrid[0:256, 0:256] - 127.5
    skin[np.hypot(row, col) < 132 * 0.034 / 0.06] = (120, 80, 30)
    brass = painted(worn(skin, "gear", 0.3), roughness=0.35, metallic=0.8)
    return [
        make_part(rim, brass),
        make_part(join([web, hub]), plain((120, 80, 30), roughness=0.4, metallic=0.8)),
    ]


def wrench() -> list[MeshPart]:
    """Combination wrench, lying flat: steel jaws and ring, blue grip between, 22 cm long."""
    jaw = np.array(
        [
            (0.015, -0.008), (0.026, -0.02), (0.04, -0.023), (0.055, -0.018), (0.052, -0.01), (0.034, -0.0095),
            (0.03, 0.0), (0.034, 0.0095), (0.052, 0.01), (0.055, 0.018), (0.04, 0.023), (0.026, 0.02), (0.015, 0.008),
        ]
    )  # fmt: skip
    ring = extrude_ring(circle(0.02, 48), circle(0.012, 48), 0.014).moved(x=-0.145)
    steel = join([extrude(jaw, 0.013), ring, rounded_box((0.04, 0.013, 0.008), 0.002, 1).moved(x=-0.115)])
    skin = canvas((20, 80, 200))
    skin[:, 40:56] = skin[:, 200:216] = (240, 240, 240)
    grip = rounded_box((0.125, 0.019, 0.0125), 0.005, 4).moved(x=-0.042)
    return [
        make_part(steel, plain((170, 173, 178), roughness=0.3, metallic=1.0)),
        make_part(grip, painted(worn(np.hstack([skin] * 3), "wrench"), roughness=0.6)),
    ]


def hammer() -> list[MeshPart]:
    """Claw hammer: yellow handle with a black grip end, dark steel head, 26 cm high."""
    skin = canvas((240, 200, 20))
    band(skin, 0.0, 0.45, (25, 25, 28))
    band(skin, 0.12, 0.16, (240, 200, 20))
    t = np.linspace(0, 1, 13)
    line = np.stack([0 * t, 0 * t, 0.235 * t], axis=1)
    width = 0.0125 + 0.003 * np.cos(2 * np.pi * t * 1.2)
    handle = sweep(line, width, 20).stretched(1.2, 0.85, 1.0)
    face = lathe(
        [(0.0, 0.0), (0.014, 0.0), (0.015, 0.003), (0.015, 0.018), (0.011, 0.024), (0.011, 0.05), (0.0, 0.05)], 28
    )
    claw = np.array(
        [
            (-0.012, -0.013),
            (0.02, -0.013),
            (0.045, -0.02),
            (0.065, -0.038),
            (0.05, -0.008),
            (0.025, 0.013),
            (-0.012, 0.013),
        ]
    )
    fork = [extrude(claw, 0.009).turned(UPRIGHT).moved(x=0.012, y=side, z=0.237) for side in (-0.008, 0.008)]
    head = join([face.turned(_LYING).moved(x=-0.055, z=0.237), *fork])
    return [
        make_part(handle, painted(worn(skin, "hammer"), roughness=0.6)),
        make_part(head, plain((85, 88, 95), roughness=0.4, metallic=0.9)),
    ]
