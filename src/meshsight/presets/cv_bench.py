"""The CV-Bench container's pictures: objects turned before photographs, in three-point light, through a sensor's chain.

After the CV-Bench fork of blender-gen: reads the container's config.json and its input tree
(backgrounds/static, backgrounds/environment, models/NAME/model.*). `meshsight init cv-bench --from config.json` prints
the recipe; `meshsight cv-bench` takes the container's place from /data/input to /data/output.
docs/presets/cv_bench.md says what each key becomes, and which faults were mended.
"""

from pathlib import Path

from pydantic import Field

from meshsight.core.errors import SpecError
from meshsight.presets._counts import between, ends_of, in_degrees, number_or_range, scaled
from meshsight.presets._settings import Settings, check_settings, from_file, passed_over, read_json_settings
from meshsight.specs.camera import FieldOfView, Intrinsics, Lens
from meshsight.specs.clutter import DistractorsSpec
from meshsight.specs.colors import Temperature
from meshsight.specs.commented import dump_commented
from meshsight.specs.distributions import Constant, Distribution
from meshsight.specs.lamps import ThreePointRig
from meshsight.specs.lights import LightsSpec, PointLightsSpec, SunsSpec
from meshsight.specs.materials import MaterialJitter
from meshsight.specs.pictures import EnvironmentSource, PictureFiles, ProceduralEnvironments
from meshsight.specs.rotations import EulerRotation
from meshsight.specs.scene import ImageSpec, ObjectSpec, RejectionSpec, SceneSpec
from meshsight.specs.sensor import SensorSpec
from meshsight.specs.surroundings import BackgroundSpec, EnvironmentSpec, PhotographBackgrounds, ProceduralBackgrounds
from meshsight.synthesis.cameras import shell
from meshsight.synthesis.placements import frustum

MESHES = (".fbx", ".obj", ".ply", ".glb", ".gltf", ".stl")
DISTANCE_M = 1.0
"""Of the camera above the origin; an object at depth z is 1 + z away."""
RIG_M = 2.0
IRRADIANCE = 2.5 / 1000
"""Light in the middle for one watt of the source's energies at its exposure of 40."""
BASE_EXPOSURE = 40.0

Amount = float | tuple[float, float]


class Thing(Settings):
    """A model: an object with its label, or a distractor."""

    model: str
    label: str | None = None
    size: float = Field(default=1.0, gt=0)
    multiplicity: int = Field(default=1, ge=0)


class InputSettings(Settings):
    """What there is."""

    object: tuple[Thing, ...] = Field(default=(Thing(model="builtin:duck", label="duck"),), min_length=1)
    distractor: tuple[Thing, ...] = (Thing(model="builtin:can_cola"), Thing(model="builtin:gear"))
    bg: tuple[str, ...] | None = None
    environment: tuple[str, ...] | str | None = None


class OutputSettings(Settings):
    """How much is wanted."""

    size_train: int = Field(default=100, ge=0)
    size_val: int = Field(default=10, ge=0)
    images: int | None = None
    just_merge: float = 0.8


class CameraSettings(Settings):
    """The lens."""

    lens_unit: str = "FOV"
    lens: float = 75.0
    sensor_width: float = 5.11
    sensor_height: float = 3.84
    clip_start: float = 0.01
    clip_end: float = 50.0


class LightSettings(Settings):
    """Three lamps."""

    temperature: Amount = 6500.0
    key_inc: Amount = 45.0
    key_azi: Amount = (0.0, 90.0)
    key_energy: Amount = 1000.0
    fill_energy: Amount = 1000.0
    back_energy: Amount = 1000.0


class RenderSettings(Settings):
    """How it is drawn."""

    camera: CameraSettings = CameraSettings()
    light: LightSettings = LightSettings()
    resolution_x: int = 640
    resolution_y: int = 360
    exposure: float = Field(default=BASE_EXPOSURE, gt=0)
    model_scale: float = Field(default=1.0, gt=0)


class RandomSettings(Settings):
    """What is drawn by lot."""

    distractors: int | tuple[int, int] = (0, 2)
    x_pos: Amount = (-0.5, 0.5)
    y_pos: Amount = (-0.5, 0.5)
    z_pos: Amount = (-0.2, 2.0)
    inc: Amount = (0.0, 90.0)
    azi: Amount = (0.0, 90.0)
    metallic: Amount | None = None
    roughness: Amount | None = None


class Shot(Settings):
    """Struck pixels."""

    amount: float = 0.0


class Gaussian(Settings):
    """Blur."""

    radius: int = 1


class Motion(Settings):
    """Motion blur."""

    angle: float = 0.0
    length: float = 0.0


class Black(Settings):
    """Black level and its noise."""

    mean: float = 0.0
    stdev: float = 1.0


class Quant(Settings):
    """Levels."""

    baseline: float = 0.0
    bits: float = 32.0


class PostfxSettings(Settings):
    """The sensor's chain; what is absent does nothing."""

    shot: Shot | None = Shot(amount=0.05)
    gaussian: Gaussian | None = Gaussian(radius=2)
    motion: Motion | None = Motion(angle=10, length=3)
    black: Black | None = Black(mean=5, stdev=1)
    quant: Quant | None = Quant(baseline=0, bits=8)


