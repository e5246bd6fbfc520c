"""Unlabelled things: distractors beside, behind and before the objects, and occluders that hide a share of one."""

from typing import Annotated, Literal

from pydantic import Field

from meshsight.specs.base import Spec
from meshsight.specs.distributions import Constant, LogUniform, Uniform
from meshsight.specs.materials import RANDOM_MATERIALS, MaterialJitter
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.ranges import NOT_EMPTY, Fraction, NonNegative, Positive

BUILTIN_SHAPES = tuple(
    f"builtin:{shape}"
    for shape in (
        "arch",
        "capsule",
        "cone",
        "cube",
        "cylinder",
        "icosahedron",
        "l_shape",
        "prism",
        "pyramid",
        "ring",
        "slab",
        "sphere",
        "star",
        "torus",
    )
)

Meshes = Annotated[tuple[str, ...], NOT_EMPTY]


class DistractorsSpec(Spec):
    """Unlabelled things that hide objects and look like them."""

    count: NonNegative = Uniform(low=0, high=5)
    """Distractors in a scene, rounded."""
    copies: NonNegative | None = None
    """Copies of each mesh in every scene, rounded, instead of `count` random ones."""
    meshes: Meshes = BUILTIN_SHAPES
    """`builtin:NAME`, or paths relative to the recipe; a folder stands for every mesh in it."""
    load: MeshImport = MeshImport()
    """Unit and up-axis of the files."""
    size: Positive = LogUniform(low=0.4, high=1.3)
    """Diameter, in multiples of that of the object that a distractor is placed beside."""
    scale: Positive | None = None
    """Factor on the mesh's own size, instead of `size`."""
    where: Literal["near", "placement", "frustum"] = "near"
    """Where they are put: near an object (before it, or among all), by the placement as the objects are, or anywhere in
    the view at a `distance`."""
    in_front: float = Field(default=0.4, ge=0, le=1)
    """How often a distractor stands before an object, so that it hides a part of it; with `where: near`."""
    distance: Positive = Uniform(low=0.3, high=3.0)
    """Depth of a distractor in multiples of that of the middle of the scene; with `where: frustum`."""
    materials: MaterialJitter = RANDOM_MATERIALS
    """Changes of the meshes' own materials."""


class OccludersSpec(Spec):
    """Things before the objects that hide a wished share of them; they may touch what they hide."""

    probability: float = Field(default=0.3, ge=0, le=1)
    """How often an object has one."""
    cover: Fraction = Uniform(low=0.1, high=0.6)
    """Share of the object's outline in the image that it hides; outlines count as convex."""
    depth: Annotated[Fraction, Field(description="Depth of the occluder, in multiples of the object's.")] = Uniform(
        low=0.4, high=0.8
    )
    meshes: Meshes = BUILTIN_SHAPES
    """`builtin:NAME`, or paths relative to the recipe; a folder stands for every mesh in it."""
    load: MeshImport = MeshImport()
    """Unit and up-axis of the files."""
    size: Positive = Constant(value=1.0)
    """Diameter in the image, in multiples of the object's; larger where the wished share needs it."""
    materials: MaterialJitter = RANDOM_MATERIALS
    """Changes of the meshes' own materials."""
