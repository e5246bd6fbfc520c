"""Families of larger objects: faultless, life-size, named parts, and every variant another object."""

import numpy as np
import pytest

from meshsight.assets.builtin.catalogue import list_families, list_variants, make_builtin
from meshsight.assets.checks.examining import examine_model
from meshsight.assets.checks.opening import open_model
from meshsight.assets.loading import MAX_TEXTURE_PX
from meshsight.core.errors import AssetError
from meshsight.records.mesh import bounds_of
from meshsight.specs.mesh_import import MeshImport

SIZES_M = {"palletjack": (0.8, 2.3), "pallet": (0.14, 1.9), "rack": (2.9, 4.8), "cardboard": (0.3, 1.2)}


@pytest.mark.parametrize("family", list_families())
def test_the_doctor_finds_nothing_in_any_variant(family: str) -> None:
    for name in list_variants(family):
        model = open_model(f"builtin:{name}", MeshImport(), MAX_TEXTURE_PX)
        assert [finding.text for finding in examine_model(model) if finding.severity != "info"] == [], name
        mesh = make_builtin(name)
        bounds = bounds_of(mesh)
        np.testing.assert_allclose(bounds.center, 0, atol=1e-6)
        low, high = SIZES_M.get(family, (0.2, 3.0))
        assert low <= bounds.size.max() <= high, name
        assert mesh.num_faces <= 5000
        assert all(part.material.name and part.uv is not None for part in mesh.parts), name


def test_every_variant_is_another_object() -> None:
    names = [name for family in list_families() for name in list_variants(family)]
    assert len({make_builtin(name).fingerprint for name in names}) == len(names)


def test_a_pallet_truck_has_the_parts_that_scenes_recolour() -> None:
    for name in list_variants("palletjack"):
        mesh = make_builtin(name)
        parts = {part.material.name: part for part in mesh.parts}
        assert {"frame", "forks", "steer_axle", "tyres", "handle", "loop", "pump"} <= set(parts)
        ground = mesh.vertices[:, 2].min()
        assert parts["tyres"].vertices[:, 2].min() == pytest.approx(ground, abs=2e-3)
        assert parts["forks"].vertices[:, 2].min() - ground < 0.15


def test_a_family_alone_means_its_first_and_others_are_refused() -> None:
    assert make_builtin("palletjack").fingerprint == make_builtin("palletjack/0").fingerprint
    with pytest.raises(AssetError, match=r"'builtin:palletjack/16': there are palletjack/0 to palletjack/15"):
        make_builtin("palletjack/16")
    with pytest.raises(AssetError, match="no built-in object 'palletjak'; did you mean 'palletjack'"):
        make_builtin("palletjak/1")
