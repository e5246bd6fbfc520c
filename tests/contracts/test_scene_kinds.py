"""Every kind of placement with every kind of camera draws sound scenes from its defaults."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import yaml
from scipy.optimize import minimize

from meshsight.assets.library import AssetLibrary
from meshsight.core.pose import invert_pose, transform_points
from meshsight.specs.base import parse_spec
from meshsight.specs.camera import CAMERA_KINDS
from meshsight.specs.commented import dump_commented
from meshsight.specs.scene import PLACEMENT_KINDS, SceneSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.placement import Placement, Settling
from meshsight.synthesis.rig import CameraRig
from meshsight.synthesis.sampler import SceneSampler
from meshsight.synthesis.separation import keeps_apart

CLASSES = ("mug", "hammer", "box_cereal")


def recipe_of(placement, camera):
    objects = [{"name": name, "mesh": f"builtin:{name}"} for name in CLASSES]
    return parse_spec(
        SceneSpec, {"objects": objects, "placement": placement, "camera": camera, "count": [1, 4]}, "test"
    )


@pytest.fixture(scope="module")
def library():
    return AssetLibrary(Path(), {})


def are_only_touching(a, b, settles):
    """Whether two bodies that fell may be so close: a direction in which their hulls overlap by next to nothing.

    The overlap in any direction is at least as large as the depth of one hull in the other.
    """
    diameter = 2 * min(a.radius, b.radius)
    return settles and overlap_of_hulls(a, b) <= 1e-3 + 5e-3 * diameter


def overlap_of_hulls(a, b):
    p, q = a.hull_points(np.eye(4)), b.hull_points(np.eye(4))

    def overlap(direction):
        unit = direction / np.linalg.norm(direction)
        return (p @ unit).max() - (q @ unit).min()

    normals = [body.body.geometry.hull.equations[:, :3] @ body.axes.T for body in (a, b)]
    starts = np.unique(np.round(np.concatenate([normals[0], -normals[1], [b.center - a.center]]), 6), axis=0)
    first = min(starts, key=overlap)
    return minimize(overlap, first, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9}).fun


@pytest.mark.parametrize("kind", PLACEMENT_KINDS.names)
def test_a_placement_builds_from_its_defaults(kind):
    spec = PLACEMENT_KINDS.module(kind).Spec()
    assert spec.kind == kind
    placement = PLACEMENT_KINDS.builder(kind)(spec)
    assert isinstance(placement, Placement)
    assert placement.origin.startswith(f"placement.{kind}")


@pytest.mark.parametrize("kind", CAMERA_KINDS.names)
def test_a_camera_builds_from_its_defaults(kind):
    spec = CAMERA_KINDS.module(kind).Spec()
    assert spec.kind == kind
    assert isinstance(CAMERA_KINDS.builder(kind)(spec), CameraRig)


@pytest.mark.parametrize("placement", PLACEMENT_KINDS.names)
@pytest.mark.parametrize("camera", CAMERA_KINDS.names)
def test_scenes_are_sound(library, placement, camera):
    spec = recipe_of(placement, camera)
    assert parse_spec(SceneSpec, yaml.safe_load(dump_commented(spec)), "again") == spec
    sampler, cache = SceneSampler(spec=spec, assets=library), GeometryCache(assets=library)
    settles = isinstance(PLACEMENT_KINDS.builder(placement)(spec.placement), Settling)
    for frame in range(8):
        scene = sampler.draw(frame)
        for pose in (scene.T_world_cam, *(thing.T_world_object for thing in scene.objects)):
            np.testing.assert_allclose(pose[:3, :3].T @ pose[:3, :3], np.eye(3), atol=1e-12)
            assert np.linalg.det(pose[:3, :3]) > 0
        bodies = [
            PlacedBody(body=Body(geometry=cache.get(o.mesh), scale=o.scale), T_world_object=o.T_world_object)
            for o in scene.objects
        ]
        assert all(keeps_apart(a, [b], 0.0) or are_only_touching(a, b, settles) for a, b in combinations(bodies, 2))
        assert scene.origins["T_world_cam"].startswith(f"camera.{camera}")
        for thing in scene.objects:
            vertices = library.mesh(thing.mesh).vertices.astype(np.float64) * thing.scale
            depth = transform_points(invert_pose(scene.T_world_cam) @ thing.T_world_object, vertices)[:, 2]
            assert depth.min() > scene.near_m or depth.max() < scene.near_m
            assert depth.max() < scene.far_m
