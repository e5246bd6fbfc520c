"""Built-in objects from the nursery."""

import cv2
import numpy as np

from meshsight.assets.builtin.household import UPRIGHT
from meshsight.assets.builtin.paint import band, canvas, make_part, painted, plain, spots, worn
from meshsight.assets.builtin.solids import extrude
from meshsight.assets.builtin.surface import ball, cylinder, join, sweep
from meshsight.records.mesh import MeshPart


def duck() -> list[MeshPart]:
    """Bath duck: yellow body, orange bill, black eyes, 12 cm long."""
    t = np.linspace(0, 1, 19)
    spine = np.stack([-0.062 + 0.112 * t, 0 * t, 0.034 + 0.03 * (1 - t) ** 4], axis=1)
    body = sweep(spine, 0.002 + 0.036 * np.sin(np.pi * np.clip(t, 0.0, 1.0)) ** 0.55, 28).stretched(1.0, 1.0, 0.95)
    head = ball(0.027, 24).moved(x=0.028, z=0.086)
    wings = [ball(0.02, 16).stretched(1.3, 0.35, 0.75).moved(x=-0.012, y=y, z=0.04) for y in (-0.035, 0.035)]
    bill = ball(0.013, 16).stretched(1.2, 1.2, 0.45).moved(x=0.056, z=0.082)
    eyes = [ball(0.0058, 10).moved(x=0.046, y=y, z=0.095) for y in (-0.0155, 0.0155)]
    skin = worn(canvas((250, 210, 20), 128, 128), "duck", 0.08)
    return [
        make_part(join([body, head, *wings]), painted(skin, roughness=0.35)),
        make_part(bill, plain((240, 110, 10), roughness=0.4)),
        make_part(join(eyes), plain((10, 10, 10), roughness=0.2)),
    ]


def car() -> list[MeshPart]:
    """Toy car: pink body with dark windows and a white stripe, black wheels, 14 cm long."""
    outline = np.array(
        [
            (-0.07, 0.012), (0.07, 0.012), (0.071, 0.032), (0.066, 0.038), (0.034, 0.042), (0.018, 0.066),
            (0.012, 0.068), (-0.032, 0.068), (-0.042, 0.064), (-0.056, 0.042), (-0.07, 0.04),
        ]
    )  # fmt: skip
    skin = canvas((235, 40, 130))
    band(skin, 0.22, 0.34, (250, 250, 250))
    glass = (25, 30, 40)
    cv2.fillPoly(skin, [np.array([(70, 32), (88, 14), (122, 14), (122, 104), (52, 104)])], glass, cv2.LINE_AA)
    cv2.fillPoly(skin, [np.array([(132, 14), (154, 14), (178, 104), (132, 104)])], glass, cv2.LINE_AA)
    body = extrude(outline, 0.062).turned(UPRIGHT)
    panes = np.array([(0.036, 0.0445), (0.0185, 0.0685), (0.016, 0.0655), (0.033, 0.042)])
    rear = np.array([(-0.0575, 0.0435), (-0.0545, 0.042), (-0.0415, 0.0625), (-0.044, 0.0655)])
    windows = join([extrude(pane, 0.052).turned(UPRIGHT) for pane in (panes, rear)])
    lying = UPRIGHT.T
    wheel = cylinder(0.0165, 0.014, 28).turned(lying)
    hub = cylinder(0.008, 0.015, 16).turned(lying)
    places = [(x, y) for x in (-0.041, 0.043) for y in (-0.038, 0.024)]
    return [
        make_part(body, painted(worn(skin, "car", 0.08), roughness=0.25)),
        make_part(windows, plain(glass, roughness=0.1)),
        make_part(join([wheel.moved(x=x, y=y, z=0.0165) for x, y in places]), plain((22, 22, 22), roughness=0.8)),
        make_part(
            join([hub.moved(x=x, y=y + (0.0008 if y > 0 else -0.0008), z=0.0165) for x, y in places]),
            plain((210, 210, 215), roughness=0.3, metallic=1.0),
        ),
    ]


def banana() -> list[MeshPart]:
    """Banana: a yellow crescent with brown tips, 18 cm long."""
    t = np.linspace(0, 1, 29)
    angle = np.radians(210) + np.radians(120) * t
    path = np.stack([0.1 * np.cos(angle), 0 * t, 0.1 * np.sin(angle)], axis=1)
    radius = 0.004 + 0.0155 * np.clip(np.sin(np.pi * t), 0, 1) ** 0.45
    skin = canvas((245, 215, 50))
    spots(skin, 7, 5, 0.05, (150, 100, 30))
    band(skin, 0.0, 0.05, (80, 55, 25))
    band(skin, 0.93, 1.0, (90, 95, 30))
    return [make_part(sweep(path, radius, 20), painted(worn(skin, "banana", 0.15), roughness=0.5))]


def fish() -> list[MeshPart]:
    """Toy fish: orange with white bars, dark-tipped fins, 16 cm long."""
    t = np.linspace(0, 1, 25)
    spine = np.stack([-0.05 + 0.12 * t, 0 * t, 0 * t], axis=1)
    body = sweep(spine, 0.001 + 0.04 * np.sin(np.pi * t) ** 0.7 * (0.75 + 0.25 * t), 24).stretched(1.0, 0.5, 1.0)
    skin = canvas((245, 100, 10))
    for bar in (0.2, 0.48, 0.76):
        band(skin, bar - 0.045, bar + 0.045, (250, 250, 245))
    tail = np.array([(-0.04, 0.0), (-0.085, 0.042), (-0.075, 0.0), (-0.085, -0.042)])
    dorsal = np.array([(0.035, 0.034), (0.0, 0.058), (-0.03, 0.048), (-0.025, 0.022)])
    belly = np.array([(0.02, -0.034), (-0.02, -0.022), (-0.018, -0.05)])
    fins = join([extrude(fin, 0.006).turned(UPRIGHT) for fin in (tail, dorsal, belly)])
    eyes = [ball(0.0065, 12).moved(x=0.05, y=y, z=0.009) for y in (-0.0125, 0.0125)]
    return [
        make_part(body, painted(worn(skin, "fish", 0.08), roughness=0.3)),
        make_part(fins, plain((70, 35, 20), roughness=0.5)),
        make_part(join(eyes), plain((10, 10, 10), roughness=0.2)),
    ]
