"""What a scene may ask for that not every renderer can draw."""

from collections.abc import Iterator
from typing import Literal, TypeAlias

from meshsight.records.scene import Scene

Feature: TypeAlias = Literal["walls", "spot_lights", "area_lights", "glow", "part_materials", "focus", "motion", "lens"]


def features_of(scene: Scene) -> frozenset[Feature]:
    """Returns what a scene asks for beyond meshes, ground, suns, point lights, environment and background."""
    return frozenset(_features(scene))


def _features(scene: Scene) -> Iterator[Feature]:
    if scene.walls:
        yield "walls"
    if scene.spot_lights:
        yield "spot_lights"
    if scene.area_lights:
        yield "area_lights"
    if _glows(scene):
        yield "glow"
    if any(thing.part_materials for thing in scene.objects):
        yield "part_materials"
    if scene.focus is not None and scene.focus.aperture_m > 0:
        yield "focus"
    if moves(scene):
        yield "motion"
    if scene.camera.lens is not None:
        yield "lens"


def moves(scene: Scene) -> bool:
    """Tells whether anything is blurred by its motion."""
    is_moving = scene.camera_motion is not None or any(thing.motion is not None for thing in scene.objects)
    return scene.shutter_s > 0 and is_moving


def _glows(scene: Scene) -> bool:
    planes = (*scene.walls, *(() if scene.ground is None else (scene.ground,)))
    own = (thing.material for thing in scene.objects)
    single = (part.material for thing in scene.objects for part in thing.part_materials)
    return any(any(plane.glow) for plane in planes) or any(material.glow is not None for material in (*own, *single))
