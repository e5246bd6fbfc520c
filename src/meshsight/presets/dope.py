"""DOPE's scenes: many objects and distractors in a small invisible room, lit by the surroundings that are seen.

After NVlabs/Deep_Object_Pose (nvisii_data_gen/single_video_pybullet.py) and its fork Nielsencu/AI-DOPE, whose counts
these are: 50 to 75 objects, 20 to 30 distractors; its README says the reverse, which is `dope-readme`. Read your own
with `meshsight init dope --from hyperparameters.json`, the fork's file, or one with the script's own options.
docs/presets/dope.md says what each option becomes, and which faults were mended.

Write its labels, as there:  meshsight convert DATA DOPE_DIR --to dope
"""

import math
from pathlib import Path

from pydantic import Field, field_validator

from meshsight.presets import _hall
from meshsight.presets._counts import between
from meshsight.presets._settings import Settings, check_settings, from_file, passed_over, read_json_settings
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.bundles import WorldsSpec
from meshsight.specs.camera import Calibrated, FieldOfView, Intrinsics
from meshsight.specs.clutter import DistractorsSpec
from meshsight.specs.commented import dump_commented
from meshsight.specs.distributions import Constant, LogUniform, Uniform
from meshsight.specs.lights import LightsSpec, PointLightsSpec, SunsSpec
from meshsight.specs.materials import MaterialJitter
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.optics import MotionSpec
from meshsight.specs.pictures import EnvironmentSource, PictureFiles, ProceduralEnvironments
from meshsight.specs.rotations import AnyRotation
from meshsight.specs.scene import ImageSpec, ObjectSpec, RejectionSpec, SceneSpec
from meshsight.specs.sensor import SensorSpec
from meshsight.specs.surroundings import EnvironmentBackground, EnvironmentSpec
from meshsight.synthesis.cameras import box as box_camera
from meshsight.synthesis.placements import shuffle

BUILTIN_OBJECTS = _hall.builtin("can_cola", "mug")
BUILTIN_DISTRACTORS = _hall.builtin(
    "banana", "bottle", "can_paint", "car", "carton", "drill", "duck", "fish", "gear", "hammer", "plant", "wrench"
)
"""In place of the scanned household objects that do not come with us."""
FOV_DEG = math.degrees(0.785398)
"""The script's field of view: 603.55 pixels of focal length at 500."""
EXPOSURE_EV = -1.2
"""The source's skies are darker than those painted by code, whose mean radiance is 1."""
NEAREST_M, FARTHEST_M = 0.1, 2.0
"""The room's ends along the camera's axis, whatever `box_size`."""
WIDENS = math.tan(math.pi / 16)
"""The other four walls lean out by pi / 16, so that the room opens with the view."""
AS_IT_IS = MeshImport(unit="m", up_axis="z")
"""Its generator takes the numbers of a mesh's file for metres, times `scale`, and does not turn its axes."""
STEPS_PER_S = 240.0
PUSHES_PER_STEP = 0.01
"""Bullet's steps, and the chance of a push in each."""
SPEEDS = LogUniform(low=0.05, high=1.0)
"""Where its pushes lead: up to 10 N for one step in each direction, on up to 5 kg, slowed by 4 % a second, settle at
0.23 kg m/s over the mass: 0.045 m/s for the heaviest, 0.09 for half of them, few beyond 1."""
NEAR_M = 0.05
"""Nearer than any part of the room."""

Counts = tuple[int, int]


