"""Scene-like pictures of 480x640 to stand behind the objects: from plain ramps to dense clutter.

A detector that has only seen tidy backgrounds fires at every edge of a real one, so most families are busy.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np

from meshsight.assets.procedural.noise import cell_labels, fractal_noise, grain
from meshsight.assets.procedural.palette import as_color, colorize, random_color, random_palette, shade
from meshsight.assets.procedural.textures import TEXTURES
from meshsight.core.images import RgbImage

Painter = Callable[[np.random.Generator], RgbImage]

HEIGHT, WIDTH = 480, 640
_SIZE = (HEIGHT, WIDTH)
_ROW, _COL = (axis.astype(np.float32) for axis in np.mgrid[0:HEIGHT, 0:WIDTH])


def _any_texture(rng: np.random.Generator) -> RgbImage:
    names = sorted(TEXTURES)
    return TEXTURES[names[rng.integers(0, len(names))]](rng)


def _ramp(rng: np.random.Generator) -> RgbImage:
    angle = rng.uniform(0, 2 * np.pi)
    field = math.cos(angle) * _COL + math.sin(angle) * _ROW
    low, high = float(field.min()), float(field.max())
    return colorize((field - low) / (high - low), random_palette(rng, int(rng.integers(2, 5))))


def _polygon(rng: np.random.Generator, center: tuple[float, float], radius: float) -> np.ndarray:
    corners = int(rng.integers(3, 9))
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = radius * rng.uniform(0.5, 1.0, corners)
    points = np.stack([np.cos(angles) * reach + center[0], np.sin(angles) * reach + center[1]], axis=1)
    return np.round(points).astype(np.int32)


def _scatter(rng: np.random.Generator, image: RgbImage, count: int, radii: tuple[float, float]) -> None:
    for _ in range(count):
        center = (float(rng.uniform(0, WIDTH)), float(rng.uniform(0, HEIGHT)))
        radius = float(np.exp(rng.uniform(np.log(radii[0]), np.log(radii[1]))))
        color = random_color(rng)
        sort = rng.integers(0, 4)
        if sort == 0:
            cv2.fillPoly(image, [_polygon(rng, center, radius)], color, cv2.LINE_AA)
        elif sort == 1:
            axes = (radius, radius * rng.uniform(0.2, 1.0))
            cv2.ellipse(image, (center, (2 * axes[0], 2 * axes[1]), rng.uniform(0, 180)), color, -1, cv2.LINE_AA)
        elif sort == 2:
            box = (center, (2 * radius, 2 * radius * rng.uniform(0.2, 1.0)), rng.uniform(0, 180))
            cv2.fillConvexPoly(image, cv2.boxPoints(box).astype(np.int32), color, cv2.LINE_AA)
        else:
            ring = (int(center[0]), int(center[1]))
            cv2.circle(image, ring, int(radius), color, max(1, int(radius * rng.uniform(0.1, 0.5))), cv2.LINE_AA)


def gradient(rng: np.random.Generator) -> RgbImage:
    """A smooth ramp of two to four colours."""
    return _ramp(rng)


def clouds(rng: np.random.Generator) -> RgbImage:
    """Coloured fractal noise, coarse to fine."""
    coarse = int(rng.integers(2, 9))
    return colorize(fractal_noise(rng, _SIZE, (coarse, coarse), 6), random_palette(rng, 5))


def shapes(rng: np.random.Generator) -> RgbImage:
    """Dense clutter of polygons, ellipses, boxes and rings of every size."""
    image = _ramp(rng)
    _scatter(rng, image, int(rng.integers(40, 160)), (6.0, 110.0))
    return image


def bokeh(rng: np.random.Generator) -> RgbImage:
    """The same clutter out of focus."""
    image = _ramp(rng)
    _scatter(rng, image, int(rng.integers(20, 90)), (15.0, 130.0))
    small = cv2.resize(image, (WIDTH // 4, HEIGHT // 4), interpolation=cv2.INTER_AREA)
    blurred = cv2.GaussianBlur(small, (0, 0), rng.uniform(1.0, 6.0))
    return cv2.resize(blurred, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)


def lines(rng: np.random.Generator) -> RgbImage:
    """Cables, bars and curves across the picture."""
    image = _ramp(rng)
    for _ in range(int(rng.integers(20, 90))):
        ends = rng.uniform(-0.2, 1.2, (4, 2)) * (WIDTH, HEIGHT)
        t = np.linspace(0, 1, 16)[:, None]
        curve = (1 - t) ** 3 * ends[0] + 3 * (1 - t) ** 2 * t * ends[1] + 3 * (1 - t) * t**2 * ends[2] + t**3 * ends[3]
        if rng.random() < 0.4:
            curve = ends[:2]
        width = int(np.exp(rng.uniform(0, 3.2)))
        cv2.polylines(image, [np.round(curve).astype(np.int32)], False, random_color(rng), width, cv2.LINE_AA)
    return image


def mosaic(rng: np.random.Generator) -> RgbImage:
    """Irregular cells of flat colours."""
    count = int(np.exp(rng.uniform(np.log(20), np.log(1500))))
    cell, _ = cell_labels(rng, _SIZE, count, tile=False)
    palette = random_palette(rng, 8)
    tones = palette[rng.integers(0, 8, count)]
    return tones[cell]


def collage(rng: np.random.Generator) -> RgbImage:
    """Patches of surface textures, pasted over each other."""
    image = cv2.resize(_any_texture(rng), (WIDTH, HEIGHT))
    patches = [_any_texture(rng) for _ in range(3)]
    for _ in range(int(rng.integers(8, 30))):
        patch = patches[rng.integers(0, len(patches))]
        h, w = (int(v) for v in rng.integers(30, 250, 2))
        top, left = int(rng.integers(-h // 2, HEIGHT - h // 2)), int(rng.integers(-w // 2, WIDTH - w // 2))
        place = image[max(top, 0) : top + h, max(left, 0) : left + w]
        place[:] = patch[: place.shape[0], : place.shape[1]]
    return image


def room(rng: np.random.Generator) -> RgbImage:
    """A corner of a room: textured floor in perspective, two walls, a few pictures or windows on them."""
    wall = cv2.resize(_any_texture(rng), (WIDTH, HEIGHT)) if rng.random() < 0.4 else _ramp(rng)
    image = np.ascontiguousarray(wall)
    horizon, corner = int(rng.uniform(0.35, 0.75) * HEIGHT), int(rng.uniform(0.1, 0.9) * WIDTH)
    for _ in range(int(rng.integers(0, 7))):
        x, y = int(rng.uniform(0, WIDTH)), int(rng.uniform(0, 0.6) * horizon)
        right, bottom = x + int(rng.uniform(30, 150)), y + int(rng.uniform(30, 120))
        cv2.rectangle(image, (x, y), (right, bottom), random_color(rng), -1)
        cv2.rectangle(image, (x, y), (right, bottom), random_color(rng), int(rng.integers(2, 9)))
    image[:, :corner] = (image[:, :corner] * np.float32(rng.uniform(0.6, 0.9))).astype(np.uint8)
    image[horizon:] = _floor(rng, HEIGHT - horizon)
    return image


def _floor(rng: np.random.Generator, rows: int) -> RgbImage:
    texture = _any_texture(rng)
    depth = np.float32(rng.uniform(60, 250)) / (np.arange(rows, dtype=np.float32) + 8.0)
    across = (np.arange(WIDTH, dtype=np.float32) - WIDTH / 2) * depth[:, None] * np.float32(0.08)
    map_x = across * 8 + 128
    map_y = np.broadcast_to((depth * 60)[:, None], map_x.shape).astype(np.float32)
    return cv2.remap(texture, map_x % 255, map_y % 255, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def shelves(rng: np.random.Generator) -> RgbImage:
    """Shelf boards filled with boxes, tins and bottles of every colour."""
    image = _ramp(rng)
    boards = int(rng.integers(2, 7))
    spacing = HEIGHT / boards
    palette = random_palette(rng, 6)
    for board in range(boards):
        floor = int((board + 1) * spacing) - 6
        x = 0
        while x < WIDTH:
            width, height = int(rng.uniform(12, 70)), int(spacing * rng.uniform(0.3, 0.9))
            color = random_color(rng) if rng.random() < 0.5 else as_color(palette[rng.integers(0, 6)])
            _shelf_item(rng, image, (x, floor - height, x + width, floor), color)
            x += width + int(rng.choice([1, 2, 5, 30]))
        cv2.rectangle(image, (0, floor), (WIDTH, floor + 6), as_color(palette[0]), -1)
    light = fractal_noise(rng, _SIZE, (3, 3), 2)
    return shade(image, np.float32(0.6) + np.float32(0.5) * light)


def _shelf_item(
    rng: np.random.Generator, image: RgbImage, box: tuple[int, int, int, int], color: tuple[int, int, int]
) -> None:
    left, top, right, bottom = box
    cv2.rectangle(image, (left, top), (right, bottom), color, -1)
    band = int(top + (bottom - top) * rng.uniform(0.2, 0.6))
    cv2.rectangle(image, (left, band), (right, band + (bottom - top) // 4), random_color(rng), -1)
    if rng.random() < 0.3:
        middle = ((left + right) // 2, (top + bottom) // 2)
        cv2.circle(image, middle, max(2, (right - left) // 4), random_color(rng), -1, cv2.LINE_AA)


def foliage(rng: np.random.Generator) -> RgbImage:
    """Leaves over leaves, dark to light."""
    hue = rng.uniform(20, 70)
    base = np.array([rng.uniform(20, 160), rng.uniform(60, 160), rng.uniform(10, 90)])
    image = np.full((HEIGHT, WIDTH, 3), (base * 0.3).astype(np.uint8), dtype=np.uint8)
    count = int(rng.integers(200, 500))
    length = float(np.exp(rng.uniform(np.log(20), np.log(120))))
    for layer in range(count):
        tone = base * (0.4 + 1.6 * layer / count) * rng.uniform(0.7, 1.2, 3)
        red, green, blue = np.clip(tone, 0, 255).astype(int)
        at = (float(rng.uniform(0, WIDTH)), float(rng.uniform(0, HEIGHT)))
        size = (length * rng.uniform(0.6, 1.5), length * rng.uniform(0.2, 0.5))
        angle = hue + rng.normal(0, 60)
        cv2.ellipse(image, (at, size, angle), (int(red), int(green), int(blue)), -1, cv2.LINE_AA)
    return image


def facade(rng: np.random.Generator) -> RgbImage:
    """House fronts: rows of windows, each front with its own wall."""
    image = _ramp(rng)
    x = 0
    while x < WIDTH:
        width, top = int(rng.uniform(80, 260)), int(rng.uniform(0, 0.5) * HEIGHT)
        wall, pane = random_palette(rng, 2)
        cv2.rectangle(image, (x, top), (x + width, HEIGHT), as_color(wall), -1)
        step, fill = int(rng.uniform(16, 50)), rng.uniform(0.3, 0.8)
        for y in range(top + 5, HEIGHT, step):
            for left in range(x + 4, x + width - int(step * fill), step):
                tone = np.clip(pane * rng.uniform(0.6, 1.3), 0, 255).astype(np.uint8)
                cv2.rectangle(image, (left, y), (left + int(step * fill), y + int(step * fill)), as_color(tone), -1)
        x += width
    return shade(image, np.float32(0.75) + np.float32(0.3) * fractal_noise(rng, _SIZE, (4, 4), 5))


def print_page(rng: np.random.Generator) -> RgbImage:
    """Printed matter: blocks of words, lines and pictures on paper."""
    paper = rng.integers(170, 256, 3)
    image = np.full((HEIGHT, WIDTH, 3), paper, dtype=np.uint8)
    ink = as_color(random_palette(rng, 1)[0] // 2)
    for _ in range(int(rng.integers(6, 20))):
        left, top = int(rng.uniform(-0.1, 0.8) * WIDTH), int(rng.uniform(-0.1, 0.8) * HEIGHT)
        if rng.random() < 0.35:
            corner = (left + int(rng.uniform(40, 220)), top + int(rng.uniform(40, 160)))
            cv2.rectangle(image, (left, top), corner, random_color(rng), -1)
            continue
        size, pitch = int(rng.uniform(2, 12)), rng.uniform(1.5, 2.5)
        for line in range(int(rng.integers(3, 16))):
            y, x = top + int(line * size * pitch), left
            while x < left + 240:
                word = int(rng.uniform(1, 6) * size)
                cv2.rectangle(image, (x, y), (x + word, y + size), ink, -1)
                x += word + size
    return image


def static(rng: np.random.Generator) -> RgbImage:
    """Grain of a chosen coarseness, colour or grey: the highest frequencies a picture can hold."""
    factor = int(rng.choice([1, 2, 4, 8]))
    shape = (HEIGHT // factor, WIDTH // factor)
    if rng.random() < 0.5:
        small = colorize(grain(rng, shape), random_palette(rng, 3))
    else:
        small = rng.integers(0, 256, (*shape, 3), dtype=np.uint8)
    return cv2.resize(small, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST)


BACKGROUNDS: dict[str, Painter] = {
    "bokeh": bokeh,
    "clouds": clouds,
    "collage": collage,
    "facade": facade,
    "foliage": foliage,
    "gradient": gradient,
    "lines": lines,
    "mosaic": mosaic,
    "print": print_page,
    "room": room,
    "shapes": shapes,
    "shelves": shelves,
    "static": static,
}
