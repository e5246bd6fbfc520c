"""Smooth random fields, the base of most procedural pictures."""

import cv2
import numpy as np
from jaxtyping import Float32, Int

Field = Float32[np.ndarray, "h w"]


def value_noise(rng: np.random.Generator, size_hw: tuple[int, int], cells_hw: tuple[int, int], tile: bool) -> Field:
    """Returns random lattice values, interpolated cubically, roughly in 0..1.

    With `tile` the field continues over its edges without a seam; the size must then be a multiple of the cells.
    """
    grid = rng.random(cells_hw, dtype=np.float32)
    if not tile:
        return cv2.resize(grid, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    margin = 2
    step_y, step_x = size_hw[0] // cells_hw[0], size_hw[1] // cells_hw[1]
    wrapped = np.pad(grid, margin, mode="wrap")
    wide = cv2.resize(wrapped, None, fx=step_x, fy=step_y, interpolation=cv2.INTER_CUBIC)
    top, left = margin * step_y, margin * step_x
    return np.ascontiguousarray(wide[top : top + size_hw[0], left : left + size_hw[1]])


def fractal_noise(
    rng: np.random.Generator, size_hw: tuple[int, int], cells_hw: tuple[int, int], octaves: int, tile: bool = False
) -> Field:
    """Returns value noise summed over octaves, each twice as fine and half as strong, stretched to exactly 0..1."""
    total = np.zeros(size_hw, dtype=np.float32)
    for octave in range(octaves):
        cells = (cells_hw[0] << octave, cells_hw[1] << octave)
        if cells[0] > size_hw[0] or cells[1] > size_hw[1]:
            break
        total += value_noise(rng, size_hw, cells, tile) * np.float32(0.5**octave)
    return cv2.normalize(total, None, 0.0, 1.0, cv2.NORM_MINMAX)  # pyright: ignore[reportCallIssue, reportArgumentType]


def grain(rng: np.random.Generator, size_hw: tuple[int, int]) -> Field:
    """Returns white noise in 0..1, one value a pixel."""
    return rng.random(size_hw, dtype=np.float32)


def cell_labels(
    rng: np.random.Generator, size_hw: tuple[int, int], count: int, tile: bool
) -> tuple[Int[np.ndarray, "h w"], Field]:
    """Splits the plane into the cells of `count` random points (a Voronoi diagram).

    Returns:
        The index of the nearest point in 0..count-1, and the distance to it in pixels.
    """
    height, width = size_hw
    rows, cols = rng.integers(0, height, count), rng.integers(0, width, count)
    repeat = 3 if tile else 1
    offsets = [(i * height, j * width) for i in range(repeat) for j in range(repeat)]
    seeds = np.ones((height * repeat, width * repeat), dtype=np.uint8)
    owner = np.zeros(seeds.shape, dtype=np.int64)
    for dy, dx in offsets:
        seeds[rows + dy, cols + dx] = 0
        owner[rows + dy, cols + dx] = np.arange(count)
    if tile:  # a margin of half a picture is enough for the nearest point of every pixel inside
        window = np.s_[height // 2 : height // 2 + 2 * height, width // 2 : width // 2 + 2 * width]
        seeds, owner = np.ascontiguousarray(seeds[window]), owner[window]
    distance, pieces = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = np.asarray(pieces, dtype=np.int64)
    owner_of_label = np.zeros(int(labels.max()) + 1, dtype=np.int64)
    owner_of_label[labels[seeds == 0]] = owner[seeds == 0]
    nearest = owner_of_label[labels]
    if tile:
        inside = np.s_[height - height // 2 : 2 * height - height // 2, width - width // 2 : 2 * width - width // 2]
        return np.ascontiguousarray(nearest[inside]), np.ascontiguousarray(distance[inside])
    return nearest, distance