class DopeSettings(Settings):
    """Options of the generator, by the script's names or the fork's."""

    width: int = 500
    height: int = 500
    obj: str | None = None
    """The fork's name of the object, which is its class and a folder in objs_folder."""
    path_single_obj: str | None = None
    objs_folder: str | None = None
    objs_folder_distractors: str | None = None
    skyboxes_folder: str | None = None
    scale: float = Field(default=1.0, gt=0)
    nb_objects: Counts = (50, 75)
    nb_distractors: Counts = (20, 30)
    nb_frames: int = Field(default=200, ge=1)
    imgs: int | None = Field(default=None, ge=1)
    """The fork's number of images; runs are this divided by nb_frames."""
    nb_runs: int = Field(default=1, ge=1)
    skip_frame: int = Field(default=100, ge=1)
    """Steps of the simulation between two frames."""
    box_size: float = Field(default=0.5, gt=0)
    spp: int | None = Field(default=None, ge=1)
    noise: bool = False
    motionblur: bool = False
    focal_length: float | None = None
    seed: int | None = None

    @field_validator("nb_objects", "nb_distractors", mode="before")
    @classmethod
    def _as_range(cls, value: object) -> object:
        """Takes one number, a pair, or the fork's "a,b"."""
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",")]
        ends = list(value) if isinstance(value, list | tuple) else [value]
        return (*ends, *ends) if len(ends) == 1 else tuple(ends)


WITHOUT_MEANING = frozenset(
    [
        "outf",
        "interactive",
        "debug",
        "visibility_fraction",
        "epochs",
        "net",
        "sage",
        "generator",
        "gpus",
        "optimizer",
        "batch_size",
        "subbatch_size",
        "workers",
        "generate_only",
        "upload",
        "static_camera",
    ]
)
"""Options of how it renders, simulates and trains."""

README = DopeSettings(nb_objects=(20, 30), nb_distractors=(50, 75))


def dope(settings: DopeSettings | None = None, folder: Path = Path()) -> SceneSpec:
    """Returns the recipe of some options, whose paths start from a folder; of the code's own without."""
    given = DopeSettings() if settings is None else settings
    frames = given.nb_frames * given.nb_runs if given.imgs is None else max(given.imgs, 1)
    return SceneSpec(
        seed=given.seed or 0,
        frames=frames,
        image=ImageSpec(size_hw=(given.height, given.width), format="png"),
        objects=_objects(given, folder),
        count=between(*given.nb_objects),
        placement=shuffle.Spec(
            x_m=(NEAREST_M, FARTHEST_M),
            y_m=(-given.box_size, given.box_size),
            z_m=(-given.box_size, given.box_size),
            widens=WIDENS,
            speed_m_s=SPEEDS,
            pushes_per_s=Constant(value=PUSHES_PER_STEP * STEPS_PER_S),
            seconds=given.skip_frame / STEPS_PER_S,
            rotation=AnyRotation(),
            gap=0.0,
        ),
        camera=_camera(given),
        clip_m=(NEAR_M, 1000.0),
        motion=_motion() if given.motionblur else None,
        materials=_roughness(),
        distractors=DistractorsSpec(
            count=between(*given.nb_distractors),
            meshes=(given.objs_folder_distractors,) if given.objs_folder_distractors else BUILTIN_DISTRACTORS,
            load=AS_IT_IS if given.objs_folder_distractors else MeshImport(),
            scale=Constant(value=1.0),
            where="placement",
            materials=_roughness(),
        ),
        lights=LightsSpec(suns=SunsSpec(count=Constant(value=0.0)), points=PointLightsSpec(count=Constant(value=0.0))),
        environment=EnvironmentSpec(
            source=_skies(given),
            strength=Uniform(low=1.1, high=2.0),
            rotation_deg=Uniform(low=-180.0, high=180.0),
        ),
        backgrounds=(EnvironmentBackground(),),
        sensor=SensorSpec(
            exposure_ev=Constant(value=EXPOSURE_EV),
            white_balance=None,
            blur_sigma_px=None,
            shot_noise=None,
            read_noise=None,
            jpeg_quality=None,
        ),
        rejection=RejectionSpec(max_box_overhang=1.0, allow_clipping=True, tries_per_object=2000),
        worlds=WorldsSpec(frames=given.nb_frames, share=("objects", "placement", "distractors", "environment")),
    )


def dope_readme() -> SceneSpec:
    """Returns the recipe with the counts of the fork's README."""
    return dope(README)


