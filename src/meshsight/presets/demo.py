"""The demo: scenes of eight built-in objects, hard on purpose, and the small detector that learns them on a CPU.

Two pairs of objects differ only in texture; distractors share shapes and colours with the classes; many objects are
small, hidden or cut off. The test is drawn from seeds, backgrounds and environments that training never sees.
"""

from typing import get_args

from meshsight.presets.small import small_training
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.clutter import DistractorsSpec
from meshsight.specs.commented import dump_commented
from meshsight.specs.distributions import Choice, LogUniform, Normal, Uniform
from meshsight.specs.pictures import BackgroundFamily, EnvironmentFamily, ProceduralEnvironments
from meshsight.specs.scene import ImageSpec, ObjectSpec, RejectionSpec, SceneSpec
from meshsight.specs.surroundings import EnvironmentBackground, EnvironmentSpec, PlainBackgrounds, ProceduralBackgrounds
from meshsight.specs.training import TrainSpec
from meshsight.synthesis.placements import frustum

OBJECTS = ("box_cereal", "box_parcel", "can_cola", "can_paint", "drill", "duck", "mug", "plant")
TEST_BACKGROUNDS: tuple[BackgroundFamily, ...] = ("collage", "foliage", "room", "shelves")
TEST_ENVIRONMENTS: tuple[EnvironmentFamily, ...] = ("hall", "sunset")
NUM_TRAINING = 1600
NUM_TEST = 240
MIN_VISIBILITY = 0.25
"""Objects of which less is visible are neither right nor wrong to find."""


def training_scenes() -> SceneSpec:
    """Returns the recipe of the training scenes."""
    return _scenes(
        seed=1,
        frames=NUM_TRAINING,
        backgrounds=tuple(name for name in get_args(BackgroundFamily) if name not in TEST_BACKGROUNDS),
        environments=tuple(name for name in get_args(EnvironmentFamily) if name not in TEST_ENVIRONMENTS),
    )


def held_out_scenes() -> SceneSpec:
    """Returns the recipe of the held-out scenes: another seed, and families of surroundings never trained on."""
    return _scenes(seed=2, frames=NUM_TEST, backgrounds=TEST_BACKGROUNDS, environments=TEST_ENVIRONMENTS)


def new_scenes(count: int) -> SceneSpec:
    """Returns the recipe of a few more scenes like those of the test."""
    return _scenes(seed=3, frames=count, backgrounds=TEST_BACKGROUNDS, environments=TEST_ENVIRONMENTS)


def training() -> TrainSpec:
    """Returns the training recipe: a fixed number of steps, and no look at the test.

    The scenes vary colours and sizes by themselves, so augmentation adds little but mirroring.
    """
    return small_training().evolve(augmentation=AugmentationSpec(scale=(0.9, 1.1), colour=None))


def _scenes(
    *,
    seed: int,
    frames: int,
    backgrounds: tuple[BackgroundFamily, ...],
    environments: tuple[EnvironmentFamily, ...],
) -> SceneSpec:
    return SceneSpec(
        seed=seed,
        frames=frames,
        image=ImageSpec(size_hw=(320, 320), quality=92),
        objects=tuple(ObjectSpec(name=name, mesh=f"builtin:{name}") for name in OBJECTS),
        count=Uniform(low=3, high=8),
        placement=frustum.Spec(
            apparent_size=LogUniform(low=0.13, high=0.62),
            overhang=0.25,
            tilt_deg=Normal(mean=0, std=30, low=0, high=90),
        ),
        distractors=DistractorsSpec(count=Choice(values=(5, 6, 7)), in_front=0.5, size=LogUniform(low=0.4, high=1.0)),
        environment=EnvironmentSpec(source=ProceduralEnvironments(families=environments)),
        backgrounds=(
            ProceduralBackgrounds(weight=7, families=backgrounds),
            EnvironmentBackground(weight=2),
            PlainBackgrounds(weight=1),
        ),
        rejection=RejectionSpec(max_box_overhang=0.6),
    )


def recipe() -> str:
    """Returns the recipe of the training scenes as commented YAML."""
    return dump_commented(training_scenes(), __doc__ or "")
