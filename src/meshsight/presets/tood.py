"""TOOD (Feng et al., arXiv 2108.07755) as mmdetection 3.3 trains it on COCO.

AP is mmdetection's own on COCO val2017. Differences: as in the recipe `retinanet`.
"""

from functools import partial

from meshsight.models.detectors import dense
from meshsight.models.heads import tood
from meshsight.models.necks import fpn
from meshsight.presets._parts import R50, R101, X101_64
from meshsight.presets._schedules import MULTI_SCALE, schedule_1x, schedule_2x
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.training import TrainSpec

SHORT_480_TO_800 = MULTI_SCALE.evolve(scale=(0.6, 1.0))


def tood_detector(backbone: VariantSpec = R50) -> dense.Spec:
    """Returns TOOD without anchors."""
    neck = fpn.Spec(extra_levels="on_output")
    return dense.Spec(backbone=backbone, neck=neck, head=tood.Spec(), decode=DecodeSpec(nms_iou=0.6))


def tood_1x() -> TrainSpec:
    """Returns the recipe of 12 epochs, the first four of them with ATSS."""
    return schedule_1x().evolve(detector=tood_detector())


def tood_multi_scale_2x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 24 epochs at short sides of 480 to 800; ATSS for the first four."""
    detector = tood_detector(backbone)
    detector = detector.evolve(head=tood.Spec(atss_share=4 / 24))
    return schedule_2x().evolve(detector=detector, augmentation=SHORT_480_TO_800)


VARIANTS = {
    "r50_1x": Variant(make=tood_1x, about="ResNet-50, 12 epochs; 42.4 AP"),
    "r50_ms2x": Variant(make=tood_multi_scale_2x, about="ResNet-50, 24 epochs at many scales; 44.5 AP"),
    "r101_ms2x": Variant(
        make=partial(tood_multi_scale_2x, R101), about="ResNet-101, 24 epochs at many scales; 46.1 AP"
    ),
    "x101_64x4d_ms2x": Variant(
        make=partial(tood_multi_scale_2x, X101_64), about="ResNeXt-101 64x4d, 24 epochs at many scales; 47.6 AP"
    ),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; ResNet-50 for 12 epochs unless another is named."""
    return print_variant("tood", VARIANTS, variant, __doc__ or "")
