"""Patches of bright discs with a dark core, beside bright bars, on noise; quickly drawn and quickly learnt."""

from pathlib import Path

import cv2
import h5py
import numpy as np

SIDE = 16


def write_discs(path: Path, count: int, seed: int) -> None:
    """Writes an H5 file as NaoTH's are: patches in X, radius, x and y as shares in y, zeros where no ball is."""
    rng = np.random.default_rng(seed)
    patches = np.stack([cv2.resize(rng.integers(20, 130, (4, 4), np.uint8), (SIDE, SIDE)) for _ in range(count)])
    balls = rng.random(count) < 0.5
    circles = np.zeros((count, 3), np.float32)
    for patch, is_ball, circle in zip(patches, balls, circles, strict=True):
        radius, x, y = rng.uniform(4, 7), *rng.uniform(6, 10, 2)
        shift = 4  # cv2 takes sixteenths of a pixel
        at = (round((x - 0.5) * 16), round((y - 0.5) * 16))
        if is_ball:
            cv2.circle(patch, at, round(radius * 16), 220, -1, cv2.LINE_AA, shift)
            cv2.circle(patch, at, round(radius * 16 / 3), 30, -1, cv2.LINE_AA, shift)
            circle[:] = radius / SIDE, x / SIDE, y / SIDE
        else:
            cv2.rectangle(patch, (0, round(y)), (SIDE, round(y + radius)), 220, -1)
    with h5py.File(path, "w") as file:
        file["X"] = patches[..., None]
        file["y"] = circles
