"""A scene recipe: what is drawn, from where, in which light, over which background, and what is rejected.

Everything has a default, so that `objects: [{name: mug, mesh: builtin:mug}]` is a whole recipe.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from meshsight.core.kinds import Kinds
from meshsight.specs.base import Slot, Spec, VariantSpec
from meshsight.specs.camera import CAMERA_KINDS
from meshsight.specs.distributions import Constant, LogUniform, Uniform, support
from meshsight.specs.lights import LightsSpec
from meshsight.specs.materials import RANDOM_MATERIALS, MaterialJitter
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.ranges import NOT_EMPTY, NonNegative, Positive
from meshsight.specs.sensor import SensorSpec
from meshsight.specs.surroundings import DEFAULT_BACKGROUNDS, BackgroundSpec, EnvironmentSpec

PLACEMENT_KINDS = Kinds("meshsight.synthesis.placements", "placement")
RENDERER_KINDS = Kinds("meshsight.render.renderers", "renderer")

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

Pixels = Annotated[int, Field(ge=8, le=16384)]


def _check_class_name(name: str) -> str:
    if not name.strip() or not name.isprintable():
        raise ValueError("expected a class name of printable characters")
    return name


ClassName = Annotated[str, AfterValidator(_check_class_name)]


class ImageSpec(Spec):
    """Size and file format of the images."""

    size_hw: tuple[Pixels, Pixels] = (480, 640)
    """Height and width in pixels."""
    format: Literal["jpg", "png"] = "jpg"
    """File format: jpg is small, png is exact."""
    quality: int = Field(default=92, ge=1, le=100)
    """JPEG quality."""


class ObjectSpec(Spec):
    """One mesh of one class."""

    name: ClassName
    """Class name. Several entries with one name are one class with several meshes."""
    mesh: str = Field(min_length=1)
    """`builtin:NAME`, or a path (OBJ, GLB, PLY, STL) relative to the recipe; a folder stands for every mesh in it."""
    load: MeshImport = MeshImport()
    """Unit and up-axis of the file."""
    scale: Positive = Constant(value=1.0)
    """Factor on the mesh's size."""
    weight: float = Field(default=1.0, gt=0)
    """How often this entry is chosen, relative to the others."""


class DistractorsSpec(Spec):
    """Unlabelled things that hide objects and look like them."""

    count: NonNegative = Uniform(low=0, high=5)
    """Distractors in a scene, rounded."""
    meshes: Annotated[tuple[str, ...], NOT_EMPTY] = BUILTIN_SHAPES
    """`builtin:NAME`, or paths relative to the recipe; a folder stands for every mesh in it."""
    load: MeshImport = MeshImport()
    """Unit and up-axis of the files."""
    size: Positive = LogUniform(low=0.4, high=1.3)
    """Diameter, in multiples of that of the object that a distractor is placed beside."""
    in_front: float = Field(default=0.4, ge=0, le=1)
    """How often a distractor stands before an object, so that it hides a part of it."""
    materials: MaterialJitter = RANDOM_MATERIALS
    """Changes of the meshes' own materials."""


class RejectionSpec(Spec):
    """What is not good enough, and how often another draw is made before that is an error."""

    max_box_overhang: float = Field(default=0.6, ge=0, le=1)
    """Largest share of an object's box that may lie outside the image."""
    allow_clipping: bool = False
    """Whether objects may cross the near plane, or end beyond the far plane, of the camera."""
    min_visibility: float = Field(default=0.0, ge=0, lt=1)
    """Smallest share of each object that must be seen; 0 also keeps those that are hidden. Needs the rendered frame."""
    tries_per_object: int = Field(default=200, ge=1)
    """Poses tried for one object."""
    tries_per_frame: int = Field(default=20, ge=1)
    """Scenes tried for one frame."""


