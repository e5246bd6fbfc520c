"""What the recipes of real-time DETRs have in common: 640x640, strong augmentation until shortly before the end.

From the authors' configurations, `include/dataloader.yml` and `include/optimizer.yml` of lyuwenyu/RT-DETR (31e55a4,
`rtdetrv2_pytorch/configs/rtdetrv2`) and Peterande/D-FINE (3a57af7 and 58d5d90, `configs/dfine`), whose transforms are
torchvision's with its own defaults. There what lies around an image is black, a window has to overlap one object
enough instead of all, 640 is drawn more often than other sizes and alone in the plain epochs, and the stem of the
larger sizes rests.
"""

from dataclasses import dataclass

from meshsight.models.detectors import query
from meshsight.presets._photometric import PHOTOMETRIC
from meshsight.specs.augmentation import AugmentationSpec, MultiScaleSpec
from meshsight.specs.base import VariantSpec
from meshsight.specs.cropping import IouCropSpec, ZoomOutSpec
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec

AUGMENTATION = AugmentationSpec(
    scale=(1.0, 1.0),
    place="top_left",
    colour=PHOTOMETRIC,
    zoom_out=ZoomOutSpec(ratio=(1.0, 4.0)),
    iou_crop=IouCropSpec(probability=0.8, min_ious=(0.1, 0.3, 0.5, 0.7, 0.9), tries=40),
    multi_scale=MultiScaleSpec(low=480, high=800, every=1),
    min_remaining=0.0,
    min_side_px=1.0,
)
"""Of SSD: colours, a larger grey image around, a window by overlap; and another size for every batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a size is trained.

    Attributes:
        epochs: over the data.
        plain_epochs: of them at the end, without strong augmentation.
        batch_size: images a step.
        learning_rate: of all but the backbone.
        backbone_factor: on it, for the backbone.
        weight_decay: of all but norms and, unless `decay_biases`, biases.
        warm_up: steps until the full learning rate.
        ema_ramp: of the weights' average.
        decay_biases: whether it acts on biases.
        is_multi_scale: whether inputs change their size.
    """

    epochs: int
    plain_epochs: int
    batch_size: int
    learning_rate: float
    backbone_factor: float
    weight_decay: float
    warm_up: int
    ema_ramp: int
    decay_biases: bool = True
    is_multi_scale: bool = True


def real_time(architecture: VariantSpec, course: Course) -> TrainSpec:
    """Returns the recipe: a flat learning rate, short gradients, a slow average of the weights."""
    augmentation = AUGMENTATION.evolve(plain_end=course.plain_epochs / course.epochs)
    return TrainSpec(
        detector=query.Spec(architecture=architecture),
        input_hw=(640, 640),
        epochs=course.epochs,
        batch_size=course.batch_size,
        optimiser=AdamWSpec(
            learning_rate=course.learning_rate,
            base_batch_size=course.batch_size,
            weight_decay=course.weight_decay,
            decay_biases=course.decay_biases,
            backbone_factor=course.backbone_factor,
        ),
        schedule=StepsSpec(at=(), unit="epochs"),
        warm_up=WarmUpSpec(steps=course.warm_up, start_factor=1 / course.warm_up),
        clip_norm=0.1,
        ema_decay=0.9999,
        ema_ramp=course.ema_ramp,
        augmentation=augmentation if course.is_multi_scale else augmentation.evolve(multi_scale=None),
        validation=ValidationSpec(every_epochs=1.0),
    )
