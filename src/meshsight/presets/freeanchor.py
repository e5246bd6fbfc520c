"""FreeAnchor (Zhang et al., arXiv 1909.02466) on RetinaNet as mmdetection 3.3 trains it on COCO: 12 epochs.

AP is mmdetection's own on COCO val2017. Differences: as in the recipe `retinanet`.
"""

from functools import partial

from meshsight.models.heads import freeanchor
from meshsight.presets._parts import R50, R101, X101_32, retinanet
from meshsight.presets._schedules import schedule_1x
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.training import TrainSpec


def freeanchor_1x(backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of 12 epochs, with gradients cut to a norm of 35."""
    detector = retinanet(backbone).evolve(head=freeanchor.Spec())
    return schedule_1x().evolve(detector=detector, clip_norm=35.0)


VARIANTS = {
    "r50_1x": Variant(make=freeanchor_1x, about="ResNet-50; 38.7 AP"),
    "r101_1x": Variant(make=partial(freeanchor_1x, R101), about="ResNet-101; 40.3 AP"),
    "x101_32x4d_1x": Variant(make=partial(freeanchor_1x, X101_32), about="ResNeXt-101 32x4d; 41.9 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; ResNet-50 unless another is named."""
    return print_variant("freeanchor", VARIANTS, variant, __doc__ or "")