class SceneSpec(Spec):
    """A recipe for labelled scenes."""

    version: Literal[1] = 1
    """Version of the recipe's format."""
    seed: int = Field(default=0, ge=0)
    """Equal recipes with equal seeds give equal images."""
    frames: int = Field(default=1000, ge=1)
    """Images to draw, unless the command line says otherwise."""
    image: ImageSpec = ImageSpec()
    """Size and file format of the images."""
    renderer: Annotated[VariantSpec, Slot(RENDERER_KINDS)] = Field(default="raster", validate_default=True)  # pyright: ignore[reportAssignmentType]
    """What draws the scenes."""
    objects: Annotated[tuple[ObjectSpec, ...], NOT_EMPTY]
    """What is to be detected. Class ids follow the order in which names first appear."""
    count: NonNegative = Uniform(low=1, high=6)
    """Labelled objects in a scene, rounded; 0 gives empty scenes."""
    allow_repeats: bool = True
    """Whether one entry of `objects` may appear more than once in a scene."""
    placement: Annotated[VariantSpec, Slot(PLACEMENT_KINDS)] = Field(default="frustum", validate_default=True)  # pyright: ignore[reportAssignmentType]
    """Where objects are put."""
    camera: Annotated[VariantSpec, Slot(CAMERA_KINDS)] = Field(default="shell", validate_default=True)  # pyright: ignore[reportAssignmentType]
    """From where they are seen."""
    materials: MaterialJitter = MaterialJitter()
    """Changes of the objects' own materials."""
    distractors: DistractorsSpec = DistractorsSpec()
    """Unlabelled things beside, behind and before the objects."""
    lights: LightsSpec = LightsSpec()
    """Lights besides the environment."""
    environment: EnvironmentSpec = EnvironmentSpec()
    """Light from all directions."""
    backgrounds: Annotated[tuple[BackgroundSpec, ...], NOT_EMPTY] = DEFAULT_BACKGROUNDS
    """What is seen behind everything; one is chosen by weight for each frame."""
    sensor: SensorSpec = SensorSpec()
    """What the sensor does to the image."""
    rejection: RejectionSpec = RejectionSpec()
    """What is drawn anew."""

    @field_validator("objects")
    @classmethod
    def _no_duplicates(cls, objects: tuple[ObjectSpec, ...]) -> tuple[ObjectSpec, ...]:
        seen: dict[tuple[str, str], int] = {}
        for index, entry in enumerate(objects):
            first = seen.setdefault((entry.name, entry.mesh), index)
            if first != index:
                raise ValueError(
                    f"entries {first} and {index} are the same mesh '{entry.mesh}' of class '{entry.name}'; "
                    "use `weight` to draw one more often"
                )
        return objects

    @model_validator(mode="after")
    def _possible_count(self) -> "SceneSpec":
        most = round(support(self.count)[1])
        if not self.allow_repeats and most > len(self.objects):
            raise ValueError(
                f"count: up to {most} objects are asked for, but there are {len(self.objects)} without repeats; "
                "lower `count` or set allow_repeats: true"
            )
        return self

    @model_validator(mode="after")
    def _one_import(self) -> "SceneSpec":
        imports = imports_of(self)
        for mesh, load in _named_imports(self):
            if imports[mesh] != load:
                raise ValueError(f"mesh '{mesh}' is named twice with different `load` settings; use the same for both")
        return self


def classes_of(spec: SceneSpec) -> tuple[str, ...]:
    """Returns class names by class id: the names of `objects` in order of first appearance."""
    return tuple(dict.fromkeys(entry.name for entry in spec.objects))


def imports_of(spec: SceneSpec) -> dict[str, MeshImport]:
    """Returns how each mesh of a recipe is to be read, by its reference."""
    return dict(_named_imports(spec))


def _named_imports(spec: SceneSpec) -> Iterator[tuple[str, MeshImport]]:
    yield from ((mesh, spec.distractors.load) for mesh in spec.distractors.meshes)
    yield from ((entry.mesh, entry.load) for entry in spec.objects)
