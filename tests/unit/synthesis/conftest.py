"""Meshes made by hand, and recipes that use them, so that these tests need no asset library."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import trimesh

from meshsight.records.mesh import Material, Mesh, MeshPart
from meshsight.records.scene import Scene
from meshsight.specs.base import fingerprint, parse_spec
from meshsight.specs.scene import SceneSpec
from meshsight.synthesis.sampler import SceneSampler


def as_mesh(name: str, shape: trimesh.Trimesh) -> Mesh:
    part = MeshPart(
        vertices=np.array(shape.vertices, dtype=np.float32),
        faces=np.array(shape.faces, dtype=np.int32),
        normals=np.array(shape.vertex_normals, dtype=np.float32),
        material=Material(),
    )
    return Mesh(name=name, fingerprint=name, parts=(part,))


def box(sides: Sequence[float], center: Sequence[float] = (0.0, 0.0, 0.0)) -> trimesh.Trimesh:
    return trimesh.creation.box(sides, transform=trimesh.transformations.translation_matrix(center))


class HandmadeAssets:
    """Serves a few meshes and one grey picture; counts how often each mesh is asked for."""

    def __init__(self) -> None:
        self.meshes = {
            "box": as_mesh("box", box((0.2, 0.1, 0.3), (0.05, -0.02, 0.4))),
            "cube": as_mesh("cube", box((0.1, 0.1, 0.1))),
            "twin": as_mesh("cube", box((0.1, 0.1, 0.1))),
            "ball": as_mesh("ball", trimesh.creation.icosphere(subdivisions=3, radius=0.06)),
            "cone": as_mesh("cone", trimesh.creation.cone(0.05, 0.15)),
            "bar": as_mesh("bar", box((0.6, 0.02, 0.02))),
            "sheet": as_mesh(
                "sheet", trimesh.Trimesh([[0, 0, 0], [0.2, 0, 0], [0.2, 0.1, 0], [0, 0.1, 0]], [[0, 1, 2], [0, 2, 3]])
            ),
        }
        self.asked: list[str] = []

    def mesh(self, ref: str) -> Mesh:
        self.asked.append(ref)
        return self.meshes[ref]

    def image_size_hw(self, ref: str) -> tuple[int, int]:
        return 300, 400

    def image(self, ref: str, at_least_hw: tuple[int, int] | None = None) -> np.ndarray:
        return np.full((300, 400, 3), 128, dtype=np.uint8)

    def environment(self, ref: str) -> np.ndarray:
        return np.ones((4, 8, 3), dtype=np.float32)


@pytest.fixture(scope="session")
def assets() -> HandmadeAssets:
    return HandmadeAssets()


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., SceneSpec]:
    """Makes a recipe of the handmade meshes; keywords are its fields as YAML gives them."""

    def make(**fields: object) -> SceneSpec:
        objects = [{"name": name, "mesh": name} for name in ("box", "cube", "ball", "cone")]
        distractors = {"meshes": ["cube", "ball", "bar"]} | dict(fields.pop("distractors", {}))
        return parse_spec(SceneSpec, {"objects": objects, "distractors": distractors} | fields, "test")

    return make


@pytest.fixture(scope="session")
def draw(assets: HandmadeAssets) -> Callable[..., Scene]:
    """Draws a frame of a recipe with a sampler that is kept from one example of a test to the next."""
    samplers: dict[str, SceneSampler] = {}

    def draw_frame(spec: SceneSpec, frame: int) -> Scene:
        sampler = samplers.setdefault(fingerprint(spec), SceneSampler(spec=spec, assets=assets))
        return sampler.draw(frame)

    return draw_frame
