"""Tileable surface pictures of 256 px, as cloth, wood, brick or tile might look."""

from collections.abc import Callable

import cv2
import numpy as np

from meshsight.assets.procedural.noise import cell_labels, fractal_noise, grain, value_noise
from meshsight.assets.procedural.palette import as_color, colorize, random_palette, shade
from meshsight.core.images import RgbImage

Painter = Callable[[np.random.Generator], RgbImage]

SIDE = 256
_SIZE = (SIDE, SIDE)
_ROW, _COL = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)


def _pick(rng: np.random.Generator, *values: int) -> int:
    return int(values[rng.integers(0, len(values))])


def _worn(rng: np.random.Generator, image: RgbImage, depth: float) -> RgbImage:
    dirt = fractal_noise(rng, _SIZE, (4, 4), 5, tile=True)
    return shade(image, np.float32(1.0) - np.float32(depth) * dirt)


def noise(rng: np.random.Generator) -> RgbImage:
    """Soft clouds of a few colours."""
    cells = _pick(rng, 2, 4, 8)
    return colorize(fractal_noise(rng, _SIZE, (cells, cells), 5, tile=True), random_palette(rng, 4))


def speckle(rng: np.random.Generator) -> RgbImage:
    """Stone or plaster: fine grain of close colours."""
    field = 0.5 * grain(rng, _SIZE) + 0.5 * fractal_noise(rng, _SIZE, (8, 8), 4, tile=True)
    return colorize(field, random_palette(rng, 3))


