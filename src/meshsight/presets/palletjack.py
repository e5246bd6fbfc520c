"""Hand pallet trucks in a warehouse, with the seven randomisers of NVIDIA's Isaac Sim Replicator workflow.

After `standalone_palletjack_sdg.py` of NVIDIA-AI-IOT/synthetic_data_generation_training_workflow: its numbers, its
counts, its 960x544 pixels. Its USD assets are replaced by built-in objects, so nothing has to be downloaded.
docs/presets/palletjack.md says what each number is, which faults were mended, and what the variant `hall` changes.

Write KITTI, as there:  meshsight convert DATA KITTI_DIR --to kitti
"""

from typing import TypeVar

from meshsight.presets import _hall
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.camera import FieldOfView, Lens
from meshsight.specs.clutter import DistractorsSpec
from meshsight.specs.colors import FreeRgb
from meshsight.specs.distributions import Choice, Constant, LogUniform, Normal, Uniform
from meshsight.specs.lamps import AreaLamps
from meshsight.specs.lights import LightsSpec, PointLightsSpec, SunsSpec
from meshsight.specs.materials import MaterialChange, MaterialJitter, PartChange, PlaneMaterial
from meshsight.specs.pictures import ProceduralEnvironments, ProceduralTextures
from meshsight.specs.positions import UnderCeiling
from meshsight.specs.room import CeilingMaterial, RoomSpec, WallMaterial
from meshsight.specs.rotations import YawRotation
from meshsight.specs.scene import ImageSpec, ObjectSpec, RejectionSpec, SceneSpec
from meshsight.specs.sensor import SensorSpec
from meshsight.specs.surroundings import EnvironmentBackground, EnvironmentSpec, PlainBackgrounds, ProceduralBackgrounds
from meshsight.synthesis.cameras import box as box_camera
from meshsight.synthesis.cameras import shell as shell_camera
from meshsight.synthesis.placements import box as box_placement
from meshsight.synthesis.surface import SurfaceSpec

CLASS = "palletjack"
LIGHT_SCALE = 3.0 / 600_000
"""Irradiance in the middle of the hall for one unit of the source's light intensity: its standard deviation is 3."""
GLOW_SCALE = 0.5 / 1000
"""Radiance for one unit of the source's emissive intensity."""
NUM_LAMPS = (3, 7)
"""Columns and rows of lamps under the ceiling."""
SHARE_POSITIVE = 0.566184
"""How often N(100000, 600000) is above 0; a negative lamp is dark."""
TEXTURES = ProceduralTextures(seeds=(0, 1))
"""26 pictures for the source's 25."""

_UNCHANGED = MaterialJitter(probability=0.0)

AnyPlane = TypeVar("AnyPlane", bound=PlaneMaterial)


def palletjack(meshes: tuple[str, ...] = _hall.WAREHOUSE, copies: int = 2) -> SceneSpec:
    """Returns the source's scene.

    Args:
        meshes: the distractors; none for none.
        copies: of each.
    """
    distractors = DistractorsSpec(
        copies=Constant(value=copies if meshes else 0),
        meshes=meshes or _hall.WAREHOUSE,
        scale=Uniform(low=1.0, high=1.5),
        where="placement",
        materials=_UNCHANGED,
    )
    return SceneSpec(
        frames=1000,
        image=ImageSpec(size_hw=(544, 960), format="png"),
        objects=tuple(_truck(mesh) for mesh in _hall.family("palletjack", 0, 1, 2)),
        placement=box_placement.Spec(
            x_m=Uniform(low=-6, high=6),
            y_m=Uniform(low=-6, high=12),
            z_m=Constant(value=0),
            anchor="base",
            rotation=YawRotation(),
            gap=None,
        ),
        camera=box_camera.Spec(
            x_m=Uniform(low=-9.2, high=7.2),
            y_m=Uniform(low=-11.8, high=15.8),
            z_m=Uniform(low=0.4, high=4.0),
            jitter=0.0,
            look_at=(0.0, 0.0, 0.0),
            roll_deg=Constant(value=0),
            intrinsics=Lens(focal_mm=Constant(value=24.0), sensor_width_mm=20.955),
        ),
        clip_m=(0.1, 1e6),
        materials=_UNCHANGED,
        distractors=distractors,
        room=_room(),
        lights=_lights(),
        environment=EnvironmentSpec(
            source=ProceduralEnvironments(families=("hall",)), strength=Uniform(low=0.15, high=0.35)
        ),
        backgrounds=(EnvironmentBackground(),),
        sensor=SensorSpec(
            exposure_ev=None,
            white_balance=None,
            blur_sigma_px=None,
            shot_noise=None,
            read_noise=None,
            jpeg_quality=None,
        ),
        rejection=RejectionSpec(max_box_overhang=1.0, allow_clipping=True),
    )


