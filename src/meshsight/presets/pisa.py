"""PISA (Cao et al., arXiv 1904.04821) on RetinaNet as mmdetection 3.3 trains it on COCO: 12 epochs.

AP is mmdetection's own on COCO val2017. Differences: as in the recipe `retinanet`.
"""

from functools import partial

from meshsight.models.heads import pisa
from meshsight.presets._parts import R50, X101_32, retinanet
from meshsight.presets._schedules import schedule_1x
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.training import TrainSpec


def pisa_1x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 12 epochs."""
    return schedule_1x().evolve(detector=retinanet(backbone).evolve(head=pisa.Spec()))


VARIANTS = {
    "r50_1x": Variant(make=pisa_1x, about="ResNet-50; 36.9 AP"),
    "x101_32x4d_1x": Variant(make=partial(pisa_1x, X101_32), about="ResNeXt-101 32x4d; 40.7 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; ResNet-50 unless another is named."""
    return print_variant("pisa", VARIANTS, variant, __doc__ or "")
