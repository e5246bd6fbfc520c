"""A study of RetinaNet on photographs of waste (10 classes, 1024x1024), row by row: what raised AP50, and by how much.

AP50 is that of the study's own leaderboard, a competition's hidden test set, not COCO's. What it taught: a longer
schedule at many scales is worth six points, a stronger backbone eleven, and exotic heads on a short schedule lose to
the plain one. At test time its best model looked at three scales, mirrored or not: `meshsight evaluate RUN --data DIR
--set scales=[1,0.5,1.5] --set flips=[none,horizontal]`.
"""

from functools import partial

from meshsight.models.backbones import timm
from meshsight.presets import fpg, freeanchor, pisa, retinanet
from meshsight.presets._parts import R101, X101_64
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.optimisation import AdamWSpec, LayerDecaySpec
from meshsight.specs.training import TrainSpec

CONVNEXT_T = timm.Spec(name="convnext_tiny.in12k_ft_in1k", drop_path=0.4)
CONVNEXT_L = timm.Spec(name="convnext_large.fb_in22k", drop_path=0.5)


def convnext_multi_scale_3x(backbone: VariantSpec) -> TrainSpec:
    """Returns RetinaNet on ConvNeXt for 36 epochs: AdamW, learning rates that fall towards the stem, clipping at 35."""
    optimiser = AdamWSpec(
        learning_rate=1e-4,
        base_batch_size=None,
        weight_decay=0.05,
        layer_decay=LayerDecaySpec(rate=0.95, num_layers=6),
    )
    return retinanet.retinanet_multi_scale_3x(backbone).evolve(
        optimiser=optimiser, batch_size=4, clip_norm=35.0, seed=2024
    )


def _at_four(recipe: TrainSpec) -> TrainSpec:
    """Returns a recipe with the study's four images a step; the learning rate is not scaled, as it was not there."""
    return recipe.evolve(batch_size=4, optimiser=recipe.optimiser.evolve(base_batch_size=None), seed=2024)


VARIANTS = {
    "convnext_l_ms3x": Variant(
        make=partial(convnext_multi_scale_3x, CONVNEXT_L), about="RetinaNet, ConvNeXt-L, 36 epochs; AP50 0.607"
    ),
    "convnext_t_ms3x": Variant(
        make=partial(convnext_multi_scale_3x, CONVNEXT_T), about="RetinaNet, ConvNeXt-T, 36 epochs; AP50 0.498"
    ),
    "x101_ms3x": Variant(
        make=lambda: _at_four(retinanet.retinanet_multi_scale_3x(X101_64)),
        about="RetinaNet, ResNeXt-101 64x4d, 36 epochs at many scales; AP50 0.498",
    ),
    "r101_ms3x": Variant(
        make=lambda: _at_four(retinanet.retinanet_multi_scale_3x(R101)),
        about="RetinaNet, ResNet-101, 36 epochs at many scales; AP50 0.459",
    ),
    "r50_ms3x": Variant(
        make=lambda: _at_four(retinanet.retinanet_multi_scale_3x()),
        about="RetinaNet, ResNet-50, 36 epochs at many scales; AP50 0.453",
    ),
    "r50_90k": Variant(
        make=lambda: _at_four(retinanet.retinanet_90k()), about="RetinaNet, ResNet-50, 90,000 steps; AP50 0.389"
    ),
    "fpg_r50_50e": Variant(
        make=lambda: fpg.VARIANTS["retinanet_r50"].make().evolve(batch_size=4, seed=2024),
        about="RetinaNet with FPG, ResNet-50, 50 epochs, learning rate scaled to four images; AP50 0.292",
    ),
    "pisa_r50_1x": Variant(make=lambda: _at_four(pisa.pisa_1x()), about="PISA, ResNet-50, 12 epochs; AP50 0.248"),
    "freeanchor_r50_1x": Variant(
        make=lambda: _at_four(freeanchor.freeanchor_1x()), about="FreeAnchor, ResNet-50, 12 epochs; AP50 0.177"
    ),
}


def recipe(variant: str | None = None) -> str:
    """Returns a row of the study as commented YAML; its best RetinaNet unless another is named."""
    return print_variant("study", VARIANTS, variant, __doc__ or "")