def _objects(given: DopeSettings, folder: Path) -> tuple[ObjectSpec, ...]:
    """Returns the objects; of a folder each folder in it is a class of its own, as far as it can be looked into."""
    if given.path_single_obj is not None:
        return (_object(given, given.obj or Path(given.path_single_obj).stem, given.path_single_obj),)
    models = (given.objs_folder or "models").rstrip("/")
    if given.obj is not None:
        return (_object(given, given.obj, f"{models}/{given.obj}"),)
    if given.objs_folder is None:
        return tuple(_object(given, mesh.removeprefix("builtin:"), mesh) for mesh in BUILTIN_OBJECTS)
    names = sorted(path.name for path in (folder / models).glob("*/"))
    one = (_object(given, Path(models).name or "object", models),)
    return tuple(_object(given, name, f"{models}/{name}") for name in names) or one


def _object(given: DopeSettings, name: str, mesh: str) -> ObjectSpec:
    scale = Constant(value=given.scale)
    if mesh in BUILTIN_OBJECTS:
        return ObjectSpec(name=name, mesh=mesh, scale=scale)
    return ObjectSpec(name=name, mesh=mesh, scale=scale, load=AS_IT_IS, symmetry="file")


def _camera(given: DopeSettings) -> box_camera.Spec:
    """Returns the camera at the world's origin that looks along +x."""
    still = Constant(value=0.0)
    intrinsics: Intrinsics = FieldOfView(horizontal_fov_deg=Constant(value=FOV_DEG))
    if given.focal_length is not None:
        focal = given.focal_length
        intrinsics = Calibrated(fx=focal, fy=focal, cx=given.width / 2, cy=given.height / 2)
    return box_camera.Spec(
        x_m=still, y_m=still, z_m=still, jitter=0.0, look_at=(1.0, 0.0, 0.0), roll_deg=still, intrinsics=intrinsics
    )


def _motion() -> MotionSpec:
    """Returns what moves between two steps of its simulation, which its shutter is open for."""
    still = Constant(value=0.0)
    return MotionSpec(
        shutter_s=Constant(value=1 / STEPS_PER_S),
        camera_speed_mps=still,
        camera_spin_dps=still,
        object_speed_mps=SPEEDS,
    )


def _roughness() -> MaterialJitter:
    """Returns the source's only change of materials: objects keep their scanned textures."""
    return MaterialJitter(
        probability=1.0,
        saturation=Constant(value=0.0),
        brightness=Constant(value=1.0),
        roughness=Uniform(low=0.1, high=0.5),
    )


def _skies(given: DopeSettings) -> EnvironmentSource:
    return PictureFiles(files=(given.skyboxes_folder,)) if given.skyboxes_folder else ProceduralEnvironments()


VARIANTS = {
    "code": Variant(make=dope, about="the code's counts: 50 to 75 objects, 20 to 30 distractors"),
    "readme": Variant(make=dope_readme, about="the README's counts: 20 to 30 objects, 50 to 75 distractors"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; the code's counts unless another is named."""
    return print_variant("dope", VARIANTS, variant, __doc__ or "")


def recipe_from(path: Path) -> str:
    """Returns the recipe of a JSON file of options as commented YAML.

    Raises:
        SpecError: the file is no settings, or a value does not fit.
    """
    values = read_json_settings(path)
    named = {key.replace("-", "_"): value for key, value in values.items()} if isinstance(values, dict) else values
    settings = check_settings(DopeSettings, named, str(path))
    unknown = [name for name in passed_over(DopeSettings, named) if name not in WITHOUT_MEANING]
    head = f"{__doc__}\n{from_file(path, unknown, 'Passed over')}{_path_traced(settings)}"
    return dump_commented(dope(settings, path.parent), head)


def _path_traced(given: DopeSettings) -> str:
    """Returns how its path tracer's settings are given, which cost more than most people have."""
    if given.spp is None and not given.noise:
        return ""
    samples = "" if given.spp is None else f" --set renderer.samples={given.spp}"
    noise = " --set renderer.denoiser=none" if given.noise else ""
    return f"\nPath traced, as there:  --set renderer.kind=cycles{samples}{noise}"