def _truck(mesh: str) -> ObjectSpec:
    recolour = PartChange(parts=("steer_axle",), changes=_only_color())
    return ObjectSpec(
        name=CLASS,
        mesh=mesh,
        copies=Constant(value=2),
        materials=MaterialJitter(probability=0.0, parts=(recolour,)),
    )


def _only_color() -> MaterialChange:
    still = Constant(value=0.0)
    return MaterialChange(
        probability=1.0, hue_deg=still, saturation=still, brightness=Constant(value=1.0), color=FreeRgb()
    )


def _room() -> RoomSpec:
    """Returns a hall whose floor and walls have textures, roughness, metal and glow of their own."""
    return RoomSpec(
        width=None,
        depth=None,
        height=None,
        width_m=Constant(value=20.0),
        depth_m=Constant(value=32.0),
        height_m=Constant(value=6.0),
        floor=_shining(PlaneMaterial),
        walls=_shining(WallMaterial),
        ceiling=CeilingMaterial(texture_probability=0.0, saturation=Constant(value=0.0)),
    )


def _shining(kind: type[AnyPlane]) -> AnyPlane:
    """Returns what the source draws for its floor and, by itself, for its walls."""
    return kind(
        texture_probability=1.0,
        textures=TEXTURES,
        tile=Constant(value=0.2),
        saturation=Constant(value=0.0),
        brightness=Constant(value=1.0),
        roughness=Uniform(low=0.0, high=1.0),
        metallic=Choice(values=(0, 1)),
        glow=Uniform(low=0.0, high=1000 * GLOW_SCALE),
        glow_textures=TEXTURES,
    )


def _lights() -> LightsSpec:
    return LightsSpec(
        suns=SunsSpec(count=Constant(value=0)),
        points=PointLightsSpec(count=Constant(value=0)),
        lamps=(
            AreaLamps(
                count=Constant(value=NUM_LAMPS[0] * NUM_LAMPS[1]),
                on_probability=SHARE_POSITIVE / 7,
                where=UnderCeiling(columns=NUM_LAMPS[0], rows=NUM_LAMPS[1]),
                energy=Normal(
                    mean=100_000 * LIGHT_SCALE, std=600_000 * LIGHT_SCALE, low=0.0, high=3_000_000 * LIGHT_SCALE
                ),
                color=FreeRgb(),
                width=None,
                width_m=Constant(value=1.5),
                aim="down",
            ),
        ),
    )


