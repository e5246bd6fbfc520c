"""The labelled objects of one frame: which they are, and where they end up."""

from dataclasses import dataclass

import numpy as np

from meshsight.records.scene import SceneObject
from meshsight.specs.scene import SceneSpec
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.materials import MaterialDraw, draw_material, draw_part_materials
from meshsight.synthesis.sampling import describe, sample_count, sample_index
from meshsight.synthesis.stage import Stage


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Target:
    """An object to be placed.

    Attributes:
        entry: index in the recipe's `objects`.
        body: its mesh at its scale.
    """

    entry: int
    body: Body


def choose_targets(spec: SceneSpec, geometries: GeometryCache, draws: Draws) -> list[Target]:
    """Draws how many objects there are, which, and how large.

    Raises:
        AssetError: a mesh is missing or unusable.
    """
    count = sample_count(spec.count, draws.stream("objects.count"))
    draws.note("objects", f"count {describe(spec.count)}, distractors.count {describe(spec.distractors.count)}")
    chosen = [*_fixed_entries(spec, draws), *_choose_entries(spec, count, draws.stream("objects.choice"))]
    return [Target(entry=entry, body=_draw_body(spec, geometries, entry, k, draws)) for k, entry in enumerate(chosen)]


def _fixed_entries(spec: SceneSpec, draws: Draws) -> list[int]:
    """Draws the copies of entries that are in every scene."""
    rng = draws.stream("objects.copies")
    copies = [0 if entry.copies is None else sample_count(entry.copies, rng) for entry in spec.objects]
    return [entry for entry, count in enumerate(copies) for _ in range(count)]


def _choose_entries(spec: SceneSpec, count: int, rng: np.random.Generator) -> list[int]:
    """Draws entries by weight among those whose copies are not fixed."""
    weights = [entry.weight if entry.copies is None else 0.0 for entry in spec.objects]
    chosen: list[int] = []
    for _ in range(count if any(weights) else 0):
        chosen.append(sample_index(tuple(weights), rng))
        if not spec.allow_repeats:
            weights[chosen[-1]] = 0.0
    return chosen


def _draw_body(spec: SceneSpec, geometries: GeometryCache, entry: int, k: int, draws: Draws) -> Body:
    aspect, wanted = f"objects[{k}].scale", spec.objects[entry]
    draws.note(f"objects[{k}].mesh", "objects by weight")
    scale = draws.number(aspect, f"objects[{entry}].scale", wanted.scale, draws.stream(aspect))
    return Body(geometry=geometries.get(wanted.mesh), scale=scale)


def put_targets(
    targets: list[Target], stage: Stage, spec: SceneSpec, class_ids: tuple[int, ...], draws: Draws
) -> list[SceneObject]:
    """Puts the objects one after another, each drawn from its own stream.

    Args:
        targets: what to put.
        stage: where; it grows.
        spec: the recipe.
        class_ids: class of each entry of the recipe's `objects`.
        draws: the frame's draws.

    Raises:
        RejectedScene: an object found no place.
    """
    return [_put_target(target, k, stage, spec, class_ids, draws) for k, target in enumerate(targets)]


def _put_target(
    target: Target, k: int, stage: Stage, spec: SceneSpec, class_ids: tuple[int, ...], draws: Draws
) -> SceneObject:
    path, entry = f"objects[{k}]", spec.objects[target.entry]
    rng = draws.stream(f"{path}.T_world_object")

    def propose() -> PlacedBody:
        pose = stage.placement.propose(target.body, stage.view, stage.extent_m, rng)
        return PlacedBody(body=target.body, T_world_object=pose)

    placed = stage.put(f"{path} ({entry.name})", propose, is_labelled=True)
    draws.note(f"{path}.T_world_object", stage.placement.origin)
    randomiser = "materials" if entry.materials is None else f"objects[{target.entry}].materials"
    jitter = entry.materials or spec.materials
    material = MaterialDraw(path=f"{path}.material", aspect=f"{path}.material", randomiser=randomiser)
    return SceneObject(
        instance_id=k + 1,
        mesh=entry.mesh,
        class_id=class_ids[target.entry],
        T_world_object=placed.T_world_object,
        scale=target.body.scale,
        material=draw_material(jitter, material, draws),
        part_materials=draw_part_materials(jitter, material, target.body.geometry.mesh, draws),
    )
