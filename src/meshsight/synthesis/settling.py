"""The step after placing where bodies move: all settle together, and what rests out of view starts again."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from meshsight.records.scene import SceneObject
from meshsight.synthesis.body import PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.placement import Settling
from meshsight.synthesis.rejection import RejectedScene
from meshsight.synthesis.stage import Stage

_ROUNDS = 8


def settle(objects: Sequence[SceneObject], stage: Stage, draws: Draws) -> tuple[SceneObject, ...]:
    """Returns the objects where they come to rest; those of a placement that moves nothing stay.

    Whatever rests where the view's rules forbid it is picked up and starts once more among the others, a few times.

    Args:
        objects: all of the scene, in the order of the stage's bodies.
        stage: the bodies where they start; holds them where they rest afterwards.
        draws: the frame's draws.

    Raises:
        RejectedScene: they do not come to rest, or not in view.
    """
    placement = stage.placement
    if not isinstance(placement, Settling) or not objects:
        return tuple(objects)
    broken: Counter[str] = Counter()
    # In a shared world none starts again by itself: the other frames would not know of it.
    rounds = 1 if draws.shares("placement") else _ROUNDS
    for number in range(rounds):
        stage.bodies[:] = placement.settle(stage.bodies, draws)
        rules = [
            stage.rule_of_the_view(placed, thing.class_id is not None)
            for thing, placed in zip(objects, stage.bodies, strict=True)
        ]
        out = [index for index, rule in enumerate(rules) if rule is not None]
        if not out:
            return _moved(objects, stage.bodies)
        broken.update(rule for rule in rules if rule is not None)
        if number + 1 < rounds:
            _start_again(out, number, stage, draws)
    raise RejectedScene(f"objects came to rest out of view in {rounds} rounds", broken)


def _moved(objects: Sequence[SceneObject], bodies: Sequence[PlacedBody]) -> tuple[SceneObject, ...]:
    return tuple(
        replace(thing, T_world_object=placed.T_world_object) for thing, placed in zip(objects, bodies, strict=True)
    )


def _start_again(out: Sequence[int], number: int, stage: Stage, draws: Draws) -> None:
    """Proposes new starts for some bodies, clear of all others, and keeps the order of the stage's bodies."""
    bodies = list(stage.bodies)
    stage.bodies[:] = [placed for index, placed in enumerate(bodies) if index not in out]
    for index in out:
        bodies[index] = _put_again(bodies[index], f"objects[{index}]", number, stage, draws)
    stage.bodies[:] = bodies


def _put_again(placed: PlacedBody, path: str, number: int, stage: Stage, draws: Draws) -> PlacedBody:
    rng, body = draws.stream(f"{path}.start[{number + 1}]"), placed.body

    def propose() -> PlacedBody:
        pose = stage.placement.propose(body, stage.view, stage.extent_m, rng)
        return PlacedBody(body=body, T_world_object=pose)

    return stage.put(path, propose, is_labelled=False)
