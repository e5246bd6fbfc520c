"""D-FINE (Peng et al., arXiv 2410.13842): RT-DETR's line with edges as distributions.

AP and parameters are those of the authors' README (Peterande/D-FINE) on COCO val2017, trained on COCO alone. L and X
train for 72 epochs with strong augmentation and 8 without, S and M for 120 and 12, with rates for the backbone of their
own (`configs/dfine/dfine_hgnetv2_{s,m,l,x}_coco.yml`; S and M as the copy xxflzj/D-FINE 408adb7 has them, whose first
versions ended on 10 plain epochs and had the rates of L); the architectures are also those of transformers' converter,
`convert_d_fine_original_pytorch_checkpoint_to_hf.py`. Start from the authors' weights: `meshsight weights import
ustc-community/dfine-small-coco --out DIR` (or medium, large, xlarge), then `weights: DIR`. Differences: images are
fitted with bars instead of squeezed; the average is not begun anew for the last epochs.
"""

from dataclasses import replace
from functools import partial

from meshsight.models.queries import d_fine
from meshsight.presets._real_time import Course, real_time
from meshsight.presets._variants import Variant, print_variant

S = d_fine.Spec(
    norm="batch",
    stem_channels=(16, 16),
    blocks=(1, 1, 2, 1),
    block_layers=3,
    middles=(16, 32, 64, 128),
    widths=(64, 256, 512, 1024),
    has_affine=True,
    depth=0.34,
    expansion=0.5,
    decoder_layers=3,
)
M = S.evolve(
    stem_channels=(24, 32),
    blocks=(1, 1, 3, 1),
    block_layers=4,
    middles=(32, 64, 128, 256),
    widths=(96, 384, 768, 1536),
    depth=0.67,
    expansion=1.0,
    decoder_layers=4,
)
L = d_fine.Spec()
X = d_fine.Spec(
    stem_channels=(32, 64),
    blocks=(1, 2, 5, 2),
    middles=(64, 128, 256, 512),
    encoder_channels=384,
    encoder_ffn_channels=2048,
    edge_scale=8.0,
)

LARGER = Course(
    epochs=80,
    plain_epochs=8,
    batch_size=32,
    learning_rate=2.5e-4,
    backbone_factor=0.05,
    weight_decay=1.25e-4,
    warm_up=500,
    ema_ramp=1000,
)
SMALLER = replace(
    LARGER,
    epochs=132,
    plain_epochs=12,
    learning_rate=2e-4,
    backbone_factor=0.5,
    weight_decay=1e-4,
    decay_biases=False,
)

VARIANTS = {
    "s": Variant(make=partial(real_time, S, SMALLER), about="10 million parameters; 48.5 AP"),
    "m": Variant(
        make=partial(real_time, M, replace(SMALLER, backbone_factor=0.1)), about="19 million parameters; 52.3 AP"
    ),
    "l": Variant(make=partial(real_time, L, LARGER), about="31 million parameters; 54.0 AP"),
    "x": Variant(
        make=partial(real_time, X, replace(LARGER, backbone_factor=0.01)), about="62 million parameters; 55.8 AP"
    ),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; S unless another is named."""
    return print_variant("d_fine", VARIANTS, variant, __doc__ or "")
