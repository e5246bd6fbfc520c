"""RetinaNet (Lin et al., arXiv 1708.02002) as mmdetection 3.3 trains it on COCO.

AP is mmdetection's own on COCO val2017. Differences: images are scaled to fit 1344x800 instead of 1333x800 and padded
to exactly that, and the loss is divided by the positives of the whole batch instead of one GPU's.
"""

from functools import partial

from meshsight.models.backbones import timm
from meshsight.presets._parts import R18, R50, R101, X101_32, X101_64, retinanet
from meshsight.presets._schedules import (
    SHORT_SIDES,
    in_epochs,
    schedule_1x,
    schedule_2x,
    schedule_90k,
    schedule_multi_scale_3x,
)
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import WarmUpSpec
from meshsight.specs.training import TrainSpec

RSB = timm.Spec(name="resnet50.a1_in1k", frozen_stages=1, norm="frozen")


def retinanet_1x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 12 epochs."""
    return schedule_1x().evolve(detector=retinanet(backbone))


def retinanet_2x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 24 epochs."""
    return schedule_2x().evolve(detector=retinanet(backbone))


def retinanet_multi_scale_3x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 36 epochs at many scales."""
    return schedule_multi_scale_3x().evolve(detector=retinanet(backbone))


def retinanet_90k() -> TrainSpec:
    """Returns the recipe of 90,000 steps."""
    return schedule_90k().evolve(detector=retinanet())


def retinanet_multi_scale_90k() -> TrainSpec:
    """Returns the recipe of 90,000 steps at short sides of 640, 672, ... 800."""
    recipe = retinanet_90k()
    return recipe.evolve(
        augmentation=recipe.augmentation.evolve(scale_choices=SHORT_SIDES),
        warm_up=WarmUpSpec(steps=1000, start_factor=0.001),
    )


def retinanet_adamw_1x() -> TrainSpec:
    """Returns 12 epochs from stronger ImageNet weights (arXiv 2110.00476), with AdamW: 2.5 AP for nothing."""
    return in_epochs(12, (8, 11)).evolve(
        detector=retinanet(RSB),
        optimiser=AdamWSpec(learning_rate=1e-4, base_batch_size=16, weight_decay=0.05, decay_biases=True),
    )


VARIANTS = {
    "r50_1x": Variant(make=retinanet_1x, about="ResNet-50, 12 epochs; 36.5 AP"),
    "r50_2x": Variant(make=retinanet_2x, about="ResNet-50, 24 epochs; 37.4 AP"),
    "r50_ms3x": Variant(make=retinanet_multi_scale_3x, about="ResNet-50, 36 epochs at many scales; 39.5 AP"),
    "r50_90k": Variant(make=retinanet_90k, about="ResNet-50, 90,000 steps; the length of 1x, published as 36.5 AP"),
    "r50_ms90k": Variant(
        make=retinanet_multi_scale_90k, about="ResNet-50, 90,000 steps at many scales; no AP in mmdetection's table"
    ),
    "r50_adamw_1x": Variant(make=retinanet_adamw_1x, about="ResNet-50 of stronger weights, AdamW, 12 epochs; 39.0 AP"),
    "r18_1x": Variant(make=partial(retinanet_1x, R18), about="ResNet-18, 12 epochs; 31.7 AP"),
    "r101_1x": Variant(make=partial(retinanet_1x, R101), about="ResNet-101, 12 epochs; 38.5 AP"),
    "r101_2x": Variant(make=partial(retinanet_2x, R101), about="ResNet-101, 24 epochs; 38.9 AP"),
    "r101_ms3x": Variant(
        make=partial(retinanet_multi_scale_3x, R101), about="ResNet-101, 36 epochs at many scales; 41.0 AP"
    ),
    "x101_32x4d_1x": Variant(make=partial(retinanet_1x, X101_32), about="ResNeXt-101 32x4d, 12 epochs; 39.9 AP"),
    "x101_32x4d_2x": Variant(make=partial(retinanet_2x, X101_32), about="ResNeXt-101 32x4d, 24 epochs; 40.1 AP"),
    "x101_64x4d_1x": Variant(make=partial(retinanet_1x, X101_64), about="ResNeXt-101 64x4d, 12 epochs; 41.0 AP"),
    "x101_64x4d_2x": Variant(make=partial(retinanet_2x, X101_64), about="ResNeXt-101 64x4d, 24 epochs; 40.8 AP"),
    "x101_64x4d_ms3x": Variant(
        make=partial(retinanet_multi_scale_3x, X101_64), about="ResNeXt-101 64x4d, 36 epochs at many scales; 41.6 AP"
    ),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; 1x on ResNet-50 unless another is named."""
    return print_variant("retinanet", VARIANTS, variant, __doc__ or "")
