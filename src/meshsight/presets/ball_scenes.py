"""Scenes of a robot football pitch, hard on purpose, to cut ball patches from: `meshsight patches make`.

Balls of six patterns among robots, field lines, goal posts and things that look like balls, on turf and other floors;
much is blurred, dark, hidden or cut off. The test has two other patterns, two other robots, and surroundings and
floors of its own.
"""

from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.distributions import LogUniform, Uniform
from meshsight.specs.materials import MaterialJitter
from meshsight.specs.pictures import EnvironmentFamily, ProceduralEnvironments, ProceduralTextures, TextureFamily
from meshsight.specs.scene import DistractorsSpec, ImageSpec, ObjectSpec, RejectionSpec, SceneSpec
from meshsight.specs.sensor import SensorSpec
from meshsight.specs.surroundings import EnvironmentBackground, EnvironmentSpec, ProceduralBackgrounds
from meshsight.synthesis.cameras import shell
from meshsight.synthesis.placements import ground
from meshsight.synthesis.surface import SurfaceSpec

BALLS = ("classic", "octants", "panels", "ribbons", "spotted", "swirl")
TEST_BALLS = ("triangles", "wedges")
ROBOTS = ("white", "dark", "jersey")
TEST_ROBOTS = ("blue", "grey")
PITCH = ("line_straight", "line_corner", "line_circle", "penalty_mark", "goal_post")
LOOKALIKES = ("sphere", "checker", "cone")
TEST_LOOKALIKES = ("can", "egg")
FLOORS: tuple[TextureFamily, ...] = ("fabric", "gravel", "noise", "speckle", "wood")
TEST_FLOORS: tuple[TextureFamily, ...] = ("marble", "bricks", "brushed")
SURROUNDINGS: tuple[EnvironmentFamily, ...] = ("lamps", "neon", "overcast", "room", "sky", "studio")
TEST_SURROUNDINGS: tuple[EnvironmentFamily, ...] = ("hall", "sunset")
NUM_TRAINING = 1600
NUM_TEST = 300


def training_scenes() -> SceneSpec:
    """Returns the recipe of the training scenes."""
    others = (*(f"robot_{name}" for name in ROBOTS), *PITCH, *(f"lookalike_{name}" for name in LOOKALIKES))
    return _scenes(1, NUM_TRAINING, BALLS, others, _Surroundings(FLOORS, SURROUNDINGS, (0, 149)))


def held_out_scenes() -> SceneSpec:
    """Returns the recipe of the test scenes: other balls, robots, things, floors, surroundings and seeds."""
    others = (*(f"robot_{name}" for name in TEST_ROBOTS), *PITCH, *(f"lookalike_{name}" for name in TEST_LOOKALIKES))
    return _scenes(2, NUM_TEST, TEST_BALLS, others, _Surroundings(TEST_FLOORS, TEST_SURROUNDINGS, (150, 199)))


class _Surroundings:
    """Families and seeds of floors and surroundings."""

    def __init__(
        self,
        floors: tuple[TextureFamily, ...],
        environments: tuple[EnvironmentFamily, ...],
        seeds: tuple[int, int],
    ):
        self.floors = ProceduralTextures(families=floors, seeds=(seeds[0] // 4, seeds[1] // 4))
        self.environments = ProceduralEnvironments(families=environments, seeds=(seeds[0] // 2, seeds[1] // 2))
        self.seeds = seeds


def _scenes(
    seed: int, frames: int, balls: tuple[str, ...], others: tuple[str, ...], around: _Surroundings
) -> SceneSpec:
    return SceneSpec(
        seed=seed,
        frames=frames,
        image=ImageSpec(size_hw=(360, 480), format="png"),
        objects=tuple(ObjectSpec(name="ball", mesh=f"builtin:ball_{name}") for name in balls),
        count=Uniform(low=3, high=6),
        placement=ground.Spec(
            density=Uniform(low=0.02, high=0.12),
            upright=0.0,
            surface=SurfaceSpec(
                textures=around.floors,
                tile=LogUniform(low=0.3, high=2.0),
                hue_deg=Uniform(low=85, high=150),
                saturation=Uniform(low=0.3, high=0.85),
                brightness=Uniform(low=0.15, high=0.7),
            ),
        ),
        camera=shell.Spec(elevation_deg=Uniform(low=6, high=40), framing=Uniform(low=0.7, high=1.5)),
        materials=MaterialJitter(saturation=Uniform(low=0.0, high=0.1), brightness=Uniform(low=0.75, high=1.05)),
        distractors=DistractorsSpec(
            count=Uniform(low=6, high=12),
            meshes=tuple(f"builtin:{name}" for name in others),
            size=LogUniform(low=0.7, high=6.0),
            in_front=0.25,
            materials=MaterialJitter(probability=0.3),
        ),
        environment=EnvironmentSpec(source=around.environments, strength=LogUniform(low=0.25, high=1.2)),
        backgrounds=(EnvironmentBackground(weight=2), ProceduralBackgrounds(weight=1, seeds=around.seeds)),
        sensor=SensorSpec(
            exposure_ev=Uniform(low=-1.0, high=0.6),
            blur_sigma_px=Uniform(low=0.0, high=2.2),
            shot_noise=LogUniform(low=0.0001, high=0.003),
            read_noise=LogUniform(low=0.002, high=0.02),
        ),
        rejection=RejectionSpec(max_box_overhang=0.6),
    )


VARIANTS = {
    "train": Variant(make=training_scenes, about="scenes to learn from"),
    "test": Variant(make=held_out_scenes, about="scenes to measure on, with nothing in them that training saw"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML.

    Raises:
        CallError: there is no such variant.
    """
    return print_variant("ball_scenes", VARIANTS, variant, __doc__ or "")
