"""What the recipes of real-time DETRs have in common: 640x640, strong augmentation until shortly before the end."""

from meshsight.specs.augmentation import AugmentationSpec, ColourJitterSpec, MultiScaleSpec
from meshsight.specs.base import VariantSpec
from meshsight.specs.cropping import IouCropSpec, ZoomOutSpec
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec

AUGMENTATION = AugmentationSpec(
    scale=(1.0, 1.0),
    place="top_left",
    colour=ColourJitterSpec(brightness=0.125, contrast=0.5, saturation=0.5, hue_deg=18.0, channel_gain=0.0),
    zoom_out=ZoomOutSpec(),
    iou_crop=IouCropSpec(),
    multi_scale=MultiScaleSpec(low=480, high=800, every=1),
    min_remaining=0.0,
    min_side_px=1.0,
)
"""Of SSD: colours, a larger grey image around, a window by overlap; and another size for every batch."""


def real_time(
    detector: VariantSpec, *, epochs: int, plain_epochs: int, batch_size: int, optimiser: AdamWSpec
) -> TrainSpec:
    """Returns the recipe: a flat learning rate, short gradients, a slow average of the weights."""
    return TrainSpec(
        detector=detector,
        input_hw=(640, 640),
        epochs=epochs,
        batch_size=batch_size,
        optimiser=optimiser,
        schedule=StepsSpec(at=(), unit="epochs"),
        warm_up=WarmUpSpec(steps=2000, start_factor=0.001),
        clip_norm=0.1,
        ema_decay=0.9999,
        ema_ramp=2000,
        augmentation=AUGMENTATION.evolve(plain_end=plain_epochs / epochs),
        validation=ValidationSpec(every_epochs=1.0),
    )
