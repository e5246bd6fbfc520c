"""Variations of a whole batch of patches at once, drawn for each patch by itself; circles move along.

Shapes: b patches of height h, width w and c channels: 1 grey, 2 Y with U and V in turn, 3 RGB.
"""

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8

from meshsight.specs.patch_training import PatchAugmentationSpec

Patches = UInt8[np.ndarray, "b h w c"]
Circles = Float32[np.ndarray, "b 3"]


def augment(
    spec: PatchAugmentationSpec, patches: Patches, circles: Circles, rng: np.random.Generator
) -> tuple[Patches, Circles]:
    """Varies a batch.

    Args:
        spec: what may change.
        patches: in 0..255; left alone.
        circles: radius, centre x and centre y as shares of the patch.
        rng: of this batch.
    """
    count, height, width, _ = patches.shape
    is_square = height == width
    turns = np.where(rng.random(count) < spec.quarter_turns, rng.integers(1, 4, count), 0) * is_square
    mirrored = rng.random(count) < spec.flip_horizontal
    upended = rng.random(count) < spec.flip_vertical
    patches, circles = move(patches, circles, Motion(turns, mirrored, upended))
    return change_light(spec, patches, rng), circles


class Motion:
    """What happens to each patch of a batch, in this order.

    Attributes:
        turns: quarter turns against the clock, 0 to 3.
        mirrored: left to right.
        upended: top to bottom.
    """

    def __init__(
        self, turns: Int64[np.ndarray, " b"], mirrored: Bool[np.ndarray, " b"], upended: Bool[np.ndarray, " b"]
    ):
        self.turns, self.mirrored, self.upended = turns, mirrored, upended


def move(patches: Patches, circles: Circles, motion: Motion) -> tuple[Patches, Circles]:
    """Turns and mirrors each patch with its circle; turned patches must be square."""
    has_pairs = patches.shape[3] == 2
    moved = _unpaired(patches) if has_pairs else patches.copy()
    circles = circles.copy()
    for quarters in (1, 2, 3):
        rows = np.flatnonzero(motion.turns == quarters)
        if len(rows) == 0:
            continue
        moved[rows] = np.rot90(moved[rows], quarters, axes=(1, 2))
        circles[rows, 1:] = _turned(circles[rows, 1:], quarters)
    rows = np.flatnonzero(motion.mirrored)
    if len(rows):
        moved[rows] = moved[rows, :, ::-1]
        circles[rows, 1] = 1 - circles[rows, 1]
    rows = np.flatnonzero(motion.upended)
    if len(rows):
        moved[rows] = moved[rows, ::-1]
        circles[rows, 2] = 1 - circles[rows, 2]
    return (_paired(moved) if has_pairs else moved), circles


def _turned(centres: Float32[np.ndarray, "k 2"], quarters: int) -> Float32[np.ndarray, "k 2"]:
    """A quarter turn against the clock brings (x, y) to (y, 1 - x)."""
    x, y = centres.T
    pair = ((y, 1 - x), (1 - x, 1 - y), (1 - y, x))[quarters - 1]
    return np.stack(pair, axis=1)


def _unpaired(patches: UInt8[np.ndarray, "b h w 2"]) -> UInt8[np.ndarray, "b h w 3"]:
    """Gives each pixel the U and V of its pair, so that a turned pair does not mix them up."""
    y, uv = patches[..., 0], patches[..., 1]
    u, v = np.repeat(uv[:, :, 0::2], 2, axis=2), np.repeat(uv[:, :, 1::2], 2, axis=2)
    return np.stack([y, u[:, :, : y.shape[2]], v[:, :, : y.shape[2]]], axis=3)


def _paired(patches: UInt8[np.ndarray, "b h w 3"]) -> UInt8[np.ndarray, "b h w 2"]:
    """Gives neighbours the mean of their U and V, the even one holding U and the odd one V."""
    y, wide = patches[..., 0], patches[..., 1:].astype(np.uint16)
    means = ((wide[:, :, 0::2] + wide[:, :, 1::2] + 1) // 2).astype(np.uint8)
    uv = np.empty_like(y)
    uv[:, :, 0::2], uv[:, :, 1::2] = means[..., 0], means[..., 1]
    return np.stack([y, uv], axis=3)


def change_light(spec: PatchAugmentationSpec, patches: Patches, rng: np.random.Generator) -> Patches:
    """Changes brightness and contrast (of Y alone where there is U and V), and adds noise."""
    count, channels = len(patches), patches.shape[3]
    lit = channels if channels != 2 else 1
    is_lit, is_noisy = rng.random(count) < spec.light, rng.random(count) < spec.noisy
    gains = 1 + np.where(is_lit, rng.uniform(-spec.contrast, spec.contrast, count), 0).astype(np.float32)
    shifts = 255 * np.where(is_lit, rng.uniform(-spec.brightness, spec.brightness, count), 0).astype(np.float32)
    is_noisy &= spec.noise > 0
    changed = np.flatnonzero(is_lit | is_noisy)
    if len(changed) == 0:
        return patches.copy()
    values, gains, shifts = patches[changed].astype(np.float32), gains[changed], shifts[changed]
    offsets = shifts + (1 - gains) * values[..., :lit].mean(axis=(1, 2, 3))
    values[..., :lit] = values[..., :lit] * gains[:, None, None, None] + offsets[:, None, None, None]
    noise = rng.standard_normal((int(is_noisy.sum()), *patches.shape[1:]), dtype=np.float32)
    values[is_noisy[changed]] += np.float32(255 * spec.noise) * noise
    result = patches.copy()
    result[changed] = np.clip(values, 0, 255) + np.float32(0.5)
    return result
