"""RT-DETRv2 (Lv et al., arXiv 2407.17140): a DETR in real time, 72 epochs on COCO, the smaller ones 120.

AP and parameters are those of the authors' README on COCO val2017 (48.1 is R18's second run); architectures, lengths
and rates are those of lyuwenyu/RT-DETR,
`rtdetrv2_pytorch/configs/rtdetrv2/rtdetrv2_r{18vd_120e,34vd_120e,50vd_6x,101vd_6x}_coco.yml`. Start from their weights:
`meshsight weights import PekingU/rtdetr_v2_r18vd --out DIR` (or r34vd, r50vd, r101vd), then `weights: DIR`; without
any, set `detector.architecture.norm` to batch. Difference: images are fitted with bars instead of squeezed.
"""

from dataclasses import replace
from functools import partial

from meshsight.models.queries import rt_detr_v2
from meshsight.presets._real_time import Course, real_time
from meshsight.presets._variants import Variant, print_variant

R50 = rt_detr_v2.Spec()
R18 = rt_detr_v2.Spec(
    norm="batch", block="basic", blocks=(2, 2, 2, 2), widths=(64, 128, 256, 512), expansion=0.5, decoder_layers=3
)
R34 = R18.evolve(blocks=(3, 4, 6, 3), decoder_layers=4)
R101 = rt_detr_v2.Spec(blocks=(3, 4, 23, 3), encoder_channels=384, encoder_ffn_channels=2048)

SHORT = Course(
    epochs=72,
    plain_epochs=1,
    batch_size=16,
    learning_rate=1e-4,
    backbone_factor=0.1,
    weight_decay=1e-4,
    warm_up=2000,
    ema_ramp=2000,
)
LONG = replace(SHORT, epochs=120, plain_epochs=3, backbone_factor=0.5)

VARIANTS = {
    "r18": Variant(
        make=partial(real_time, R18, replace(LONG, backbone_factor=1.0, is_multi_scale=False)),
        about="ResNet-18, 20 million parameters; 48.1 AP",
    ),
    "r34": Variant(
        make=partial(real_time, R34, replace(LONG, decay_biases=False)),
        about="ResNet-34, 31 million parameters; 49.9 AP",
    ),
    "r50": Variant(make=partial(real_time, R50, SHORT), about="ResNet-50, 42 million parameters; 53.4 AP"),
    "r101": Variant(
        make=partial(real_time, R101, replace(SHORT, backbone_factor=0.01)),
        about="ResNet-101, 76 million parameters; 54.3 AP",
    ),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; ResNet-18 unless another is named."""
    return print_variant("rt_detr_v2", VARIANTS, variant, __doc__ or "")