NO_POSTFX = PostfxSettings(shot=None, gaussian=None, motion=None, black=None, quant=None)


class CvBenchSettings(Settings):
    """The container's config.json, with the example values of its README."""

    input: InputSettings = InputSettings()
    output: OutputSettings = OutputSettings()
    render: RenderSettings = RenderSettings()
    random: RandomSettings = RandomSettings()
    postfx: PostfxSettings = NO_POSTFX


WITHOUT_MEANING = frozenset(
    [
        "output.skew_angle:material",
        "render.compute_bbox",
        "render.use_cycles",
        "render.samples",
        "render.use_cycles_denoising",
        "render.use_adaptive_sampling",
        "render.use_GPU",
        "render.use_fps_keypoints",
    ]
)


def cv_bench(settings: CvBenchSettings | None = None, tree: Path | None = None) -> SceneSpec:
    """Returns the recipe of a configuration; of the source's example without one.

    Args:
        settings: the configuration.
        tree: the container's input folder, under which models and backgrounds are looked for; None for built-in ones.

    Raises:
        SpecError: a model that the configuration names is not in the tree.
    """
    given = CvBenchSettings(postfx=PostfxSettings()) if settings is None else settings
    random = given.random
    inc, azi = in_degrees([number_or_range(random.inc, "random.inc"), number_or_range(random.azi, "random.azi")])
    frames = given.output.size_train if given.output.images is None else given.output.images
    return SceneSpec(
        frames=max(frames, 1),
        image=ImageSpec(size_hw=(given.render.resolution_y, given.render.resolution_x), format="png"),
        objects=tuple(_object(thing, given, tree) for thing in given.input.object),
        count=Constant(value=0.0),
        placement=frustum.Spec(
            apparent_size=None,
            distance_m=_depth(random.z_pos),
            x=number_or_range(random.x_pos, "random.x_pos"),
            y=number_or_range(random.y_pos, "random.y_pos"),
            rotation=EulerRotation(x_deg=scaled(inc, 1.0, 180.0), y_deg=scaled(azi, -1.0), z_deg=Constant(value=0.0)),
            faces_camera=True,
            gap=None,
        ),
        camera=_camera(given.render.camera),
        clip_m=(given.render.camera.clip_start, given.render.camera.clip_end),
        materials=_materials(random),
        distractors=_distractors(given, tree),
        lights=_lights(given.render.light, IRRADIANCE * given.render.exposure / BASE_EXPOSURE),
        environment=_environment(given, tree),
        backgrounds=(_backgrounds(given, tree),),
        sensor=_sensor(given.postfx),
        rejection=RejectionSpec(max_box_overhang=1.0, allow_clipping=True),
    )


def _model(name: str, tree: Path | None) -> str:
    """Returns the reference of a model: models/NAME/model.* of the tree, or what it is by itself."""
    if tree is None or name.startswith("builtin:"):
        return name
    folder = tree / "models" / name
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in MESHES)
    usual = [path for path in found if path.stem == "model"]
    if not found:
        raise SpecError(
            f"{folder}: the configuration names model '{name}'; expected model.fbx, model.obj or model.ply there"
        )
    return str((usual or found)[0].absolute())


def _object(thing: Thing, given: CvBenchSettings, tree: Path | None) -> ObjectSpec:
    return ObjectSpec(
        name=thing.label or thing.model.removeprefix("builtin:"),
        mesh=_model(thing.model, tree),
        scale=Constant(value=thing.size * given.render.model_scale),
        copies=Constant(value=float(thing.multiplicity)),
    )


def _depth(z_pos: Amount) -> Distribution:
    """Returns the distance from the camera; depths at or behind it are clipped."""
    ends = ends_of(number_or_range(z_pos, "random.z_pos"))
    near, far = (max(DISTANCE_M * (1.0 + end), 0.05) for end in ends)
    return number_or_range((near, far), "random.z_pos")


def _camera(given: CameraSettings) -> shell.Spec:
    """Returns the camera straight above the origin."""
    still = Constant(value=0.0)
    field: Intrinsics = FieldOfView(horizontal_fov_deg=Constant(value=given.lens))
    if given.lens_unit.upper() != "FOV":
        field = Lens(focal_mm=Constant(value=given.lens), sensor_width_mm=given.sensor_width)
    return shell.Spec(
        framing=None,
        distance_m=Constant(value=DISTANCE_M),
        elevation_deg=Constant(value=90.0),
        azimuth_deg=Constant(value=-90.0),
        jitter=0.0,
        look_at=(0.0, 0.0, 0.0),
        roll_deg=still,
        intrinsics=field,
    )


def _materials(random: RandomSettings) -> MaterialJitter:
    return MaterialJitter(
        probability=1.0,
        saturation=Constant(value=0.0),
        brightness=Constant(value=1.0),
        roughness=None if random.roughness is None else number_or_range(random.roughness, "random.roughness"),
        metallic=None if random.metallic is None else number_or_range(random.metallic, "random.metallic"),
    )


