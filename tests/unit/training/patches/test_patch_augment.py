"""Whole batches varied at once against one patch at a time, and circles against the pixels that they surround."""

import numpy as np
import pytest

from meshsight.specs.patch_training import PatchAugmentationSpec
from meshsight.training.patches.augment import Motion, augment, change_light, move

NOTHING = PatchAugmentationSpec(flip_horizontal=0, flip_vertical=0, quarter_turns=0, light=0, noisy=0)


def discs(count: int, side: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Discs that reach beyond no border, and their circles."""
    circles = np.stack([rng.uniform(0.1, 0.2, count), *rng.uniform(0.25, 0.75, (2, count))], axis=1)
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    inside = np.hypot(x - circles[:, 1, None, None], y - circles[:, 2, None, None]) < circles[:, 0, None, None]
    return (255 * inside[..., None]).astype(np.uint8), circles.astype(np.float32)


def centroids(patches: np.ndarray) -> np.ndarray:
    side = patches.shape[1]
    y, x = (np.mgrid[:side, :side] + 0.5) / side
    weights = patches[..., 0] / patches[..., 0].sum(axis=(1, 2), keepdims=True, dtype=float)
    return np.stack([(weights * x).sum(axis=(1, 2)), (weights * y).sum(axis=(1, 2))], axis=1)


def test_circles_move_with_the_pixels_that_they_surround() -> None:
    rng = np.random.default_rng(0)
    patches, circles = discs(200, 64, rng)
    spec = PatchAugmentationSpec(flip_horizontal=0.5, flip_vertical=0.5, quarter_turns=0.5, light=0, noisy=0)
    moved, found = augment(spec, patches, circles, rng)
    assert (np.abs(found - circles).max(axis=1) > 1e-3).mean() > 0.6
    np.testing.assert_allclose(centroids(moved), found[:, 1:], atol=0.01)
    np.testing.assert_array_equal(found[:, 0], circles[:, 0])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_batch_moves_as_each_patch_by_itself(channels: int) -> None:
    rng = np.random.default_rng(1)
    patches = rng.integers(0, 256, (64, 8, 8, channels), dtype=np.uint8)
    circles = rng.random((64, 3), dtype=np.float32)
    turns, mirrored, upended = rng.integers(0, 4, 64), rng.random(64) < 0.5, rng.random(64) < 0.5
    moved, _ = move(patches, circles, Motion(turns, mirrored, upended))
    for index in range(64):
        expected = np.rot90(patches[index], turns[index])
        expected = expected[:, ::-1] if mirrored[index] else expected
        expected = expected[::-1] if upended[index] else expected
        np.testing.assert_array_equal(moved[index], expected)


def test_the_colour_of_a_pair_is_not_mixed_up_by_mirroring() -> None:
    patch = np.zeros((1, 4, 4, 2), np.uint8)
    patch[..., 0] = np.arange(16).reshape(4, 4)
    patch[..., 0::2, 1], patch[..., 1::2, 1] = [10, 20], [110, 120]  # U and V of the left and of the right pair
    circles, yes, no = np.zeros((1, 3), np.float32), np.array([True]), np.array([False])
    moved, _ = move(patch, circles, Motion(np.array([0]), yes, no))
    np.testing.assert_array_equal(moved[0, 0, :, 1], [20, 120, 10, 110])
    np.testing.assert_array_equal(moved[0, 0, :, 0], [3, 2, 1, 0])
    back, _ = move(moved, circles, Motion(np.array([0]), yes, no))
    np.testing.assert_array_equal(back, patch)


def test_each_patch_is_drawn_by_itself() -> None:
    patches, circles = np.full((3000, 8, 8, 1), 100, np.uint8), np.zeros((3000, 3), np.float32)
    spec = PatchAugmentationSpec(light=0.33, noisy=0, brightness=0.1)
    changed, _ = augment(spec, patches, circles, np.random.default_rng(2))
    levels = changed[:, 0, 0, 0].astype(int)
    assert 0.28 < (levels != 100).mean() < 0.38
    assert len(set(levels)) > 40
    assert np.abs(levels - 100).max() <= 26


def test_contrast_turns_about_the_mean_and_noise_has_the_asked_size() -> None:
    rng = np.random.default_rng(3)
    patches = np.tile(np.array([80, 160], np.uint8), (400, 16, 8))[..., None]
    lit = change_light(NOTHING.evolve(light=1, contrast=0.5, brightness=0.0), patches, rng).astype(int)
    np.testing.assert_allclose(lit.mean(axis=(1, 2, 3)), 120, atol=0.6)
    assert np.ptp(lit[:, 0, 1, 0] - lit[:, 0, 0, 0]) > 60
    noisy = change_light(NOTHING.evolve(noisy=1, noise=0.025), patches, rng).astype(int) - patches
    assert noisy.std() == pytest.approx(0.025 * 255, rel=0.05)


def test_nothing_asked_for_changes_nothing() -> None:
    rng = np.random.default_rng(4)
    for channels in (1, 2, 3):
        patches = rng.integers(0, 256, (16, 6, 6, channels), dtype=np.uint8)
        if channels == 2:
            patches[..., 1] = np.tile(patches[:, :, :2, 1], (1, 1, 3))
        changed, _ = augment(NOTHING, patches, np.zeros((16, 3), np.float32), rng)
        np.testing.assert_array_equal(changed, patches)
