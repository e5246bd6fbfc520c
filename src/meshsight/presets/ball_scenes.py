"""Scenes of a robot football pitch, hard on purpose, to cut ball patches from: `meshsight patches make`.

Balls of many patterns among robots, field lines, goal posts and things that look like balls, on turf and other floors;
much is blurred, dark, hidden or cut off. The scenes to choose settings on and those to measure on have patterns,
robots, surroundings and floors of their own: what does well on them does not know them by heart.
"""

from functools import partial
from typing import NamedTuple

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

PITCH = ("line_straight", "line_corner", "line_circle", "penalty_mark", "goal_post")


class Cast(NamedTuple):
    """Who plays in a set of scenes, and where; two sets have no ball, robot, floor or surroundings in common.

    Attributes:
        seed: of the scenes.
        frames: how many.
        balls, robots, lookalikes: built-in objects, without the beginnings of their names.
        floors, surroundings: families of textures and environments.
        seeds: first and last of the procedural pictures.
    """

    seed: int
    frames: int
    balls: tuple[str, ...]
    robots: tuple[str, ...]
    lookalikes: tuple[str, ...]
    floors: tuple[TextureFamily, ...]
    surroundings: tuple[EnvironmentFamily, ...]
    seeds: tuple[int, int]


TRAINING = Cast(
    seed=1,
    frames=1600,
    balls=("camouflage", "checker", "classic", "octants", "panels", "ribbons", "rings", "spotted", "squares"),
    robots=("white", "dark"),
    lookalikes=("sphere", "checker", "cone"),
    floors=("fabric", "gravel", "noise", "speckle"),
    surroundings=("lamps", "neon", "overcast", "room", "sky"),
    seeds=(0, 119),
)
VALIDATION = Cast(
    seed=3,
    frames=200,
    balls=("swirl", "patchwork"),
    robots=("jersey", "orange"),
    lookalikes=("sphere", "checker", "cone"),
    floors=("wood",),
    surroundings=("studio",),
    seeds=(120, 149),
)
TEST = Cast(
    seed=2,
    frames=300,
    balls=("triangles", "wedges"),
    robots=("blue", "grey"),
    lookalikes=("can", "egg"),
    floors=("marble", "bricks", "brushed"),
    surroundings=("hall", "sunset"),
    seeds=(150, 199),
)


def scenes(cast: Cast) -> SceneSpec:
    """Returns the recipe of a set of scenes."""
    first, last = cast.seeds
    floors = ProceduralTextures(families=cast.floors, seeds=(first // 4, last // 4))
    environments = ProceduralEnvironments(families=cast.surroundings, seeds=(first // 2, last // 2))
    others = (
        *(f"robot_{name}" for name in cast.robots),
        *PITCH,
        *(f"lookalike_{name}" for name in cast.lookalikes),
    )
    return SceneSpec(
        seed=cast.seed,
        frames=cast.frames,
        image=ImageSpec(size_hw=(360, 480), format="png"),
        objects=tuple(ObjectSpec(name="ball", mesh=f"builtin:ball_{name}") for name in cast.balls),
        count=Uniform(low=3, high=6),
        placement=ground.Spec(
            density=Uniform(low=0.015, high=0.08),
            upright=0.0,
            surface=SurfaceSpec(
                textures=floors,
                tile=LogUniform(low=0.3, high=2.0),
                hue_deg=Uniform(low=85, high=150),
                saturation=Uniform(low=0.3, high=0.85),
                brightness=Uniform(low=0.1, high=0.45),
            ),
        ),
        camera=shell.Spec(elevation_deg=Uniform(low=6, high=40), framing=Uniform(low=0.7, high=1.5)),
        materials=MaterialJitter(saturation=Uniform(low=0.0, high=0.1), brightness=Uniform(low=0.8, high=1.05)),
        distractors=DistractorsSpec(
            count=Uniform(low=5, high=10),
            meshes=tuple(f"builtin:{name}" for name in others),
            size=LogUniform(low=0.7, high=6.0),
            in_front=0.15,
            materials=MaterialJitter(probability=0.3),
        ),
        environment=EnvironmentSpec(source=environments, strength=LogUniform(low=0.4, high=1.2)),
        backgrounds=(EnvironmentBackground(weight=2), ProceduralBackgrounds(weight=1, seeds=cast.seeds)),
        sensor=SensorSpec(
            exposure_ev=Uniform(low=-0.7, high=0.4),
            blur_sigma_px=Uniform(low=0.0, high=1.8),
            shot_noise=LogUniform(low=0.0001, high=0.003),
            read_noise=LogUniform(low=0.002, high=0.02),
        ),
        rejection=RejectionSpec(max_box_overhang=0.6),
    )


VARIANTS = {
    "train": Variant(make=partial(scenes, TRAINING), about="scenes to learn from"),
    "validation": Variant(make=partial(scenes, VALIDATION), about="scenes to choose settings on"),
    "test": Variant(make=partial(scenes, TEST), about="scenes to measure on"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML.

    Raises:
        CallError: there is no such variant.
    """
    return print_variant("ball_scenes", VARIANTS, variant, __doc__ or "")
