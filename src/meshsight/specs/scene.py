"""A scene recipe: what is drawn, from where, in which light, over which background, and what is rejected.

Everything has a default, so that `objects: [{name: mug, mesh: builtin:mug}]` is a whole recipe.
"""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from meshsight.core.errors import SpecError
from meshsight.core.kinds import Kinds
from meshsight.specs.base import Slot, Spec, VariantSpec, parse_spec
from meshsight.specs.bundles import FIXED, BundleSpec, WorldsSpec
from meshsight.specs.camera import CAMERA_KINDS
from meshsight.specs.clutter import DistractorsSpec, OccludersSpec
from meshsight.specs.distributions import Constant, Uniform, support
from meshsight.specs.lights import LightsSpec
from meshsight.specs.materials import MaterialJitter
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.optics import FocusSpec, MotionSpec
from meshsight.specs.positions import UnderCeiling
from meshsight.specs.ranges import NOT_EMPTY, NonNegative, Positive
from meshsight.specs.recipe import apply_settings
from meshsight.specs.room import RoomSpec
from meshsight.specs.sensor import SensorSpec
from meshsight.specs.surroundings import DEFAULT_BACKGROUNDS, BackgroundSpec, EnvironmentSpec
from meshsight.specs.symmetry import SymmetrySpec

PLACEMENT_KINDS = Kinds("meshsight.synthesis.placements", "placement")
RENDERER_KINDS = Kinds("meshsight.render.renderers", "renderer")

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
    copies: NonNegative | None = None
    """How many of it are in every scene, rounded; null leaves that to `count`, which then chooses among the others."""
    materials: MaterialJitter | None = None
    """Changes of its materials; null for those of the recipe."""
    symmetry: SymmetrySpec | Literal["file", "find"] | None = None
    """Turns that leave it as it looks; of all its equal poses the one nearest to the camera's axes is labelled. `file`
    reads them from a `model_info.json` beside the mesh, where there is one; `find` finds those of its textured surface;
    null labels the pose as it is."""


class RejectionSpec(Spec):
    """What is not good enough, and how often another draw is made before that is an error."""

    max_box_overhang: float = Field(default=0.6, ge=0, le=1)
    """Largest share of an object's box that may lie outside the image."""
    max_corner_overhang: float | None = Field(default=None, ge=0)
    """How far the corners of an object's box may project beyond each border, as a share of the image; null for any."""
    needs_clear_center: bool = False
    """Whether nothing may stand between the camera and the middle of each object."""
    allow_clipping: bool = False
    """Whether objects may cross the near plane, or end beyond the far plane, of the camera."""
    min_visibility: float = Field(default=0.0, ge=0, lt=1)
    """Smallest share of each object that must be seen; 0 also keeps those that are hidden. Needs the rendered frame."""
    min_pixels: int = Field(default=0, ge=0)
    """Fewest pixels of each object that must be seen. Needs the rendered frame."""
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
    clip_m: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] | None = None
    """Near and far clip planes in metres; null for planes that suit the objects' size."""
    focus: FocusSpec | None = None
    """Depth of field; null for a pinhole, sharp everywhere."""
    motion: MotionSpec | None = None
    """Motion blur; null for a world at rest."""
    materials: MaterialJitter = MaterialJitter()
    """Changes of the objects' own materials."""
    distractors: DistractorsSpec = DistractorsSpec()
    """Unlabelled things beside, behind and before the objects."""
    occluders: OccludersSpec | None = None
    """Things before the objects that hide a wished share of them; null for none."""
    room: RoomSpec | None = None
    """Walls, floor and ceiling around everything; null for none."""
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
    bundles: tuple[BundleSpec, ...] = ()
    """Settings that go together; one of these bundles is taken for each frame, by weight."""
    worlds: WorldsSpec | None = None
    """Frames that share what is drawn once; null for frames that have nothing in common."""

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
        most = support(self.count)[1]
        if most == math.inf:
            raise ValueError("count: has no upper end; give its distribution a `high`")
        free = sum(entry.copies is None for entry in self.objects)
        if not self.allow_repeats and 0 < free < round(most):
            raise ValueError(
                f"count: up to {round(most)} objects are asked for, but there are {free} without repeats; "
                "lower `count` or set allow_repeats: true"
            )
        return self

    @model_validator(mode="after")
    def _ordered_planes(self) -> "SceneSpec":
        if self.clip_m is not None and self.clip_m[0] >= self.clip_m[1]:
            raise ValueError(f"clip_m: expected near < far, found {self.clip_m[0]:g} and {self.clip_m[1]:g}")
        return self

    @model_validator(mode="after")
    def _lamps_have_a_ceiling(self) -> "SceneSpec":
        hanging = [
            k for k, lamp in enumerate(self.lights.lamps) if isinstance(getattr(lamp, "where", None), UnderCeiling)
        ]
        if hanging and (self.room is None or self.room.ceiling is None) and not self.bundles:
            raise ValueError(f"lights.lamps[{hanging[0]}].where: there is no ceiling; add a `room` that has one")
        return self

    @model_validator(mode="after")
    def _valid_bundles(self) -> "SceneSpec":
        for index in range(len(self.bundles)):
            with_bundle(self, index)
        return self

    @model_validator(mode="after")
    def _one_symmetry(self) -> "SceneSpec":
        for entry in self.objects:
            if any(other.mesh == entry.mesh and other.symmetry != entry.symmetry for other in self.objects):
                raise ValueError(f"mesh '{entry.mesh}' is named twice with different `symmetry`; use the same for both")
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


def with_bundle(spec: SceneSpec, index: int) -> SceneSpec:
    """Returns the recipe with the settings of one of its bundles, and without bundles.

    Raises:
        ValueError: a setting is unknown or may not be set by a bundle, or the recipe would not be valid.
    """
    bundle = spec.bundles[index]
    where = f"bundles[{index}] '{bundle.name}'"
    for path in bundle.settings:
        if path.split(".")[0] in FIXED:
            raise ValueError(f"{where}: '{path}' is the same for all frames; it cannot be in a bundle")
    plain: dict[str, Any] = spec.model_dump(mode="json") | {"bundles": []}
    try:
        return parse_spec(SceneSpec, apply_settings(plain, bundle.settings, where), where)
    except SpecError as error:
        raise ValueError("; ".join(str(error).splitlines())) from error


def symmetries_of(spec: SceneSpec) -> dict[str, SymmetrySpec]:
    """Returns the symmetries of the meshes that have some, by reference; those still to be looked for are left out."""
    return {entry.mesh: entry.symmetry for entry in spec.objects if isinstance(entry.symmetry, SymmetrySpec)}


def variants_of(spec: SceneSpec) -> tuple[SceneSpec, ...]:
    """Returns the recipe itself, and with the settings of each of its bundles."""
    return (spec, *(with_bundle(spec, index) for index in range(len(spec.bundles))))


def _named_imports(spec: SceneSpec) -> Iterator[tuple[str, MeshImport]]:
    for variant in variants_of(spec):
        yield from ((mesh, variant.distractors.load) for mesh in variant.distractors.meshes)
        if variant.occluders is not None:
            yield from ((mesh, variant.occluders.load) for mesh in variant.occluders.meshes)
    yield from ((entry.mesh, entry.load) for entry in spec.objects)
