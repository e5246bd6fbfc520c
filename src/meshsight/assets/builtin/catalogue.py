"""Which built-in objects there are, and the making of one by its name."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from meshsight.assets.builtin import football, household, packages, shapes, tools, toys
from meshsight.assets.builtin.families import FAMILIES
from meshsight.assets.fingerprint import fingerprint_parts
from meshsight.core.errors import AssetError
from meshsight.core.kinds import did_you_mean
from meshsight.records.mesh import Mesh, MeshPart

Maker = Callable[[], list[MeshPart]]

_OBJECTS: tuple[Maker, ...] = (
    toys.banana,
    household.bottle,
    packages.box_cereal,
    packages.box_parcel,
    packages.can_cola,
    packages.can_paint,
    toys.car,
    household.carton,
    tools.drill,
    toys.duck,
    toys.fish,
    tools.gear,
    tools.hammer,
    household.lamp,
    household.mug,
    household.plant,
    tools.wrench,
)
_SHAPES: tuple[Maker, ...] = (
    shapes.arch,
    shapes.capsule,
    shapes.cone,
    shapes.cube,
    shapes.cylinder,
    shapes.icosahedron,
    shapes.l_shape,
    shapes.prism,
    shapes.pyramid,
    shapes.ring,
    shapes.slab,
    shapes.sphere,
    shapes.star,
    shapes.torus,
)
_FOOTBALL: tuple[Maker, ...] = (
    football.ball_camouflage,
    football.ball_checker,
    football.ball_classic,
    football.ball_mini_spots,
    football.ball_octants,
    football.ball_orange,
    football.ball_panels,
    football.ball_patchwork,
    football.ball_ribbons,
    football.ball_rings,
    football.ball_spotted,
    football.ball_squares,
    football.ball_swirl,
    football.ball_triangles,
    football.ball_wedges,
    football.goal_post,
    football.line_circle,
    football.line_corner,
    football.line_straight,
    football.lookalike_can,
    football.lookalike_checker,
    football.lookalike_cone,
    football.lookalike_egg,
    football.lookalike_sphere,
    football.penalty_mark,
    football.robot_blue,
    football.robot_dark,
    football.robot_grey,
    football.robot_jersey,
    football.robot_orange,
    football.robot_white,
)
_MAKERS: dict[str, Maker] = {maker.__name__: maker for maker in (*_OBJECTS, *_SHAPES, *_FOOTBALL)}

TWINS: tuple[tuple[str, str], ...] = (("box_cereal", "box_parcel"), ("can_cola", "can_paint"))
"""Pairs of objects whose geometry is equal to the last bit: only the texture tells them apart."""


def list_objects() -> dict[str, str]:
    """Returns every textured object's name with its one-line description."""
    return {maker.__name__: inspect.getdoc(maker) or "" for maker in _OBJECTS}


def list_shapes() -> dict[str, str]:
    """Returns every plain shape's name with its one-line description; they serve as distractors."""
    return {maker.__name__: inspect.getdoc(maker) or "" for maker in _SHAPES}


def list_families() -> dict[str, str]:
    """Returns every family of objects, `FAMILY/0` to `FAMILY/n`, with its one-line description."""
    return {name: inspect.getdoc(family.make) or "" for name, family in FAMILIES.items()}


def list_variants(family: str) -> tuple[str, ...]:
    """Returns the names of a family's objects."""
    return tuple(f"{family}/{index}" for index in range(FAMILIES[family].count))


def list_football() -> dict[str, str]:
    """Returns the name of everything on a robot football pitch with its one-line description."""
    return {maker.__name__: inspect.getdoc(maker) or "" for maker in _FOOTBALL}


@cache
def make_builtin(name: str) -> Mesh:
    """Makes a built-in object: metres, z up, origin at the centre of its bounding box.

    Args:
        name: of an object, or FAMILY/INDEX; a family alone means its first object.

    Raises:
        AssetError: there is no such object.
    """
    parts = _centred(_make_parts(name))
    return Mesh(name=name, fingerprint=fingerprint_parts(parts), parts=parts)


def _make_parts(name: str) -> list[MeshPart]:
    if name in _MAKERS:
        return _MAKERS[name]()
    family, slash, index = name.partition("/")
    if family not in FAMILIES:
        known = (*_MAKERS, *FAMILIES)
        hint = did_you_mean(family, known) or f"; there are: {', '.join(known)}"
        raise AssetError(f"'builtin:{name}': no built-in object '{family}'{hint}")
    count = FAMILIES[family].count
    if slash and not (index.isdecimal() and int(index) < count):
        raise AssetError(f"'builtin:{name}': there are {family}/0 to {family}/{count - 1}")
    return FAMILIES[family].make(int(index or 0))


def _centred(parts: list[MeshPart]) -> tuple[MeshPart, ...]:
    vertices = np.concatenate([part.vertices for part in parts]).astype(np.float64)
    middle = 0.5 * (vertices.min(axis=0) + vertices.max(axis=0))
    return tuple(replace(part, vertices=(part.vertices - middle).astype(np.float32)) for part in parts)
