"""The built-in objects: closed, outward, life-size, centred, textured, and distinct."""

import numpy as np
import pytest

from meshsight.assets.builtin.catalogue import TWINS, list_football, list_objects, list_shapes, make_builtin
from meshsight.assets.builtin.football import RADIUS_M
from meshsight.assets.builtin.solids import circle, extrude, extrude_ring, rounded_box, triangulate
from meshsight.assets.builtin.surface import Surface, ball, cylinder, lathe, sweep
from meshsight.assets.checks.examining import examine_model
from meshsight.assets.checks.opening import open_model
from meshsight.assets.loading import MAX_TEXTURE_PX
from meshsight.core.errors import AssetError
from meshsight.records.mesh import bounds_of
from meshsight.specs.mesh_import import MeshImport

NAMES = [*list_objects(), *list_shapes(), *list_football()]
LARGEST_M = {name: 1.21 if name in list_football() else 0.31 for name in NAMES}


def _volume(surface: Surface) -> float:
    a, b, c = (surface.vertices[surface.faces[:, k]] for k in range(3))
    return float((a * np.cross(b, c)).sum()) / 6


def test_there_are_enough_objects_with_a_line_each():
    assert len(list_objects()) >= 12
    assert len(list_shapes()) >= 9
    for line in [*list_objects().values(), *list_shapes().values(), *list_football().values()]:
        assert line
        assert "\n" not in line
        assert line.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_an_object_is_a_closed_outward_surface(name):
    """The asset doctor knows open edges, inward triangles, flipped normals and missing texture coordinates."""
    model = open_model(f"builtin:{name}", MeshImport(), MAX_TEXTURE_PX)
    assert [finding.code for finding in examine_model(model) if finding.severity != "info"] == []


@pytest.mark.parametrize("name", NAMES)
def test_an_object_is_life_size_and_centred(name):
    bounds = bounds_of(make_builtin(name))
    np.testing.assert_allclose(bounds.center, 0, atol=1e-6)
    assert 0.05 <= bounds.size.max() <= LARGEST_M[name]
    assert make_builtin(name).num_faces <= 5000


@pytest.mark.parametrize("name", NAMES)
def test_an_object_is_whole(name):
    for part in make_builtin(name).parts:
        np.testing.assert_allclose(np.linalg.norm(part.normals, axis=1), 1, atol=1e-5)
        assert part.uv is not None
        assert part.faces.min() == 0
        assert part.faces.max() == len(part.vertices) - 1
        assert part.uv.min() >= 0
        assert part.uv.max() <= 1


@pytest.mark.parametrize("name", list_objects())
def test_every_object_shows_a_texture_or_several_materials(name):
    parts = make_builtin(name).parts
    assert any(p.material.base_color_texture is not None for p in parts) or len(parts) > 1


@pytest.mark.parametrize("name", [name for name in list_football() if name.startswith("ball_")])
def test_a_ball_is_round_and_its_pattern_can_be_seen(name):
    mesh = make_builtin(name)
    np.testing.assert_allclose(bounds_of(mesh).size, 2 * RADIUS_M, rtol=2e-3)
    skin = mesh.parts[0].material.base_color_texture.astype(float).mean(axis=-1)
    area = np.sin(np.pi * (np.arange(len(skin)) + 0.5) / len(skin))[:, None] * np.ones(skin.shape)
    dark = float((area * (skin < 0.6 * skin.max())).sum() / area.sum())
    assert name == "ball_orange" or 0.08 < dark < 0.7  # the classic one's pentagons cover 0.24 of it


@pytest.mark.parametrize(("one", "other"), TWINS)
def test_twins_differ_in_nothing_but_their_texture(one, other):
    first, second = make_builtin(one), make_builtin(other)
    assert first.fingerprint != second.fingerprint
    for a, b in zip(first.parts, second.parts, strict=True):
        for field in ("vertices", "faces", "normals", "uv"):
            assert np.array_equal(getattr(a, field), getattr(b, field)), field
        for field in ("base_color", "metallic", "roughness", "emissive"):
            assert getattr(a.material, field) == getattr(b.material, field)
    skins = [parts.parts[0].material.base_color_texture for parts in (first, second)]
    assert np.abs(skins[0].mean(axis=(0, 1)) - skins[1].mean(axis=(0, 1))).max() > 40


def test_fingerprints_are_distinct_and_repeatable():
    prints = {name: make_builtin(name).fingerprint for name in NAMES}
    assert len(set(prints.values())) == len(NAMES)
    make_builtin.cache_clear()
    assert prints == {name: make_builtin(name).fingerprint for name in NAMES}


def test_an_unknown_object_is_told():
    with pytest.raises(AssetError) as caught:
        make_builtin("mgu")
    assert str(caught.value) == "'builtin:mgu': no built-in object 'mgu'; did you mean 'mug'?"


@pytest.mark.parametrize(
    ("surface", "volume"),
    [
        (ball(1.0, 200), 4 / 3 * np.pi),
        (cylinder(0.5, 2.0, 400), 0.5 * np.pi),
        (lathe([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)], 400), np.pi / 3),
        (rounded_box((1.0, 2.0, 3.0), 1e-6, 1), 6.0),
        (extrude(np.array([[0, 0], [1, 0], [1, 1], [0.5, 0.5], [0, 1]]), 2.0), 1.5),
        (extrude_ring(circle(2.0, 400), circle(1.0, 400), 0.5), 1.5 * np.pi),
        (sweep(np.array([[0.0, 0, 0], [0, 0, 1], [0, 0, 2]]), np.full(3, 0.5), 400), 0.5 * np.pi),
    ],
)
def test_solids_have_their_volume(surface, volume):
    assert _volume(surface) == pytest.approx(volume, rel=1e-3)


def test_a_closed_sweep_is_a_torus():
    angle = np.linspace(0, 2 * np.pi, 401)
    path = np.stack([2 * np.cos(angle), 2 * np.sin(angle), 0 * angle], axis=1)
    path[-1] = path[0]
    assert _volume(sweep(path, np.full(401, 0.5), 200, is_closed=True)) == pytest.approx(np.pi**2, rel=1e-3)


def test_a_rounded_box_has_the_volume_of_its_pieces():
    """Core, six slabs, twelve quarter cylinders and eight eighths of a sphere."""
    size, r = np.array([1.0, 2.0, 3.0]), 0.25
    a, b, c = size - 2 * r
    exact = a * b * c + 2 * r * (a * b + b * c + c * a) + np.pi * r * r * (a + b + c) + 4 / 3 * np.pi * r**3
    assert _volume(rounded_box((1.0, 2.0, 3.0), r, 24)) == pytest.approx(exact, rel=1e-3)


def test_an_outline_that_crosses_itself_is_refused():
    with pytest.raises(ValueError, match="crosses itself or turns clockwise"):
        triangulate(circle(1.0, 7)[::-1])
