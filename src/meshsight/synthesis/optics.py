"""Depth of field and motion of one frame."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from meshsight.core.pose import Vector3
from meshsight.records.scene import Focus, Motion, SceneObject
from meshsight.specs.optics import FocusSpec, MotionSpec
from meshsight.specs.ranges import AnyDistribution
from meshsight.synthesis.body import PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.sampling import describe, sample
from meshsight.synthesis.view import View


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moving:
    """What moves in one frame, and for how long it is seen."""

    shutter_s: float
    camera: Motion | None
    objects: tuple[SceneObject, ...]


def draw_focus(
    spec: FocusSpec | None, view: View, labelled: Sequence[PlacedBody], middle: Vector3, draws: Draws
) -> Focus | None:
    """Draws what is sharp, and how little.

    Args:
        spec: the recipe's, if it has one.
        view: the camera.
        labelled: the objects that may be focused on.
        middle: of the scene.
        draws: the frame's draws.
    """
    if spec is None:
        return None
    rng = draws.stream("focus")
    if rng.random() >= spec.probability:
        return None
    f_number = draws.number("focus.aperture_m", "focus.f_number", spec.f_number, rng)
    depth = _depth_in_focus(spec, view, labelled, middle, rng) * sample(spec.error, rng)
    target = describe(spec.distance_m) if spec.distance_m is not None else spec.target
    draws.note("focus.distance_m", f"focus on {target}, error {describe(spec.error)}")
    focal_m = 1e-3 * spec.sensor_width_mm * view.camera.fx / view.camera.size_hw[1]
    return Focus(aperture_m=focal_m / f_number, distance_m=max(depth, 2.0 * view.near_m))


def _depth_in_focus(
    spec: FocusSpec, view: View, labelled: Sequence[PlacedBody], middle: Vector3, rng: np.random.Generator
) -> float:
    if spec.distance_m is not None:
        return sample(spec.distance_m, rng)
    if spec.target == "object" and labelled:
        return view.depth_of(labelled[int(rng.integers(0, len(labelled)))].center)
    return view.depth_of(middle)


def draw_motion(spec: MotionSpec | None, objects: tuple[SceneObject, ...], draws: Draws) -> Moving:
    """Draws the shutter, the camera's motion and each object's, each from its own stream."""
    if spec is None or draws.stream("motion").random() >= spec.probability:
        return Moving(shutter_s=0.0, camera=None, objects=objects)
    shutter_s = draws.number("shutter_s", "motion.shutter_s", spec.shutter_s, draws.stream("motion.shutter"))
    camera = _draw("camera", "camera_motion", spec.camera_speed_mps, spec.camera_spin_dps, draws)
    moved = tuple(
        replace(
            thing,
            motion=_draw("object", f"objects[{k}].motion", spec.object_speed_mps, spec.object_spin_dps, draws),
        )
        for k, thing in enumerate(objects)
    )
    return Moving(shutter_s=shutter_s, camera=camera, objects=moved)


def _draw(who: str, path: str, speed: AnyDistribution, spin_dps: AnyDistribution, draws: Draws) -> Motion | None:
    rng = draws.stream(f"motion.{path}")
    velocity = sample(speed, rng) * _any_direction(rng)
    spin = float(np.deg2rad(sample(spin_dps, rng))) * _any_direction(rng)
    if not velocity.any() and not spin.any():
        return None
    draws.note(f"{path}.velocity", f"motion.{who}_speed_mps {describe(speed)}, any direction")
    draws.note(f"{path}.spin", f"motion.{who}_spin_dps {describe(spin_dps)}, any axis")
    return Motion(velocity=velocity, spin=spin)


def _any_direction(rng: np.random.Generator) -> Vector3:
    drawn = rng.standard_normal(3)
    return drawn / np.linalg.norm(drawn)
