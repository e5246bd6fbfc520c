"""What is stored and moved: cartons, pallets, loaded pallets, plastic crates, drums. z is up."""

from dataclasses import dataclass

import cv2
import numpy as np

from meshsight.assets.builtin.girders import block
from meshsight.assets.builtin.paint import (
    Color,
    atlas,
    band,
    canvas,
    letters,
    make_part,
    named,
    painted,
    plain,
    scuffed,
    worn,
)
from meshsight.assets.builtin.solids import rounded_box
from meshsight.assets.builtin.surface import Surface, join, lathe
from meshsight.assets.procedural.noise import fractal_noise
from meshsight.assets.procedural.palette import shade
from meshsight.core.images import RgbImage
from meshsight.core.rng import stream
from meshsight.records.mesh import MeshPart

Size = tuple[float, float, float]
PALLET: Size = (1.2, 0.8, 0.144)
BOARDS: tuple[Color, ...] = ((196, 160, 112), (150, 132, 108), (122, 92, 62), (176, 148, 116))
_BROWNS: tuple[Color, ...] = ((176, 132, 86), (160, 116, 72), (196, 154, 108), (206, 196, 182), (142, 104, 66))


def planks(color: Color, name: str) -> RgbImage:
    """Returns the grain of a board, along the picture's width; `name` keys it."""
    rng = stream(0, 0, f"builtin:{name}")
    fibres, stains = fractal_noise(rng, (128, 128), (32, 2), 3), fractal_noise(rng, (128, 128), (4, 4), 4)
    return shade(canvas(color, 128, 128), np.float32(1.0) - np.float32(0.35) * fibres - np.float32(0.15) * stains)


def carton_skin(color: Color, name: str) -> RgbImage:
    """Returns a carton's six sides: tape along the lid, a label, and print on the sides; `name` keys the details."""
    rng = stream(0, 0, f"builtin:print of {name}")
    tape = tuple(min(255, int(channel * rng.uniform(0.75, 1.2))) for channel in color)
    ink: Color = (int(color[0] * 0.45), int(color[1] * 0.42), int(color[2] * 0.4))
    front, side, lid = (canvas(color, 128, 128) for _ in range(3))
    cv2.rectangle(front, (58, 0), (70, 34), tape, -1)
    cv2.rectangle(lid, (0, 58), (127, 70), tape, -1)
    left, top = int(rng.integers(8, 62)), int(rng.integers(36, 70))
    cv2.rectangle(front, (left, top), (left + 44, top + 32), (238, 236, 230), -1)
    for line in range(4):
        cv2.line(front, (left + 4, top + 6 + 7 * line), (left + 38 - 5 * line, top + 6 + 7 * line), (50, 50, 52), 2)
    letters(side, ("FRAGILE", "BOX 4", "A-231", "UP")[int(rng.integers(0, 4))], (0.1, 0.42), 0.6, ink)
    band(side, 0.08, 0.12, ink)
    return worn(atlas(side, front, lid), name, 0.3)


def crate_of_cardboard(size: Size, index: int, name: str) -> MeshPart:
    """Returns one carton around the origin."""
    skin = carton_skin(_BROWNS[index % len(_BROWNS)], f"{name} {index}")
    return make_part(rounded_box(size, min(size) * 0.02, 1), named(painted(skin, roughness=0.9), "cardboard"))


_CARTONS: tuple[Size, ...] = (
    (0.4, 0.3, 0.25), (0.6, 0.4, 0.4), (0.5, 0.5, 0.5), (0.6, 0.3, 0.2), (0.78, 0.58, 0.7), (1.1, 0.55, 0.35)
)  # fmt: skip


def cardboard(variant: int) -> list[MeshPart]:
    """Cartons with tape, labels and print, 0.4 to 1.1 m."""
    return [crate_of_cardboard(_CARTONS[variant], variant, f"cardboard {variant}")]


def boards(size: Size, middle: tuple[float, float], floor_z: float) -> Surface:
    """Returns the boards and blocks of a four-way pallet (EN 13698-1), standing at a height."""
    half_x, half_y = size[0] / 2, size[1] / 2
    thin = 0.022
    pieces: list[Surface] = []
    for y in (-half_y + 0.05, 0.0, half_y - 0.05):
        wide = 0.0725 if y == 0 else 0.05
        pieces.append(block((-half_x, half_x), (y - wide, y + wide), (0.0, thin)))
        pieces += [
            block((x - 0.069, x + 0.069), (y - wide + 0.001, y + wide - 0.001), (thin, 0.1))
            for x in (0.07 - half_x, 0.0, half_x - 0.07)
        ]
    for x in (0.07 - half_x, 0.0, half_x - 0.07):
        pieces.append(block((x - 0.0715, x + 0.0715), (-half_y, half_y), (0.1, 0.122)))
    for y in np.linspace(-half_y + 0.0725, half_y - 0.0725, 5):
        pieces.append(block((-half_x - 0.001, half_x + 0.001), (float(y) - 0.06, float(y) + 0.06), (0.122, size[2])))
    return join(pieces).moved(x=middle[0], y=middle[1], z=floor_z)


def pallet(variant: int) -> list[MeshPart]:
    """EUR pallets, 1.2 m by 0.8 m: new, grey, dark, and stacks of them."""
    count = (1, 1, 1, 5, 12, 8)[variant]
    rng = stream(0, 0, f"builtin:pallets {variant}")
    shift = rng.uniform(-0.03, 0.03, (count, 2)) if count > 1 else np.zeros((1, 2))
    parts: list[MeshPart] = []
    for tone in range(2 if count > 1 else 1):
        layers = range(tone, count, 2) if count > 1 else range(1)
        color = BOARDS[(variant + tone) % len(BOARDS)]
        stack = [boards(PALLET, (float(shift[k][0]), float(shift[k][1])), k * (PALLET[2] + 0.002)) for k in layers]
        parts.append(make_part(join(stack), named(painted(planks(color, f"pallet {variant}"), 0.9), f"wood_{tone}")))
    return parts