def hall() -> SceneSpec:
    """Returns scenes nearer to photographs of working halls than the source's.

    The camera is at the height of a person or a vehicle and sees trucks at 2 to 8 m, there are sixteen makes
    instead of three, colours stay those of paint, and loads and racks stand before and in the forks.
    """
    return SceneSpec(
        frames=2000,
        image=ImageSpec(size_hw=(288, 480)),
        objects=tuple(
            ObjectSpec(name=CLASS, mesh=mesh, scale=Uniform(low=0.92, high=1.08))
            for mesh in _hall.family("palletjack", *range(16))
        ),
        count=Choice(values=(1, 2, 3, 4, 5), weights=(0.3, 0.25, 0.2, 0.15, 0.1)),
        placement=box_placement.Spec(
            x_m=Uniform(low=-4.5, high=4.5),
            y_m=Uniform(low=-4.5, high=4.5),
            z_m=Constant(value=0),
            anchor="base",
            rotation=YawRotation(),
            gap=None,
            surface=SurfaceSpec(
                textures=ProceduralTextures(families=("noise", "speckle", "gravel", "marble", "brushed")),
                tile=LogUniform(low=0.1, high=0.8),
                saturation=Uniform(low=0.0, high=0.12),
                brightness=Uniform(low=0.2, high=0.8),
                roughness=Uniform(low=0.25, high=1.0),
            ),
        ),
        camera=shell_camera.Spec(
            framing=None,
            distance_m=LogUniform(low=1.9, high=8.5),
            elevation_deg=Uniform(low=0, high=13),
            look_at="object",
            jitter=0.22,
            roll_deg=Normal(mean=0, std=2.5, low=-8, high=8),
            intrinsics=FieldOfView(horizontal_fov_deg=Uniform(low=50, high=85)),
        ),
        materials=MaterialJitter(
            probability=0.8,
            saturation=Uniform(low=0.0, high=0.2),
            brightness=Uniform(low=0.55, high=1.15),
            roughness=Uniform(low=0.2, high=0.9),
        ),
        distractors=DistractorsSpec(
            count=Uniform(low=4, high=14),
            meshes=_hall.CROWD,
            scale=Uniform(low=0.9, high=1.15),
            in_front=0.12,
            materials=MaterialJitter(
                probability=0.7,
                saturation=Uniform(low=0.0, high=0.35),
                brightness=Uniform(low=0.45, high=1.15),
                roughness=Uniform(low=0.2, high=1.0),
            ),
        ),
        lights=LightsSpec(
            suns=SunsSpec(elevation_deg=Uniform(low=40, high=88), irradiance=Uniform(low=0.3, high=2.5)),
            points=PointLightsSpec(elevation_deg=Uniform(low=25, high=80)),
        ),
        environment=EnvironmentSpec(
            source=ProceduralEnvironments(families=("hall", "room", "lamps", "studio", "overcast")),
            strength=LogUniform(low=0.2, high=1.2),
        ),
        backgrounds=(
            ProceduralBackgrounds(
                weight=6, families=("shelves", "room", "facade", "collage", "lines", "print", "mosaic", "gradient")
            ),
            EnvironmentBackground(weight=3),
            PlainBackgrounds(weight=1, saturation=Uniform(low=0.0, high=0.25)),
        ),
        sensor=SensorSpec(
            exposure_ev=Uniform(low=-1.4, high=1.0),
            white_balance=Uniform(low=0.85, high=1.15),
            blur_sigma_px=Uniform(low=0.0, high=1.0),
            shot_noise=LogUniform(low=0.00003, high=0.003),
            read_noise=LogUniform(low=0.001, high=0.02),
            jpeg_quality=Uniform(low=40, high=95),
            jpeg_probability=0.6,
        ),
        rejection=RejectionSpec(max_box_overhang=0.8, allow_clipping=True),
    )


VARIANTS = {
    "warehouse": Variant(make=palletjack, about="--distractors warehouse: 31 things, twice each"),
    "additional": Variant(
        make=lambda: palletjack(_hall.OFFICE, 1), about="--distractors additional: 34 things of offices and wards"
    ),
    "none": Variant(make=lambda: palletjack(()), about="--distractors None: pallet trucks alone"),
    "hall": Variant(make=hall, about="nearer to photographs of working halls than the source's scenes"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; the warehouse unless another is named."""
    return print_variant("palletjack", VARIANTS, variant, __doc__ or "")
