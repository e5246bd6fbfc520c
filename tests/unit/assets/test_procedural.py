"""Procedural pictures: pure functions of family and seed, tileable where they claim it, normalised light."""

import time

import cv2
import numpy as np
import pytest

from meshsight.assets.procedural.noise import cell_labels, fractal_noise, value_noise
from meshsight.assets.procedural.references import draw_environment, draw_picture, list_families, sort_of
from meshsight.core.errors import AssetError
from meshsight.core.rng import stream

PICTURES = [f"{sort}:{family}" for sort in ("texture", "background") for family in list_families(sort)]
TEXTURES = [ref for ref in PICTURES if ref.startswith("texture")]
ENVIRONMENTS = [f"environment:{family}" for family in list_families("environment")]


def test_there_is_variety():
    assert len(list_families("background")) >= 12
    assert len(list_families("environment")) >= 8
    assert len(list_families("texture")) >= 12


@pytest.mark.parametrize("ref", PICTURES)
def test_a_picture_depends_on_its_seed_and_on_nothing_else(ref):
    first = draw_picture(f"{ref}/3")
    draw_picture(f"{ref}/4")
    again = draw_picture(f"{ref}/3")
    assert np.array_equal(first, again)
    assert not np.array_equal(first, draw_picture(f"{ref}/5"))
    assert first.dtype == np.uint8
    assert first.shape == ((256, 256, 3) if ref in TEXTURES else (480, 640, 3))


@pytest.mark.parametrize("ref", PICTURES)
def test_seeds_give_many_colours(ref):
    means = np.array([draw_picture(f"{ref}/{seed}").mean(axis=(0, 1)) for seed in range(12)])
    assert means.std(axis=0).max() > 12


@pytest.mark.parametrize("ref", TEXTURES)
def test_textures_have_no_seam(ref):
    """The step over the wrapped edge is no larger than the steps inside usually are."""
    for seed in range(4):
        image = draw_picture(f"{ref}/{seed}").astype(np.float64)
        for axis in (0, 1):
            steps = np.abs(np.diff(image, axis=axis)).mean(axis=(1 - axis, 2))
            seam = np.abs(image.take(0, axis) - image.take(-1, axis)).mean()
            assert seam <= steps.max() * 1.3 + 1.0


@pytest.mark.parametrize("ref", ENVIRONMENTS)
def test_light_is_normalised_and_closes_around_the_azimuth(ref):
    rows = np.sin((np.arange(128) + 0.5) / 128 * np.pi)[:, None, None]
    for seed in range(6):
        radiance = draw_environment(f"{ref}/{seed}")
        assert radiance.shape == (128, 256, 3)
        assert radiance.dtype == np.float32
        assert radiance.min() >= 0
        assert (radiance * rows).mean() / rows.mean() == pytest.approx(1.0, rel=1e-3)
        dim = np.minimum(radiance, 4.0)
        steps = np.abs(np.diff(dim, axis=1)).mean(axis=(0, 2))
        assert np.abs(dim[:, 0] - dim[:, -1]).mean() <= steps.max() * 1.05 + 0.02
    assert np.array_equal(draw_environment(f"{ref}/1"), draw_environment(f"{ref}/1"))


@pytest.mark.parametrize("family", ["sky", "overcast", "room", "hall"])
def test_light_comes_from_above(family):
    for seed in range(4):
        radiance = draw_environment(f"environment:{family}/{seed}")
        assert radiance[:64].mean() > radiance[64:].mean()


def test_a_picture_does_not_depend_on_the_number_of_threads():
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        alone = [draw_picture(f"{ref}/1") for ref in PICTURES]
        cv2.setNumThreads(4)
        together = [draw_picture(f"{ref}/1") for ref in PICTURES]
    finally:
        cv2.setNumThreads(threads)
    for ref, one, four in zip(PICTURES, alone, together, strict=True):
        assert np.array_equal(one, four), ref


def test_drawing_is_fast_enough_for_every_frame():
    refs = [f"{ref}/{seed}" for ref in PICTURES for seed in range(2)]
    start = time.process_time()
    for ref in refs:
        draw_picture(ref)
    assert (time.process_time() - start) / len(refs) < 0.1


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("texture:wod/1", "'texture:wod/1': no texture family 'wod'; did you mean 'wood'?"),
        ("texture:wood", "'texture:wood': expected a whole number after the family, as in texture:wood/7"),
        ("texture:wood/-1", "'texture:wood/-1': expected a whole number after the family, as in texture:wood/7"),
        ("texture:wood/1.5", "'texture:wood/1.5': expected a whole number after the family, as in texture:wood/7"),
        ("environment:sky/1", "'environment:sky/1': expected texture:FAMILY/SEED or background:FAMILY/SEED"),
        ("background:zzzzzz/1", "there are: bokeh"),
    ],
)
def test_a_wrong_reference_is_told(ref, message):
    with pytest.raises(AssetError) as caught:
        draw_picture(ref)
    assert message in str(caught.value)


def test_an_environment_is_no_picture():
    with pytest.raises(AssetError, match="expected environment:FAMILY/SEED"):
        draw_environment("texture:wood/1")


def test_only_procedural_references_have_a_sort():
    assert sort_of("texture:wood/1") == "texture"
    assert sort_of("photo.jpg") is None
    assert sort_of("texture/wood.png") is None
    assert sort_of("C:/pictures/wood.png") is None


def test_tiled_noise_repeats_exactly():
    """A tile drawn from a lattice repeated by hand is the tile repeated."""
    rng = stream(1, 0, "noise")
    tile = value_noise(rng, (64, 64), (8, 8), tile=True)
    grid = np.tile(stream(1, 0, "noise").random((8, 8), dtype=np.float32), (3, 3))
    wide = cv2.resize(grid, (192, 192), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(tile, wide[64:128, 64:128], atol=1e-6)


def test_fractal_noise_fills_the_range():
    field = fractal_noise(stream(2, 0, "noise"), (48, 80), (4, 4), 4)
    assert field.shape == (48, 80)
    assert (field.min(), field.max()) == pytest.approx((0.0, 1.0), abs=1e-6)


@pytest.mark.parametrize("tile", [False, True])
def test_cells_hold_the_pixels_nearest_to_their_point(tile):
    """Against the distances to every point, computed one by one (the fast transform is allowed its known error)."""
    size = (48, 64)
    rng = stream(3, 0, "cells")
    cell, distance = cell_labels(rng, size, 12, tile)
    again = stream(3, 0, "cells")
    rows, cols = again.integers(0, size[0], 12), again.integers(0, size[1], 12)
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    dy, dx = np.abs(y[..., None] - rows), np.abs(x[..., None] - cols)
    if tile:
        dy, dx = np.minimum(dy, size[0] - dy), np.minimum(dx, size[1] - dx)
    exact = np.hypot(dy, dx)
    nearest = exact.min(axis=-1)
    assert (np.abs(distance - nearest) < 0.1 + 0.03 * nearest).all()
    chosen = np.take_along_axis(exact, cell[..., None], axis=-1)[..., 0]
    assert (chosen - nearest < 0.1 + 0.03 * nearest).all()
