"""The CV-Bench container's pictures: objects turned before photographs, in three-point light, through a sensor's chain.

After the CV-Bench fork of blender-gen: reads the container's config.json and its input tree
(backgrounds/static, backgrounds/environment, models/NAME/model.*). `meshsight init cv-bench --from config.json` prints
the recipe; `meshsight cv-bench` takes the container's place from /data/input to /data/output.
docs/presets/cv_bench.md says what each key becomes, and which faults were mended.
"""

from pathlib import Path
from typing import Literal

from meshsight.core.errors import SpecError
from meshsight.presets._counts import between, ends_of, in_degrees, number_or_range, scaled
from meshsight.presets._cv_bench_grid import BANK, Grid, divided, grid_for
from meshsight.presets._cv_bench_settings import (
    BASE_EXPOSURE,
    WITHOUT_MEANING,
    Amount,
    CameraSettings,
    CvBenchSettings,
    LightSettings,
    PostfxSettings,
    RandomSettings,
    Thing,
)
from meshsight.presets._settings import check_settings, from_file, passed_over, read_json_settings
from meshsight.render.renderers import composite
from meshsight.specs.camera import FieldOfView, Intrinsics, Lens
from meshsight.specs.clutter import DistractorsSpec
from meshsight.specs.colors import Temperature
from meshsight.specs.commented import dump_commented
from meshsight.specs.distributions import Constant, Distribution
from meshsight.specs.lamps import ThreePointRig
from meshsight.specs.lights import LightsSpec, PointLightsSpec, SunsSpec
from meshsight.specs.materials import MaterialJitter
from meshsight.specs.pictures import EnvironmentSource, PictureFiles, ProceduralEnvironments
from meshsight.specs.recomposition import RecompositionSpec, ViewGridSpec
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
IRRADIANCE = 1.2 / 1000
"""Light in the middle for one watt of the source's energies at its exposure of 40."""


def cv_bench(
    settings: CvBenchSettings | None = None, tree: Path | None = None, part: Literal["train", "val"] = "train"
) -> SceneSpec:
    """Returns the recipe of a configuration; of the source's example without one.

    Args:
        settings: the configuration.
        tree: the container's input folder, under which models and backgrounds are looked for; None for built-in ones.
        part: which of its two data sets; they differ in number, seed and in how many renders are spared.

    Raises:
        SpecError: a model that the configuration names is not in the tree.
    """
    given = CvBenchSettings(postfx=PostfxSettings()) if settings is None else settings
    random = given.random
    inc, azi = in_degrees([number_or_range(random.inc, "random.inc"), number_or_range(random.azi, "random.azi")])
    frames = num_frames(given, part)
    grid = _grid(given, part, (inc, azi))
    x_deg, y_deg = divided(scaled(inc, 1.0, 180.0), grid.angle), divided(scaled(azi, -1.0), grid.angle)
    x, y = number_or_range(random.x_pos, "random.x_pos"), number_or_range(random.y_pos, "random.y_pos")
    return SceneSpec(
        frames=max(frames, 1),
        seed=int(part == "val"),
        renderer=composite.Spec(
            recomposition=RecompositionSpec(
                just_merge=1.0,
                bank=BANK,
                views=ViewGridSpec(x_deg=x_deg, y_deg=y_deg),
                sizes=(1.0,),
                roll_deg=Constant(value=0.0),
                x=x,
                y=y,
            ),
            keep_on_disk=False,
        ),
        image=ImageSpec(size_hw=(given.render.resolution_y, given.render.resolution_x), format="png"),
        objects=tuple(_object(thing, given, tree) for thing in given.input.object),
        count=Constant(value=0.0),
        placement=frustum.Spec(
            apparent_size=None,
            distance_m=_depth(random.z_pos),
            x=x,
            y=y,
            rotation=EulerRotation(x_deg=x_deg, y_deg=y_deg, z_deg=Constant(value=0.0)),
            faces_camera=True,
            gap=None,
        ),
        camera=_camera(given.render.camera),
        clip_m=(given.render.camera.clip_start, given.render.camera.clip_end),
        materials=_materials(random, grid),
        distractors=_distractors(given, tree, grid),
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


def num_frames(given: CvBenchSettings, part: str) -> int:
    """Returns how many images a part has."""
    if part == "val":
        return given.output.size_val
    return given.output.size_train if given.output.images is None else given.output.images


def _grid(given: CvBenchSettings, part: str, angles: tuple[Distribution, Distribution]) -> Grid:
    """Returns the steps of angles and materials; nothing of `val` is spared."""
    spared = 0.0 if part == "val" else min(max(given.output.just_merge, 0.0), 1.0)
    models = len(given.input.object) + len(given.input.distractor)
    materials = [_surface(given.random, name) for name in ("metallic", "roughness")]
    return grid_for(num_frames(given, part) * (1.0 - spared) / models, angles, materials, given.output.skew)


def _surface(random: RandomSettings, name: str) -> Distribution | None:
    amount = getattr(random, name)
    return None if amount is None else number_or_range(amount, f"random.{name}")


def _materials(random: RandomSettings, grid: Grid) -> MaterialJitter:
    metallic, roughness = _surface(random, "metallic"), _surface(random, "roughness")
    return MaterialJitter(
        probability=1.0,
        saturation=Constant(value=0.0),
        brightness=Constant(value=1.0),
        roughness=None if roughness is None else divided(roughness, grid.material),
        metallic=None if metallic is None else divided(metallic, grid.material),
    )


def _distractors(given: CvBenchSettings, tree: Path | None, grid: Grid) -> DistractorsSpec:
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
        materials=_materials(given.random, grid),
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
    chain: dict[str, object] = {}
    if given.shot is not None and not given.shot.passthrough:
        chain["salt"] = given.shot.amount
    if given.gaussian is not None and not given.gaussian.passthrough:
        chain |= {"blur_sigma_px": given.gaussian.radius | 1, "blur_width": 3.0}
    if given.motion is not None and not given.motion.passthrough:
        chain |= {"motion_px": given.motion.length, "motion_angle_deg": given.motion.angle}
    if given.black is not None and not given.black.passthrough:
        chain |= {"black_level": given.black.mean, "black_std": given.black.stdev}
    if given.quant is not None and not given.quant.passthrough:
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
