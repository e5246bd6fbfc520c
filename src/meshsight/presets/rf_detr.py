"""RF-DETR (Robinson et al., arXiv 2511.09554): fine-tuning a DETR on DINOv2, whose pre-training is worth most.

AP is that of the authors' weights on COCO val2017, as one FP16 TensorRT engine gives it; sizes and settings are those
of roboflow/rf-detr (`src/rfdetr/config.py` 000ef83; of training, `rfdetr/config.py` 00772cc: a flat rate, no warm-up,
no dropout). Start from their weights: `meshsight weights import Roboflow/rf-detr-nano --out DIR` (or small, medium,
large), then `weights: DIR`; from scratch it learns little. Differences: images are fitted with bars instead of
squeezed; the backbone's layers share one learning rate, where there it falls by 0.8 a layer towards the image.
"""

from functools import partial

from meshsight.models.detectors import query
from meshsight.models.queries import rf_detr
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec


def rf_detr_training(side: int, decoder_layers: int) -> TrainSpec:
    """Returns the recipe of a size: the side of its input, and layers of its decoder."""
    architecture = rf_detr.Spec(image_size=side, decoder_layers=decoder_layers)
    return TrainSpec(
        detector=query.Spec(architecture=architecture),
        input_hw=(side, side),
        epochs=100,
        batch_size=16,
        optimiser=AdamWSpec(learning_rate=1e-4, base_batch_size=16, weight_decay=1e-4, backbone_factor=1.5),
        schedule=StepsSpec(at=()),
        warm_up=WarmUpSpec(steps=0),
        clip_norm=0.1,
        ema_decay=0.993,
        ema_ramp=100,
        augmentation=AugmentationSpec(scale=(0.6, 1.5)),
        validation=ValidationSpec(every_epochs=1.0),
    )


VARIANTS = {
    "n": Variant(make=partial(rf_detr_training, 384, 2), about="30 million parameters, 384x384; 48.4 AP"),
    "s": Variant(make=partial(rf_detr_training, 512, 3), about="512x512; 53.0 AP"),
    "m": Variant(make=partial(rf_detr_training, 576, 4), about="576x576; 54.7 AP"),
    "l": Variant(make=partial(rf_detr_training, 704, 4), about="34 million parameters, 704x704; 56.5 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; the smallest unless another is named."""
    return print_variant("rf_detr", VARIANTS, variant, __doc__ or "")
