"""blender-gen's scenes: one object an image before a photograph, seen from all over a half ball.

After ignc-research/blender-gen: every key of its config.py that says what is drawn, with its default. Read your own
with `meshsight init blender-gen --from config.py`; it is read as data and never run.
docs/presets/blender_gen.md says what each key becomes, and which faults were mended.

Write COCO, as there:  meshsight convert DATA COCO_DIR --to coco
"""

import math
from pathlib import Path

from pydantic import Field

from meshsight.presets._counts import between
from meshsight.presets._python_settings import read_python_settings
from meshsight.presets._settings import Settings, check_settings, from_file, passed_over
from meshsight.specs.camera import FieldOfView, Intrinsics, Lens
from meshsight.specs.clutter import DistractorsSpec
from meshsight.specs.colors import Color, Hsv, Temperature
from meshsight.specs.commented import dump_commented
from meshsight.specs.distributions import Choice, Constant, Distribution, Uniform
from meshsight.specs.lamps import LampSpec, PointLamps
from meshsight.specs.lights import LightsSpec, PointLightsSpec, SunsSpec
from meshsight.specs.materials import MaterialJitter
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.pictures import EnvironmentSource, PictureFiles, ProceduralEnvironments, ProceduralTextures
from meshsight.specs.positions import OnShell
from meshsight.specs.rotations import EulerRotation
from meshsight.specs.scene import ImageSpec, ObjectSpec, RejectionSpec, SceneSpec
from meshsight.specs.sensor import SensorSpec
from meshsight.specs.surroundings import (
    BackgroundSpec,
    EnvironmentBackground,
    EnvironmentSpec,
    PhotographBackgrounds,
    PlainBackgrounds,
    ProceduralBackgrounds,
)
from meshsight.synthesis.cameras import shell
from meshsight.synthesis.placements import box

NO_TURN = 0.5
"""Of `hsv_hue`."""
BUILTIN = "builtin:"
PROCEDURAL = "procedural"
"""In place of a folder: pictures painted by code."""
EXPOSURE_EV = -1.0
"""Blender shows its light through a film curve that darkens; here a stop of exposure stands for it."""
TEMPERATURES_K = (4000.0, 5000.0, 6000.0, 6500.0, 7000.0, 8000.0, 9000.0)


class BlenderGenSettings(Settings):
    """Keys of config.py that say what is drawn, with their defaults; files that do not come with us are built in."""

    seed: int = Field(default=1, ge=0)
    out_folder: str = "drill"
    bg_paths: tuple[str, ...] = (PROCEDURAL,)
    environment_paths: tuple[str, ...] = (PROCEDURAL,)
    model_paths: tuple[str, ...] = Field(default=("builtin:drill",), min_length=1)
    distractor_paths: tuple[str, ...] = ("builtin:cube",)
    max_distractor_objects: int = Field(default=3, ge=0)
    object_texture_path: str = PROCEDURAL
    distractor_texture_path: str = PROCEDURAL
    use_bg_image: bool = True
    use_environment_maps: bool = True
    emission_min: float = 1.0
    emission_max: float = 5.0
    light_number_min: int = 1
    light_number_max: int = 3
    light_energymin: float = 20.0
    light_energymax: float = 80.0
    random_metallic_value: bool = False
    random_roughness_value: bool = False
    random_color: str = "None"
    model_scale: float = Field(default=1.0, gt=0)
    cam_rmin: float = 0.3
    cam_rmax: float = 1.1
    cam_incmin: float = 0.0
    cam_incmax: float = math.pi / 2
    cam_azimin: float = 0.0
    cam_azimax: float = 2 * math.pi
    obj_location_xmin: float = -0.2
    obj_location_xmax: float = 0.2
    obj_location_ymin: float = -0.2
    obj_location_ymax: float = 0.2
    obj_location_zmin: float = -0.2
    obj_location_zmax: float = 0.2
    cam_rotation_xmin: float = 0.0
    cam_rotation_xmax: float = 2 * math.pi
    cam_rotation_ymin: float = 0.0
    cam_rotation_ymax: float = 2 * math.pi
    cam_rotation_zmin: float = 0.0
    cam_rotation_zmax: float = 2 * math.pi
    max_boundingbox: float = 0.1
    hsv_hue: float = Field(default=0.5, ge=0, le=1)
    """Turn of the hue of PLY files' vertex colours, as Blender counts it: a half is none."""
    hsv_saturation: float = Field(default=1.0, ge=0)
    hsv_value: float = Field(default=1.0, ge=0)
    cam_lens_unit: str = "FOV"
    cam_lens: float = 4.7
    cam_fov: float = (59 + 90) / 2
    cam_sensor_width: float = 5.11
    cam_sensor_height: float = 3.84
    cam_clip_start: float = 0.01
    cam_clip_end: float = 50.0
    resolution_x: int = 640
    resolution_y: int = 360
    number_of_renders: int = Field(default=10, ge=1)


