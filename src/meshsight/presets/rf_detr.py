"""RF-DETR (Robinson et al., arXiv 2511.09554): fine-tuning a DETR on DINOv2, whose pre-training is worth most.

AP is that of the authors' weights on COCO val2017, as one FP16 TensorRT engine gives it, and parameters are those of
their documentation; sizes and settings are those of roboflow/rf-detr (`src/rfdetr/config.py` 000ef83; of training,
`rfdetr/config.py` 00772cc: a flat rate, no warm-up, no dropout; rates by depth, `models/backbone/backbone.py` 00c8237;
crops and sizes, `datasets/coco.py` 0348048). Start from their weights: `meshsight weights import Roboflow/rf-detr-nano
--out DIR` (or small, medium, large), then `weights: DIR`; from scratch it learns little. Differences: images are fitted
with bars instead of squeezed, no input is smaller than its queries need (288 pixels), and norms and biases decay
nowhere, where there they do outside of the backbone.
"""

from functools import partial

from meshsight.models.detectors import query
from meshsight.models.queries import rf_detr
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.augmentation import AugmentationSpec, MultiScaleSpec
from meshsight.specs.cropping import CropSpec
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec

BACKBONE = 1.5 * 0.7**2
"""Its learning rate over that of the heads: 1.5e-4 over 1e-4, and 0.7 for each of two components farther from them."""
LEAST_SIDE = 288
"""With 18 x 18 patches, for 300 queries."""


def rates_by_depth(num_layers: int = 12) -> dict[str, float]:
    """Returns factors on the learning rate: in the backbone 0.8 less each layer, two from the last one to the rest."""
    layers = {f"encoder.layer.{i}.": BACKBONE * 0.8 ** (num_layers + 1 - i) for i in range(num_layers)}
    rates = {"backbone.embeddings.": BACKBONE * 0.8 ** (num_layers + 2), **layers, "backbone.layernorm.": BACKBONE}
    return {name: round(rate, 4) for name, rate in {**rates, "model.decoder.": 0.7}.items()}


def rf_detr_training(side: int, decoder_layers: int) -> TrainSpec:
    """Returns the recipe of a size: the side of its input, and layers of its decoder."""
    architecture = rf_detr.Spec(image_size=side, decoder_layers=decoder_layers)
    return TrainSpec(
        detector=query.Spec(architecture=architecture),
        input_hw=(side, side),
        epochs=100,
        batch_size=16,
        optimiser=AdamWSpec(learning_rate=1e-4, base_batch_size=16, weight_decay=1e-4, factors=rates_by_depth()),
        schedule=StepsSpec(at=()),
        warm_up=WarmUpSpec(steps=0),
        clip_norm=0.1,
        ema_decay=0.993,
        ema_ramp=100,
        augmentation=AugmentationSpec(
            scale=(1.0, 1.0),
            place="top_left",
            crop=CropSpec(),
            multi_scale=MultiScaleSpec(low=max(LEAST_SIDE, side - 160), high=side + 160, every=1),
            colour=None,
            min_remaining=0.0,
            min_side_px=1.0,
        ),
        validation=ValidationSpec(every_epochs=1.0),
    )


VARIANTS = {
    "n": Variant(make=partial(rf_detr_training, 384, 2), about="30.5 million parameters, 384x384; 48.4 AP"),
    "s": Variant(make=partial(rf_detr_training, 512, 3), about="32.1 million parameters, 512x512; 53.0 AP"),
    "m": Variant(make=partial(rf_detr_training, 576, 4), about="33.7 million parameters, 576x576; 54.7 AP"),
    "l": Variant(make=partial(rf_detr_training, 704, 4), about="33.9 million parameters, 704x704; 56.5 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; the smallest unless another is named."""
    return print_variant("rf_detr", VARIANTS, variant, __doc__ or "")