def _distractors(given: CvBenchSettings, tree: Path | None) -> DistractorsSpec:
    things = [thing for thing in given.input.distractor for _ in range(thing.multiplicity)]
    asked = given.random.distractors
    low, high = (asked, asked) if isinstance(asked, int) else asked
    if not things:
        return DistractorsSpec(count=Constant(value=0.0))
    sizes = [thing.size * given.render.model_scale for thing in things]
    return DistractorsSpec(
        count=between(low, high),
        meshes=tuple(_model(thing.model, tree) for thing in things),
        scale=number_or_range((min(sizes), max(sizes)), "input.distractor.size"),
        where="placement",
        materials=_materials(given.random),
    )


def _lights(given: LightSettings, irradiance: float) -> LightsSpec:
    """Returns the three lamps; `irradiance` is that of one watt."""
    inc, azi = in_degrees(
        [number_or_range(given.key_inc, "light.key_inc"), number_or_range(given.key_azi, "light.key_azi")]
    )
    rig = ThreePointRig(
        distance=None,
        distance_m=Constant(value=RIG_M),
        key_inclination_deg=inc,
        key_azimuth_deg=azi,
        unit="irradiance",
        key_energy=scaled(number_or_range(given.key_energy, "light.key_energy"), irradiance),
        fill_energy=scaled(number_or_range(given.fill_energy, "light.fill_energy"), irradiance),
        back_energy=scaled(number_or_range(given.back_energy, "light.back_energy"), irradiance),
        color=Temperature(temperature_k=number_or_range(given.temperature, "light.temperature")),
    )
    nothing = Constant(value=0.0)
    return LightsSpec(suns=SunsSpec(count=nothing), points=PointLightsSpec(count=nothing), lamps=(rig,))


def _files(names: tuple[str, ...] | str | None, folder: str, tree: Path) -> tuple[str, ...]:
    """Returns the files that a configuration names, or their whole folder where it names none."""
    base = (tree / "backgrounds" / folder).absolute()
    chosen = (names,) if isinstance(names, str) else names or ()
    return tuple(str(base / name) for name in chosen) or (str(base),)


def _environment(given: CvBenchSettings, tree: Path | None) -> EnvironmentSpec:
    source: EnvironmentSource = ProceduralEnvironments()
    if tree is not None and any((tree / "backgrounds" / "environment").glob("*")):
        source = PictureFiles(files=_files(given.input.environment, "environment", tree))
    return EnvironmentSpec(source=source, strength=Constant(value=1.0), rotation_deg=Constant(value=0.0))


def _backgrounds(given: CvBenchSettings, tree: Path | None) -> BackgroundSpec:
    whole = Constant(value=1.0)
    if tree is None:
        return ProceduralBackgrounds(zoom=whole, flip_probability=0.0)
    return PhotographBackgrounds(files=_files(given.input.bg, "static", tree), zoom=whole, flip_probability=0.0)


def _sensor(given: PostfxSettings) -> SensorSpec:
    """Returns the chain: struck pixels, blur, motion, black level, levels."""
    radius = None if given.gaussian is None else given.gaussian.radius | 1
    chain: dict[str, object] = {}
    if given.shot is not None:
        chain["salt"] = given.shot.amount
    if radius is not None:
        chain |= {"blur_sigma_px": radius, "blur_width": 3.0}
    if given.motion is not None:
        chain |= {"motion_px": given.motion.length, "motion_angle_deg": given.motion.angle}
    if given.black is not None:
        chain |= {"black_level": given.black.mean, "black_std": given.black.stdev}
    if given.quant is not None:
        chain |= {"baseline": given.quant.baseline, "bits": given.quant.bits}
    off = ("exposure_ev", "white_balance", "blur_sigma_px", "shot_noise", "read_noise", "jpeg_quality")
    return SensorSpec.model_validate({**dict.fromkeys(off), **chain})


def read_config(path: Path) -> tuple[CvBenchSettings, list[str]]:
    """Reads a config.json, and names what it holds that nothing here answers to.

    Raises:
        SpecError: the file is no settings, or a value does not fit.
    """
    values = read_json_settings(path)
    settings = check_settings(CvBenchSettings, values, str(path))
    unknown = [name for name in passed_over(CvBenchSettings, values) if name not in WITHOUT_MEANING]
    return settings, unknown


def tree_of(config: Path) -> Path | None:
    """Returns the input folder that a configuration lies in: the one above its own that holds models."""
    return next((folder for folder in config.absolute().parents[:2] if (folder / "models").is_dir()), None)


def recipe() -> str:
    """Returns the recipe of the source's example as commented YAML."""
    return dump_commented(cv_bench(), __doc__ or "")


def recipe_from(path: Path) -> str:
    """Returns the recipe of a config.json as commented YAML.

    Raises:
        SpecError: the file is no settings, a value does not fit, or a model is missing.
    """
    settings, unknown = read_config(path)
    head = from_file(path, unknown, "Passed over")
    return dump_commented(cv_bench(settings, tree_of(path)), f"{__doc__}\n{head}")