@dataclass(frozen=True, slots=True)
class _Load:
    """What stands on a pallet: a wall of cartons, or one block wrapped or planked."""

    boxes: tuple[int, int, int]
    height_m: float
    color: Color | None = None
    roughness: float = 0.9


_LOADS: tuple[_Load, ...] = (
    _Load((3, 2, 3), 1.0),
    _Load((2, 2, 2), 0.85),
    _Load((4, 2, 4), 1.35),
    _Load((1, 1, 1), 1.1, (214, 218, 216), 0.25),
    _Load((1, 1, 1), 1.5, (46, 46, 48), 0.3),
    _Load((1, 1, 3), 0.66, (186, 150, 104), 0.9),
    _Load((2, 1, 2), 1.2, (150, 160, 172), 0.35),
    _Load((1, 1, 1), 0.6, (120, 122, 120), 0.8),
)


def load(variant: int) -> list[MeshPart]:
    """Loaded pallets: cartons in layers, wrapped goods, wooden frames, 0.8 to 1.6 m high."""
    spec = _LOADS[variant]
    parts = [
        make_part(
            boards(PALLET, (0.0, 0.0), 0.0), named(painted(planks(BOARDS[variant % 4], f"load {variant}"), 0.9), "wood")
        )
    ]
    across, deep, high = spec.boxes
    cell = (1.16 / across, 0.78 / deep, spec.height_m / high)
    groups: dict[int, list[Surface]] = {}
    rng = stream(0, 0, f"builtin:load {variant}")
    size = (cell[0] * 0.985, cell[1] * 0.985, cell[2] * 0.99)
    solid = rounded_box(size, min(size) * 0.03, 1)
    for i in range(across):
        for j in range(deep):
            for k in range(high):
                if k == high - 1 and high > 1 and spec.color is None and rng.random() < 0.25:
                    continue
                x, y = (i - (across - 1) / 2) * cell[0], (j - (deep - 1) / 2) * cell[1]
                jitter = rng.uniform(-0.006, 0.006, 2)
                placed = solid.moved(x=x + jitter[0], y=y + jitter[1], z=0.146 + (k + 0.5) * cell[2])
                groups.setdefault(int(rng.integers(0, 2)), []).append(placed)
    for index, surfaces in groups.items():
        if spec.color is None:
            skin = carton_skin(_BROWNS[(variant + 2 * index) % len(_BROWNS)], f"load {variant} {index}")
        elif high > 1:
            skin = np.tile(planks(spec.color, f"load {variant} {index}"), (2, 3, 1))
        else:
            skin = np.tile(scuffed(spec.color, f"load {variant}"), (2, 3, 1))
        parts.append(make_part(join(surfaces), named(painted(skin, spec.roughness), f"goods_{index}")))
    return parts


_CRATES: tuple[tuple[Color, int], ...] = (
    ((28, 84, 168), 1),
    ((176, 30, 32), 1),
    ((60, 64, 68), 3),
    ((34, 120, 66), 2),
    ((222, 178, 30), 4),
    ((28, 84, 168), 4),
)


def crate(variant: int) -> list[MeshPart]:
    """Plastic crates of 0.6 m by 0.4 m, alone and stacked."""
    color, count = _CRATES[variant]
    pieces: list[Surface] = []
    for k in range(count):
        z = 0.222 * k
        pieces.append(block((-0.295, 0.295), (-0.195, 0.195), (z, z + 0.012)))
        for side in (-1, 1):
            y = sorted((side * 0.1999, side * 0.188))
            x = sorted((side * 0.2999, side * 0.288))
            pieces.append(block((-0.3, 0.3), (y[0], y[1]), (z + 0.004, z + 0.22)))
            pieces.append(block((x[0], x[1]), (-0.1875, 0.1875), (z + 0.004, z + 0.22)))
            rim = sorted((side * 0.2001, side * 0.209))
            pieces.append(block((-0.305, 0.305), (rim[0], rim[1]), (z + 0.185, z + 0.21)))
    return [make_part(join(pieces), named(painted(scuffed(color, f"crate {variant}"), 0.5), "plastic"))]


_DRUMS: tuple[Color, ...] = ((22, 78, 160), (150, 152, 154), (190, 60, 24), (30, 32, 34))


def drum(variant: int) -> list[MeshPart]:
    """Steel drums of 200 litres, 0.88 m high."""
    profile = [(0.0, 0.0), (0.284, 0.0), (0.29, 0.012), (0.284, 0.024)]
    for ring in (0.3, 0.58):
        profile += [(0.284, ring - 0.014), (0.292, ring), (0.284, ring + 0.014)]
    profile += [(0.284, 0.856), (0.29, 0.868), (0.284, 0.88), (0.272, 0.88), (0.27, 0.866), (0.0, 0.866)]
    skin = canvas(_DRUMS[variant])
    if variant % 2 == 0:
        band(skin, 0.42, 0.6, (224, 222, 214))
        letters(skin, "OIL 10W", (0.1, 0.46), 1.0, (30, 30, 32))
    lid = lathe([(0.0, 0.86), (0.03, 0.86), (0.03, 0.876), (0.0, 0.876)], 14).moved(x=0.18)
    return [
        make_part(lathe(profile, 32), named(painted(worn(skin, f"drum {variant}", 0.35), 0.45, 0.2), "drum")),
        make_part(lid, named(plain((200, 200, 200), 0.4, 1.0), "bung")),
    ]
