"""Faster R-CNN (Ren et al., arXiv 1506.01497) with FPN as mmdetection 3.3 trains it on COCO.

AP is mmdetection's own on COCO val2017. Differences: images are scaled to fit 1344x800 instead of 1333x800 and padded
to exactly that.
"""

from functools import partial

from meshsight.models.necks import pafpn
from meshsight.presets._parts import R50, R101, X101_32, X101_64, faster_rcnn
from meshsight.presets._schedules import schedule_1x, schedule_2x, schedule_multi_scale_3x
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.training import TrainSpec


def _faster(schedule: TrainSpec, backbone: VariantSpec) -> TrainSpec:
    return schedule.evolve(detector=faster_rcnn(backbone), optimiser=schedule.optimiser.evolve(learning_rate=0.02))


def faster_rcnn_1x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 12 epochs."""
    return _faster(schedule_1x(), backbone)


def faster_rcnn_2x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 24 epochs."""
    return _faster(schedule_2x(), backbone)


def faster_rcnn_multi_scale_3x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 36 epochs at many scales."""
    return _faster(schedule_multi_scale_3x(), backbone)


def faster_rcnn_pafpn_1x() -> TrainSpec:
    """Returns the recipe of 12 epochs with a path aggregation network (arXiv 1803.01534) for a neck."""
    recipe = faster_rcnn_1x()
    neck = pafpn.Spec(first_stride=4, extra_levels="pool")
    return recipe.evolve(detector=recipe.detector.evolve(neck=neck))


VARIANTS = {
    "r50_1x": Variant(make=faster_rcnn_1x, about="ResNet-50, 12 epochs; 37.4 AP"),
    "r50_2x": Variant(make=faster_rcnn_2x, about="ResNet-50, 24 epochs; 38.4 AP"),
    "r50_ms3x": Variant(make=faster_rcnn_multi_scale_3x, about="ResNet-50, 36 epochs at many scales; 40.3 AP"),
    "r50_pafpn_1x": Variant(make=faster_rcnn_pafpn_1x, about="ResNet-50 with PAFPN, 12 epochs; 37.5 AP"),
    "r101_1x": Variant(make=partial(faster_rcnn_1x, R101), about="ResNet-101, 12 epochs; 39.4 AP"),
    "r101_2x": Variant(make=partial(faster_rcnn_2x, R101), about="ResNet-101, 24 epochs; 39.8 AP"),
    "r101_ms3x": Variant(
        make=partial(faster_rcnn_multi_scale_3x, R101), about="ResNet-101, 36 epochs at many scales; 41.8 AP"
    ),
    "x101_32x4d_1x": Variant(make=partial(faster_rcnn_1x, X101_32), about="ResNeXt-101 32x4d, 12 epochs; 41.2 AP"),
    "x101_64x4d_1x": Variant(make=partial(faster_rcnn_1x, X101_64), about="ResNeXt-101 64x4d, 12 epochs; 42.1 AP"),
    "x101_64x4d_ms3x": Variant(
        make=partial(faster_rcnn_multi_scale_3x, X101_64), about="ResNeXt-101 64x4d, 36 epochs at many scales; 43.1 AP"
    ),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; 1x on ResNet-50 unless another is named."""
    return print_variant("faster_rcnn", VARIANTS, variant, __doc__ or "")