WITHOUT_MEANING = frozenset(
    [
        "test",
        "compute_bbox",
        "output_depth",
        "depth_color_depth",
        "use_GPU",
        "use_cycles",
        "use_cycles_denoising",
        "use_adaptive_sampling",
        "samples",
        "use_keypoints",
        "use_fps_keypoints",
        "max_bounces",
        "adaptive_min_samples",
        "adaptive_threshold",
        "denoiser",
    ]
)
"""Keys of how it renders, which `renderer` says here."""


def blender_gen(settings: BlenderGenSettings | None = None) -> SceneSpec:
    """Returns the recipe of a configuration; of the source's own without one."""
    given = BlenderGenSettings() if settings is None else settings
    return SceneSpec(
        seed=given.seed,
        frames=given.number_of_renders,
        image=ImageSpec(size_hw=(given.resolution_y, given.resolution_x), quality=100),
        objects=tuple(
            ObjectSpec(
                name=given.out_folder,
                mesh=mesh,
                load=_import(mesh),
                scale=Constant(value=given.model_scale),
                materials=_painted(given, mesh),
            )
            for mesh in dict.fromkeys(given.model_paths)
        ),
        count=Constant(value=1.0),
        placement=_placement(given),
        camera=_camera(given),
        clip_m=(given.cam_clip_start, given.cam_clip_end),
        materials=_materials(given, given.object_texture_path),
        distractors=_distractors(given),
        lights=_lights(given),
        environment=_environment(given),
        backgrounds=_backgrounds(given),
        sensor=SensorSpec(
            exposure_ev=Constant(value=EXPOSURE_EV),
            white_balance=None,
            blur_sigma_px=None,
            shot_noise=None,
            read_noise=None,
            jpeg_quality=None,
        ),
        rejection=RejectionSpec(
            max_box_overhang=1.0,
            max_corner_overhang=given.max_boundingbox,
            needs_clear_center=True,
            tries_per_object=1000,
        ),
    )


def _import(mesh: str) -> MeshImport:
    """Returns how Blender's importers read: a unit is a metre, and y is up in OBJ."""
    if mesh.startswith(BUILTIN):
        return MeshImport()
    return MeshImport(unit="m", up_axis="y" if mesh.lower().endswith(".obj") else "z")


def _placement(given: BlenderGenSettings) -> box.Spec:
    still = Constant(value=0.0)
    return box.Spec(
        x_m=Uniform(low=given.obj_location_xmin, high=given.obj_location_xmax),
        y_m=Uniform(low=given.obj_location_ymin, high=given.obj_location_ymax),
        z_m=Uniform(low=given.obj_location_zmin, high=given.obj_location_zmax),
        anchor="origin",
        rotation=EulerRotation(z_deg=still),
        gap=None,
    )


def _degrees(low: float, high: float) -> Distribution:
    return Uniform(low=math.degrees(low), high=math.degrees(high))


def _camera(given: BlenderGenSettings) -> shell.Spec:
    field = FieldOfView(horizontal_fov_deg=Constant(value=given.cam_fov))
    lens = Lens(focal_mm=Constant(value=given.cam_lens), sensor_width_mm=given.cam_sensor_width)
    intrinsics: Intrinsics = lens if given.cam_lens_unit.upper() == "MILLIMETERS" else field
    inclination = (math.degrees(given.cam_incmin), math.degrees(given.cam_incmax))
    return shell.Spec(
        framing=None,
        distance_m=Uniform(low=given.cam_rmin, high=given.cam_rmax),
        elevation_deg=Uniform(low=90.0 - inclination[1], high=90.0 - inclination[0]),
        azimuth_deg=_degrees(given.cam_azimin, given.cam_azimax),
        jitter=0.0,
        look_at=(0.0, 0.0, 0.0),
        up_euler_deg=(
            _degrees(given.cam_rotation_xmin, given.cam_rotation_xmax),
            _degrees(given.cam_rotation_ymin, given.cam_rotation_ymax),
            _degrees(given.cam_rotation_zmin, given.cam_rotation_zmax),
        ),
        roll_deg=Constant(value=0.0),
        intrinsics=intrinsics,
    )


