"""Schedules as mmdetection names them, so that each recipe says only what is its own."""

from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.optimisation import SgdSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import CheckpointSpec, TrainSpec, ValidationSpec
from meshsight.specs.training_data import DataSpec

LANDSCAPE_HW = (800, 1344)
"""Where mmdetection scales to fit 1333x800 and pads to a multiple of 32."""

SHORT_SIDES = tuple(round(side / 800, 2) for side in range(640, 801, 32))
"""Short sides of 640, 672, ... 800 as factors on the scale that fits 800."""

SHORT_SIDES_FROM_480 = tuple(round(side / 800, 2) for side in range(480, 801, 32))
"""The same from 480 on, as DETR has them."""

FLIPS_ONLY = AugmentationSpec(scale=(1.0, 1.0), place="top_left", colour=None, min_remaining=0.0, min_side_px=0.0)
"""mmdetection's usual augmentation: mirrored or not."""

MULTI_SCALE = FLIPS_ONLY.evolve(scale=(0.8, 1.0), scale_sampling="uniform")
"""Short sides drawn from 640 to 800."""

COCO_DATA = DataSpec(drop_empty=True, min_image_px=32, group_by_aspect=True)
"""Images without objects or under 32 px are left out, and batches are all upright or all lying."""

EVERY_EPOCH = {
    "validation": ValidationSpec(every_epochs=1.0),
    "checkpoints": CheckpointSpec(keep_every_epochs=1.0, keep_at_most=3),
}


def in_epochs(epochs: int, drops: tuple[int, ...]) -> TrainSpec:
    """Returns mmdetection's way to train on COCO, on a detector to be replaced: SGD 0.01 at 16 images a step.

    Args:
        epochs: passes over the data.
        drops: epochs after which the learning rate falls to a tenth.
    """
    return TrainSpec(
        detector={"kind": "dense", "backbone": "tiny", "neck": "fpn", "head": "retina"},  # pyright: ignore[reportArgumentType]
        input_hw=LANDSCAPE_HW,
        epochs=epochs,
        batch_size=16,
        optimiser=SgdSpec(learning_rate=0.01, base_batch_size=16, decay_norms_and_biases=True),
        schedule=StepsSpec(at=drops, unit="epochs"),
        warm_up=WarmUpSpec(steps=500, start_factor=0.001),
        clip_norm=None,
        ema_decay=None,
        data=COCO_DATA,
        augmentation=FLIPS_ONLY,
        **EVERY_EPOCH,
    )


def schedule_1x() -> TrainSpec:
    """12 epochs."""
    return in_epochs(12, (8, 11))


def schedule_2x() -> TrainSpec:
    """24 epochs."""
    return in_epochs(24, (16, 22))


def schedule_multi_scale_3x() -> TrainSpec:
    """36 epochs at short sides of 640 to 800; mmdetection says 12 epochs of data that is repeated three times."""
    return in_epochs(36, (27, 33)).evolve(augmentation=MULTI_SCALE)


def schedule_90k() -> TrainSpec:
    """90,000 steps, whatever the size of the data; validated every 10,000."""
    return in_epochs(1, ()).evolve(
        epochs=None,
        steps=90_000,
        schedule=StepsSpec(at=(60_000, 80_000), unit="steps"),
        validation=ValidationSpec(every_steps=10_000),
        checkpoints=CheckpointSpec(keep_every_steps=10_000),
    )


def schedule_crop_640_50e() -> TrainSpec:
    """50 epochs at 640x640 with scales of 0.8 to 1.2, 64 images a step, SGD 0.08: for necks trained from scratch."""
    return in_epochs(50, (30, 40)).evolve(
        input_hw=(640, 640),
        batch_size=64,
        optimiser=SgdSpec(learning_rate=0.08, base_batch_size=64, decay_biases=True),
        warm_up=WarmUpSpec(steps=1000, start_factor=0.1),
        data=DataSpec(drop_empty=True, min_image_px=32),
        augmentation=FLIPS_ONLY.evolve(scale=(0.8, 1.2), scale_sampling="uniform"),
        validation=ValidationSpec(every_epochs=2.0),
    )
