"""Distractors: things beside, behind and before the objects that are drawn but never labelled."""

from dataclasses import dataclass

import numpy as np

from meshsight.records.scene import SceneObject
from meshsight.specs.scene import DistractorsSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.materials import MaterialDraw, draw_material
from meshsight.synthesis.sampling import describe, sample, sample_count
from meshsight.synthesis.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clutter:
    """Puts distractors among the objects of a stage.

    Attributes:
        spec: how many, which, and where.
        stage: where; it grows.
        labelled: the objects that stand there already.
        typical: what the recipe's objects are like, to go by where there is none.
        geometries: of all meshes.
    """

    spec: DistractorsSpec
    stage: Stage
    labelled: tuple[PlacedBody, ...]
    typical: Body
    geometries: GeometryCache

    def put(self, draws: Draws) -> list[SceneObject]:
        """Draws the distractors, each from its own streams.

        Raises:
            RejectedScene: a distractor found no place.
            AssetError: a mesh is missing or unusable.
        """
        count = sample_count(self.spec.count, draws.stream("distractors.count"))
        return [self._put_one(k, draws) for k in range(count)]

    def _put_one(self, k: int, draws: Draws) -> SceneObject:
        aspect, index = f"distractors[{k}]", len(self.labelled) + k
        rng = draws.stream(aspect)
        mesh = self.spec.meshes[rng.integers(0, len(self.spec.meshes))]
        is_before = bool(rng.random() < self.spec.in_front)
        placed = self.stage.put(aspect, lambda: self._propose(mesh, is_before, rng), is_labelled=False)
        path = f"objects[{index}]"
        draws.note(f"{path}.mesh", "distractors.meshes")
        draws.note(f"{path}.scale", f"distractors.size {describe(self.spec.size)} diameters of a neighbour")
        draws.note(f"{path}.T_world_object", f"distractors: in_front {self.spec.in_front:g}")
        material = MaterialDraw(
            path=f"{path}.material", aspect=f"{aspect}.material", randomiser="distractors.materials"
        )
        return SceneObject(
            instance_id=index + 1,
            mesh=mesh,
            class_id=None,
            T_world_object=placed.T_world_object,
            scale=placed.body.scale,
            material=draw_material(self.spec.materials, material, draws),
        )

    def _propose(self, mesh: str, is_before: bool, rng: np.random.Generator) -> PlacedBody:
        """Draws a size and a pose beside a random neighbour."""
        stage, geometry = self.stage, self.geometries.get(mesh)
        neighbour = self._neighbour(rng)
        body = Body(geometry=geometry, scale=sample(self.spec.size, rng) * neighbour.radius / geometry.radius)
        if is_before:
            pose = stage.placement.propose_before(body, neighbour, stage.view, rng)
        else:
            pose = stage.placement.propose_among(body, neighbour, stage.view, stage.extent_m, rng)
        return PlacedBody(body=body, T_world_object=pose)

    def _neighbour(self, rng: np.random.Generator) -> PlacedBody:
        if self.labelled:
            return self.labelled[rng.integers(0, len(self.labelled))]
        pose = self.stage.placement.propose(self.typical, self.stage.view, self.stage.extent_m, rng)
        return PlacedBody(body=self.typical, T_world_object=pose)