def _materials(given: BlenderGenSettings, textures: str) -> MaterialJitter:
    anything = Uniform(low=0.0, high=1.0)
    return MaterialJitter(
        probability=1.0,
        saturation=Constant(value=0.0),
        brightness=Constant(value=1.0),
        roughness=anything if given.random_roughness_value else None,
        roughness_probability=0.5,
        metallic=anything if given.random_metallic_value else None,
        metallic_probability=0.5,
        texture_probability=1.0 if textures else 0.0,
        textures=PictureFiles(files=(textures,)) if textures not in ("", PROCEDURAL) else ProceduralTextures(),
    )


def _painted(given: BlenderGenSettings, mesh: str) -> MaterialJitter | None:
    """Returns what is done to a mesh whose vertices bring its colours; None for nothing of its own."""
    is_as_it_is = (given.hsv_hue, given.hsv_saturation, given.hsv_value) == (NO_TURN, 1.0, 1.0)
    if is_as_it_is or not mesh.lower().endswith(".ply"):
        return None
    return _materials(given, given.object_texture_path).evolve(
        hue_shift_deg=360.0 * (given.hsv_hue - NO_TURN),
        saturation_factor=given.hsv_saturation,
        brightness=given.hsv_value,
    )


def _distractors(given: BlenderGenSettings) -> DistractorsSpec:
    meshes = tuple(dict.fromkeys(given.distractor_paths)) or ("builtin:cube",)
    most = given.max_distractor_objects if given.distractor_paths else 0
    return DistractorsSpec(
        count=between(0, most),
        meshes=meshes,
        load=_import(meshes[0]),
        scale=Constant(value=1.0),
        where="placement",
        materials=_materials(given, given.distractor_texture_path),
    )


def _environment(given: BlenderGenSettings) -> EnvironmentSpec:
    source: EnvironmentSource = ProceduralEnvironments()
    if given.environment_paths and PROCEDURAL not in given.environment_paths:
        source = PictureFiles(files=tuple(given.environment_paths))
    strength: Distribution = Uniform(low=given.emission_min, high=given.emission_max)
    if not given.use_environment_maps:
        strength = Constant(value=0.0)
    return EnvironmentSpec(source=source, strength=strength, rotation_deg=Constant(value=0.0))


def _lights(given: BlenderGenSettings) -> LightsSpec:
    lamps: list[LampSpec] = []
    where = OnShell(elevation_deg=Uniform(low=0.0, high=90.0))
    if not given.use_environment_maps:
        lamps.append(
            PointLamps(
                count=between(given.light_number_min, given.light_number_max),
                where=where,
                unit="power_w",
                energy=Uniform(low=given.light_energymin, high=given.light_energymax),
                color=_lamp_color(given.random_color),
                one_color=True,
            )
        )
    if given.random_color == "projector":
        one = Constant(value=1.0)
        energy = Uniform(low=given.light_energymin, high=given.light_energymax)
        lamps.append(
            PointLamps(
                on_probability=0.5, where=where, unit="power_w", energy=energy, color=Hsv(saturation=one, value=one)
            )
        )
    nothing = Constant(value=0.0)
    return LightsSpec(suns=SunsSpec(count=nothing), points=PointLightsSpec(count=nothing), lamps=tuple(lamps))


def _lamp_color(how: str) -> Color:
    kelvin = Choice(values=TEMPERATURES_K) if how == "temperature" else Constant(value=6500.0)
    return Temperature(temperature_k=kelvin)


def _backgrounds(given: BlenderGenSettings) -> tuple[BackgroundSpec, ...]:
    whole = Constant(value=1.0)
    if not given.use_bg_image:
        black = Constant(value=0.0)
        plain = PlainBackgrounds(saturation=black, brightness=Constant(value=0.05))
        return (EnvironmentBackground(),) if given.use_environment_maps else (plain,)
    if not given.bg_paths or PROCEDURAL in given.bg_paths:
        return (ProceduralBackgrounds(zoom=whole, flip_probability=0.0),)
    return (PhotographBackgrounds(files=tuple(given.bg_paths), zoom=whole, flip_probability=0.0),)


def recipe() -> str:
    """Returns the recipe of the source's own configuration as commented YAML."""
    return dump_commented(blender_gen(), __doc__ or "")


def recipe_from(path: Path) -> str:
    """Returns the recipe of a config.py as commented YAML.

    Raises:
        SpecError: the file is no settings, or a value does not fit.
    """
    read = read_python_settings(path)
    settings = check_settings(BlenderGenSettings, read.values, str(path))
    unknown = [name for name in passed_over(BlenderGenSettings, read.values) if name not in WITHOUT_MEANING]
    head = from_file(path, [*unknown, *read.unread], "Passed over")
    return dump_commented(blender_gen(settings), f"{__doc__}\n{head}")
