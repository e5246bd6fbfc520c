"""Built-in objects from the kitchen and the desk."""

import numpy as np

from meshsight.assets.builtin.paint import (
    band,
    canvas,
    letters,
    make_part,
    painted,
    plain,
    spots,
    to_linear,
    wave,
    worn,
)
from meshsight.assets.builtin.solids import extrude
from meshsight.assets.builtin.surface import ball, join, lathe, sweep
from meshsight.core.pose import matrix_from_quaternion
from meshsight.records.mesh import Material, MeshPart

# Turns an outline drawn in (x, y) upright: y becomes z.
UPRIGHT = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])


def mug() -> list[MeshPart]:
    """White mug with a teal foot and teal spots, 10 cm high."""
    skin = canvas((240, 236, 225))
    spots(skin, 5, 8, 0.3, (0, 140, 140))
    band(skin, 0.0, 0.3, (0, 140, 140))
    wall = [(0.0, 0.0), (0.036, 0.0), (0.04, 0.004), (0.041, 0.05), (0.041, 0.098), (0.0395, 0.1), (0.038, 0.098)]
    inside = [(0.038, 0.05), (0.036, 0.01), (0.0, 0.008)]
    angle = np.linspace(-1.75, 1.75, 21)
    bow = np.stack([0.037 + 0.034 * np.cos(angle), 0 * angle, 0.052 + 0.032 * np.sin(angle)], axis=1)
    handle = sweep(bow, np.full(len(bow), 0.0058), 12)
    glaze = worn(skin, "mug", 0.1)
    return [
        make_part(lathe([*wall, *inside], 48), painted(glaze, roughness=0.2)),
        make_part(handle, plain((0, 140, 140), roughness=0.2)),
    ]


def bottle() -> list[MeshPart]:
    """Green bottle with an orange label and a white cap, 24 cm high."""
    skin = canvas((20, 95, 40), height=512)
    band(skin, 0.16, 0.52, (245, 150, 20))
    band(skin, 0.2, 0.23, (255, 240, 200))
    band(skin, 0.45, 0.48, (255, 240, 200))
    letters(skin, "OLIO", (0.05, 0.3), 1.6, (120, 40, 0))
    letters(skin, "OLIO", (0.55, 0.3), 1.6, (120, 40, 0))
    body = [(0.0, 0.0), (0.03, 0.0), (0.035, 0.005), (0.035, 0.125)]
    t = np.linspace(0, 1, 12)[1:]
    shoulder = [(0.035 - 0.022 * (3 * s * s - 2 * s**3), 0.125 + 0.055 * s) for s in t]
    neck = [(0.013, 0.215), (0.0, 0.215)]
    cap = lathe([(0.0, 0.212), (0.0155, 0.212), (0.0155, 0.238), (0.014, 0.24), (0.0, 0.24)], 32)
    return [
        make_part(lathe([*body, *shoulder, *neck], 40), painted(worn(skin, "bottle", 0.1), roughness=0.15)),
        make_part(cap, plain((240, 240, 235), roughness=0.4)),
    ]


def carton() -> list[MeshPart]:
    """Milk carton with a gable roof: white above blue waves, red screw cap, 22 cm high."""
    half, body, ridge, top = 0.0375, 0.165, 0.2, 0.22
    outline = np.array(
        [
            (-half, 0),
            (half, 0),
            (half, body),
            (0.004, ridge),
            (0.004, top),
            (-0.004, top),
            (-0.004, ridge),
            (-half, body),
        ]
    )
    skin = canvas((245, 245, 240))
    band(skin, 0.0, 0.28, (20, 70, 190))
    wave(skin, 0.3, 0.05, 0.14, (20, 70, 190))
    letters(skin, "MILK", (0.1, 0.48), 1.7, (20, 70, 190))
    band(skin, 0.745, 0.8, (20, 70, 190))
    box = extrude(outline, 2 * half).turned(UPRIGHT)
    slope = np.arctan2(ridge - body, half)
    tilt = matrix_from_quaternion(np.array([0.0, np.sin(0.785 - slope / 2), 0.0, np.cos(0.785 - slope / 2)]))
    cap = lathe([(0.0, -0.004), (0.014, -0.004), (0.014, 0.012), (0.0, 0.012)], 40).turned(tilt)
    return [
        make_part(box, painted(worn(skin, "carton", 0.1), roughness=0.55)),
        make_part(cap.moved(x=half / 2, z=(body + ridge) / 2), plain((200, 30, 30), roughness=0.4)),
    ]


def lamp() -> list[MeshPart]:
    """Desk lamp: violet shade on a bent brass arm with a dark foot, 30 cm high."""
    foot = lathe([(0.0, 0.0), (0.06, 0.0), (0.06, 0.008), (0.05, 0.016), (0.012, 0.02), (0.0, 0.02)], 40)
    t = np.linspace(0, 1, 24)
    arm = np.stack([-0.045 * np.sin(np.pi * t) + 0.055 * t**3, 0 * t, 0.018 + 0.252 * t], axis=1)
    skin = canvas((120, 40, 170))
    band(skin, 0.0, 0.12, (240, 210, 90))
    band(skin, 0.45, 0.55, (240, 210, 90))
    outer, inner = [(0.066, 0.185), (0.026, 0.298), (0.0, 0.3)], [(0.0, 0.297), (0.024, 0.295), (0.063, 0.186)]
    shade = lathe([*inner, *outer], 44)
    shine = Material(base_color=to_linear((255, 240, 200)), emissive=(1.5, 1.3, 0.9))
    return [
        make_part(foot, plain((35, 35, 45), roughness=0.4)),
        make_part(sweep(arm, np.full(len(arm), 0.005), 10), plain((200, 165, 80), roughness=0.3, metallic=1.0)),
        make_part(shade.moved(x=0.055), painted(worn(skin, "lamp"), roughness=0.8)),
        make_part(ball(0.02, 16).moved(x=0.055, z=0.235), shine),
    ]


def plant() -> list[MeshPart]:
    """Pot plant: long green leaves from a terracotta pot, 20 cm high."""
    pot = lathe(
        [
            (0.0, 0.0),
            (0.035, 0.0),
            (0.047, 0.065),
            (0.052, 0.065),
            (0.052, 0.085),
            (0.046, 0.085),
            (0.044, 0.075),
            (0.0, 0.075),
        ],
        36,
    )
    skin = canvas((190, 90, 50))
    band(skin, 0.3, 0.42, (240, 220, 180))
    leaves = []
    t = np.linspace(0, 1, 9)
    for turn in range(9):
        azimuth, reach, height = turn * 2.4, 0.035 + 0.006 * turn, 0.125 - 0.006 * turn
        out = reach * t**1.6
        rise = 0.075 + height * (t - 0.35 * t**3)
        path = np.stack([out * np.cos(azimuth), out * np.sin(azimuth), rise], axis=1)
        leaves.append(sweep(path, 0.001 + 0.0125 * np.sin(np.pi * np.clip(t, 0.02, 0.98)) ** 0.8, 8))
    blade = canvas((30, 130, 45), 64, 64)
    band(blade, 0.4, 1.0, (90, 180, 60))
    return [
        make_part(pot, painted(worn(skin, "plant", 0.3), roughness=0.85)),
        make_part(join(leaves), painted(blade, roughness=0.5)),
    ]
