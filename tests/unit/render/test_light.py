"""Directions on environment maps, diffuse and glossy light, and the tone curve, against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.pose import rotation_about_z, sample_rotation
from meshsight.records.scene import Environment, SensorDraw
from meshsight.render.equirect import (
    look_up,
    rotation_env_world,
    shrink,
    texel_directions,
    texel_solid_angles,
)
from meshsight.render.irradiance import evaluate_forms, irradiance_forms, rotate_forms
from meshsight.render.mipmaps import mipmap_levels
from meshsight.render.reflection import NUM_LEVELS, reflection_pyramid
from meshsight.render.tone import SHOULDER, decode_srgb, encode_srgb, gains, to_image, tone_curve


def smooth_map(height: int) -> np.ndarray:
    x, y, z = np.moveaxis(texel_directions(height, 2 * height), 2, 0)
    return np.stack([1 + x, 1 + y * z, np.full_like(x, 2.0)], axis=2).astype(np.float32)


def test_texels_tile_the_sphere():
    assert texel_solid_angles(16, 32).sum() == pytest.approx(4 * np.pi)
    directions = texel_directions(16, 32)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=2), 1.0)
    assert directions[0, 0, 2] > 0.99 and directions[8, 0, 0] > 0.98 and directions[8, 8, 1] > 0.98


def test_looking_up_a_texels_own_direction_gives_the_texel():
    radiance = np.random.default_rng(0).random((16, 32, 3), dtype=np.float32)
    found = look_up(radiance, texel_directions(16, 32).reshape(-1, 3))
    np.testing.assert_allclose(found.reshape(16, 32, 3), radiance, atol=1e-5)


def test_looking_up_runs_smoothly_across_the_seam():
    radiance = smooth_map(64)
    angle = np.linspace(-0.1, 0.1, 41)
    found = look_up(radiance, np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1))
    np.testing.assert_allclose(found[:, 0], 1 + np.cos(angle), atol=2e-3)


def test_the_map_turns_counter_clockwise_seen_from_above():
    """A quarter turn brings what the map has at +x to the world's +y."""
    turned = rotation_env_world(Environment(ref="", strength=1.0, rotation_rad=np.pi / 2))
    np.testing.assert_allclose(turned @ [0, 1, 0], [1, 0, 0], atol=1e-12)


def test_irradiance_is_the_cosine_weighted_integral():
    """Smooth light is held by order 2 exactly, so quadrature over the hemisphere must agree."""
    radiance = smooth_map(64)
    normals = np.array([sample_rotation(np.random.default_rng(i))[0] for i in range(8)])
    directions = texel_directions(64, 128).reshape(-1, 3)
    weights = np.maximum(normals @ directions.T, 0) * texel_solid_angles(64, 128).reshape(1, -1)
    truth = weights @ radiance.reshape(-1, 3)
    np.testing.assert_allclose(evaluate_forms(irradiance_forms(radiance), normals), truth, rtol=3e-3)


def test_rotated_forms_take_normals_of_the_other_frame():
    forms = irradiance_forms(smooth_map(32))
    turn, normals = rotation_about_z(0.7), np.eye(3)
    np.testing.assert_allclose(
        evaluate_forms(rotate_forms(forms, turn), normals), evaluate_forms(forms, normals @ turn.T), rtol=1e-9
    )


def test_the_pyramid_keeps_uniform_light_and_halves_its_levels():
    levels = reflection_pyramid(np.full((64, 128, 3), 0.7, dtype=np.float32))
    assert [level.shape[0] for level in levels] == [128, 64, 32, 16, 8]
    for level in levels:
        np.testing.assert_allclose(level, 0.7, rtol=1e-5)


@pytest.mark.parametrize("level", range(1, NUM_LEVELS))
def test_each_level_is_the_lobe_weighted_mean_of_the_map(level):
    """The fast blur by Fourier transforms against the plain double sum over texels."""
    radiance = np.random.default_rng(level).random((128, 256, 3), dtype=np.float32)
    got = reflection_pyramid(radiance)[level]
    source = shrink(radiance, got.shape[0])
    directions = texel_directions(*got.shape[:2]).reshape(-1, 3)
    chosen = np.random.default_rng(0).choice(len(directions), 20, replace=False)
    cosine = directions[chosen] @ directions.T
    alpha = (level / (NUM_LEVELS - 1)) ** 2
    half_squared = (1 + cosine) / 2
    weight = np.maximum(cosine, 0) / (half_squared * (alpha**2 - 1) + 1) ** 2
    weight *= texel_solid_angles(*got.shape[:2]).reshape(1, -1)
    truth = weight @ source.reshape(-1, 3) / weight.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got.reshape(-1, 3)[chosen], truth, rtol=1e-4)


@given(st.floats(0, 1))
def test_srgb_decodes_what_it_encoded(light):
    assert decode_srgb(encode_srgb(np.array([light])))[0] == pytest.approx(light, abs=1e-9)


def test_srgb_of_known_numbers():
    np.testing.assert_array_equal(
        to_image(encode_srgb(np.array([0.0, 0.0031308, 0.2140411, 1.0, 7.0]))), [0, 10, 127, 255, 255]
    )


def test_every_byte_survives_decoding_and_encoding():
    codes = np.arange(256)
    np.testing.assert_array_equal(to_image(encode_srgb(decode_srgb(codes / 255))), codes)


def test_the_tone_curve_keeps_the_middle_and_never_clips():
    light = np.linspace(0, 50, 5001)
    toned = tone_curve(light)
    np.testing.assert_array_equal(toned[light <= SHOULDER], light[light <= SHOULDER])
    assert (np.diff(toned) > 0).all() and toned[-1] < 1
    slope = (tone_curve(np.array([SHOULDER + 1e-6]))[0] - SHOULDER) / 1e-6
    assert slope == pytest.approx(1.0, rel=1e-4)


def test_gains_of_exposure_and_white_balance():
    np.testing.assert_allclose(gains(SensorDraw(exposure_ev=2.0, white_balance=(1.0, 0.5, 2.0))), (4, 2, 8))


def test_mipmaps_average_light_and_not_bytes():
    """A fine checker of black and white is half the light: sRGB 188, not 128."""
    checker = np.zeros((16, 24, 3), dtype=np.uint8)
    checker[::2, ::2] = checker[1::2, 1::2] = 255
    levels = list(mipmap_levels(checker, is_color=True))
    assert [level.shape[:2] for level in levels] == [(16, 24), (8, 12), (4, 6), (2, 3), (1, 1)]
    for level in levels[1:]:
        assert np.abs(level.astype(int) - 188).max() <= 1
    assert np.abs(list(mipmap_levels(checker, is_color=False))[1].astype(int) - 128).max() <= 1


def test_a_flat_picture_keeps_its_bytes_at_every_level():
    for code in range(0, 256, 5):
        for level in mipmap_levels(np.full((8, 8, 3), code, dtype=np.uint8), is_color=True):
            assert np.abs(level.astype(int) - code).max() == 0