def wood(rng: np.random.Generator) -> RgbImage:
    """Planks with grain along them."""
    base = np.array([rng.uniform(90, 220), rng.uniform(60, 150), rng.uniform(25, 100)])
    stops = np.clip(np.stack([base * 0.45, base * 0.8, base, base * 1.15]), 0, 255).astype(np.uint8)
    bend = fractal_noise(rng, _SIZE, (2, 8), 3, tile=True)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (_pick(rng, 2, 3, 5) * _COL / SIDE + 3.0 * bend))
    fibre = value_noise(rng, _SIZE, (8, 256), tile=True)
    image = colorize((0.65 * rings + 0.35 * fibre).astype(np.float32), stops)
    planks = _pick(rng, 1, 2, 4)
    tones = rng.uniform(0.75, 1.1, planks).astype(np.float32)
    plank = (_COL * planks / SIDE).astype(np.int64)
    seam = (_COL % (SIDE // planks)) < 2
    return shade(image, np.where(seam & (planks > 1), np.float32(0.4), tones[plank]))


def checker(rng: np.random.Generator) -> RgbImage:
    """A chessboard of two colours, a little worn."""
    squares = _pick(rng, 2, 4, 8, 16)
    odd = ((_ROW * squares / SIDE).astype(np.int64) + (_COL * squares / SIDE).astype(np.int64)) % 2
    return _worn(rng, random_palette(rng, 2)[odd], rng.uniform(0, 0.4))


def stripes(rng: np.random.Generator) -> RgbImage:
    """Stripes of several widths and colours, straight or waved, in any of four directions."""
    along = [_ROW, _COL, _ROW + _COL, _ROW - _COL][rng.integers(0, 4)]
    wave = rng.uniform(0, 20) * np.sin(2 * np.pi * _pick(rng, 1, 2, 3) * _COL / SIDE)
    bands = _pick(rng, 4, 8, 16, 32)
    order = rng.integers(0, 4, bands)
    index = (np.floor((along + wave) * bands / SIDE) % bands).astype(np.int64)
    return _worn(rng, random_palette(rng, 4)[order[index]], rng.uniform(0, 0.3))


def dots(rng: np.random.Generator) -> RgbImage:
    """Dots on a lattice, of one size or two."""
    colors = random_palette(rng, 3)
    step = SIDE / _pick(rng, 4, 8, 16)
    radius = rng.uniform(0.15, 0.48)
    shift = 0.5 * (np.floor(_ROW / step) % 2) * rng.integers(0, 2)
    dy, dx = (_ROW / step) % 1 - 0.5, (_COL / step + shift) % 1 - 0.5
    distance = np.sqrt(dx * dx + dy * dy)
    inner = radius * rng.uniform(0.0, 0.7)
    index = (distance < radius).astype(np.int64) + (distance < inner)
    return _worn(rng, colors[index], rng.uniform(0, 0.3))


def bricks(rng: np.random.Generator) -> RgbImage:
    """Rows of bricks, half offset, each of its own tone, with mortar."""
    rows, cols = _pick(rng, 4, 8, 16), _pick(rng, 2, 4, 8)
    y = _ROW * rows / SIDE
    x = _COL * cols / SIDE + 0.5 * (np.floor(y) % 2)
    mortar = (y % 1 < 0.02 * rows) | (x % 1 < 0.02 * cols)
    tone = rng.uniform(0.6, 1.15, (rows, cols)).astype(np.float32)
    brick, joint = random_palette(rng, 2)
    image = np.where(mortar[..., None], joint, brick)
    gains = np.where(mortar, np.float32(1.0), tone[y.astype(np.int64), x.astype(np.int64) % cols])
    return _worn(rng, shade(image, gains), rng.uniform(0.1, 0.5))


def marble(rng: np.random.Generator) -> RgbImage:
    """Veins bent by turbulence."""
    bend = fractal_noise(rng, _SIZE, (4, 4), 5, tile=True)
    veins = np.abs(np.sin(np.pi * (_pick(rng, 1, 2, 4) * (_ROW + _COL) / SIDE + rng.uniform(2, 5) * bend)))
    return colorize(np.sqrt(veins).astype(np.float32), random_palette(rng, 3))


def fabric(rng: np.random.Generator) -> RgbImage:
    """A weave of two threads in a tartan of several colours."""
    colors = random_palette(rng, 4).astype(np.float32)
    bands = rng.integers(0, 4, 16)
    column = colors[bands[(_COL / 16).astype(np.int64)]]
    row = colors[bands[(_ROW / 16).astype(np.int64)]]
    threads = _pick(rng, 2, 4)
    over = ((_ROW + _COL) // threads % 2)[..., None]
    light = 0.8 + 0.2 * grain(rng, _SIZE)[..., None]
    return ((over * column + (1 - over) * row) * light).astype(np.uint8)


def brushed(rng: np.random.Generator) -> RgbImage:
    """Brushed metal: fine scratches one way."""
    lines = value_noise(rng, _SIZE, (256, 4), tile=True)
    field = 0.6 * lines + 0.4 * fractal_noise(rng, _SIZE, (2, 2), 3, tile=True)
    grey = rng.integers(60, 200)
    tint = rng.uniform(0.85, 1.15, 3)
    stops = np.clip(np.stack([grey * 0.6 * tint, grey * tint, grey * 1.3 * tint]), 0, 255).astype(np.uint8)
    return colorize(field.astype(np.float32), stops)


def gravel(rng: np.random.Generator) -> RgbImage:
    """Pebbles: cells of different tones, dark between them."""
    count = _pick(rng, 60, 200, 600)
    cell, distance = cell_labels(rng, _SIZE, count, tile=True)
    colors = random_palette(rng, 5)[rng.integers(0, 5, count)]
    size = SIDE / np.sqrt(count)
    return shade(colors[cell], np.clip(1.15 - distance / np.float32(size), 0.2, 1.1).astype(np.float32))


def camouflage(rng: np.random.Generator) -> RgbImage:
    """Blots of few flat colours."""
    field = fractal_noise(rng, _SIZE, (4, 4), 3, tile=True)
    levels = _pick(rng, 3, 4, 5)
    index = np.clip(field * levels, 0, levels - 1).astype(np.int64)
    return _worn(rng, random_palette(rng, levels)[index], 0.2)


def confetti(rng: np.random.Generator) -> RgbImage:
    """Small patches of many colours, thrown on a plain ground."""
    colors = random_palette(rng, 6)
    image = np.full((SIDE, SIDE, 3), colors[0], dtype=np.uint8)
    for _ in range(_pick(rng, 20, 60, 150)):
        center, half = rng.integers(0, SIDE, 2), rng.uniform(3, 18, 2)
        angle, color = rng.uniform(0, 180), as_color(colors[rng.integers(1, 6)])
        for dy in (-SIDE, 0, SIDE):
            for dx in (-SIDE, 0, SIDE):
                at = (float(center[0] + dx), float(center[1] + dy))
                if -25 < at[0] < SIDE + 25 and -25 < at[1] < SIDE + 25:
                    corners = cv2.boxPoints((at, (float(half[0]), float(half[1])), angle))
                    cv2.fillConvexPoly(image, corners.astype(np.int32), color, cv2.LINE_AA)
    return image


TEXTURES: dict[str, Painter] = {
    "bricks": bricks,
    "brushed": brushed,
    "camouflage": camouflage,
    "checker": checker,
    "confetti": confetti,
    "dots": dots,
    "fabric": fabric,
    "gravel": gravel,
    "marble": marble,
    "noise": noise,
    "speckle": speckle,
    "stripes": stripes,
    "wood": wood,
}
