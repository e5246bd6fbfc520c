"""Distractors: things beside, behind and before the objects that are drawn but never labelled."""

from dataclasses import dataclass

import numpy as np

from meshsight.core.pose import sample_rotation
from meshsight.records.scene import SceneObject
from meshsight.specs.clutter import DistractorsSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.geometry import Geometry, GeometryCache
from meshsight.synthesis.materials import MaterialDraw, draw_material, draw_part_materials
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
        if self.spec.copies is None:
            count = sample_count(self.spec.count, draws.stream("distractors.count"))
            return [self._put_one(k, None, draws) for k in range(count)]
        rng = draws.stream("distractors.copies")
        fixed = [mesh for mesh in self.spec.meshes for _ in range(sample_count(self.spec.copies, rng))]
        return [self._put_one(k, mesh, draws) for k, mesh in enumerate(fixed)]

    def _put_one(self, k: int, fixed: str | None, draws: Draws) -> SceneObject:
        aspect, index = f"distractors[{k}]", len(self.labelled) + k
        rng = draws.stream(aspect)
        drawn = self.spec.meshes[rng.integers(0, len(self.spec.meshes))]
        mesh = drawn if fixed is None else fixed
        is_before = bool(rng.random() < self.spec.in_front)
        placed = self.stage.put(aspect, lambda: self._propose(mesh, is_before, rng), is_labelled=False)
        path = f"objects[{index}]"
        draws.note(f"{path}.mesh", "distractors.meshes" if fixed is None else "distractors.meshes, copies of each")
        draws.note(f"{path}.scale", self._origin_of_scale())
        draws.note(f"{path}.T_world_object", self._origin_of_pose())
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
            part_materials=draw_part_materials(self.spec.materials, material, placed.body.geometry.mesh, draws),
        )

    def _propose(self, mesh: str, is_before: bool, rng: np.random.Generator) -> PlacedBody:
        """Draws a size and a pose, beside a random neighbour or where else the recipe wants it."""
        stage, geometry = self.stage, self.geometries.get(mesh)
        neighbour = self._neighbour(rng)
        body = Body(geometry=geometry, scale=self._draw_scale(geometry, neighbour, rng))
        match self.spec.where:
            case "placement":
                pose = stage.placement.propose(body, stage.view, stage.extent_m, rng)
            case "frustum":
                return self._anywhere_in_view(body, rng)
            case "near":
                pose = (
                    stage.placement.propose_before(body, neighbour, stage.view, rng)
                    if is_before
                    else stage.placement.propose_among(body, neighbour, stage.view, stage.extent_m, rng)
                )
        return PlacedBody(body=body, T_world_object=pose)

    def _draw_scale(self, geometry: Geometry, neighbour: PlacedBody, rng: np.random.Generator) -> float:
        if self.spec.scale is not None:
            return sample(self.spec.scale, rng)
        return sample(self.spec.size, rng) * neighbour.radius / geometry.radius

    def _anywhere_in_view(self, body: Body, rng: np.random.Generator) -> PlacedBody:
        """Draws a pixel, a depth and a rotation, all uniformly."""
        view, middle = self.stage.view, self.stage.placement.region(self.stage.view, self.stage.extent_m).center
        depth = max(view.depth_of(middle) * sample(self.spec.distance, rng), view.near_m)
        pixel = rng.uniform((0.0, 0.0), view.camera.size_hw[::-1])
        return PlacedBody(body=body, T_world_object=body.pose_at(view.point(pixel, depth), sample_rotation(rng)))

    def _neighbour(self, rng: np.random.Generator) -> PlacedBody:
        if self.labelled:
            return self.labelled[rng.integers(0, len(self.labelled))]
        pose = self.stage.placement.propose(self.typical, self.stage.view, self.stage.extent_m, rng)
        return PlacedBody(body=self.typical, T_world_object=pose)

    def _origin_of_scale(self) -> str:
        if self.spec.scale is not None:
            return f"distractors.scale {describe(self.spec.scale)}"
        return f"distractors.size {describe(self.spec.size)} diameters of a neighbour"

    def _origin_of_pose(self) -> str:
        match self.spec.where:
            case "near":
                return f"distractors: in_front {self.spec.in_front:g}"
            case "placement":
                return f"distractors: where placement, {self.stage.placement.origin}"
            case "frustum":
                return (
                    f"distractors: where frustum, distance {describe(self.spec.distance)}, pixel uniform over the image"
                )
