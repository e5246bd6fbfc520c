"""RT-DETRv2 (Lv et al., arXiv 2407.17140): a DETR in real time, 72 epochs and more on COCO.

AP is that of the authors on COCO val2017. Start from their weights: `meshsight weights import PekingU/rtdetr_v2_r18vd
--out DIR`, then `weights: DIR`; without any, set `detector.architecture.norm` to batch. Differences: images are fitted
with bars instead of squeezed; the smaller sizes are trained longer there.
"""

from functools import partial

from meshsight.models.detectors import query
from meshsight.models.queries import rt_detr_v2
from meshsight.presets._real_time import real_time
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.training import TrainSpec

R50 = rt_detr_v2.Spec()
R18 = rt_detr_v2.Spec(block="basic", blocks=(2, 2, 2, 2), widths=(64, 128, 256, 512), expansion=0.5, decoder_layers=3)
R34 = R18.evolve(blocks=(3, 4, 6, 3), decoder_layers=4)
R101 = rt_detr_v2.Spec(blocks=(3, 4, 23, 3), encoder_channels=384, encoder_ffn_channels=2048)


def rt_detr_training(architecture: rt_detr_v2.Spec = R50) -> TrainSpec:
    """Returns the recipe of a size."""
    optimiser = AdamWSpec(learning_rate=1e-4, base_batch_size=16, weight_decay=1e-4, backbone_factor=0.1)
    detector = query.Spec(architecture=architecture)
    return real_time(detector, epochs=72, plain_epochs=2, batch_size=16, optimiser=optimiser)


VARIANTS = {
    "r18": Variant(make=partial(rt_detr_training, R18), about="ResNet-18, 20 million parameters; 48.1 AP"),
    "r34": Variant(make=partial(rt_detr_training, R34), about="ResNet-34; 49.9 AP"),
    "r50": Variant(make=rt_detr_training, about="ResNet-50, 43 million parameters; 53.4 AP"),
    "r101": Variant(make=partial(rt_detr_training, R101), about="ResNet-101; 54.3 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; ResNet-18 unless another is named."""
    return print_variant("rt_detr_v2", VARIANTS, variant, __doc__ or "")
