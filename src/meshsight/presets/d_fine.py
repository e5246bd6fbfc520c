"""D-FINE (Peng et al., arXiv 2410.13842): RT-DETR's line with edges as distributions.

AP is that of the authors on COCO val2017, trained on COCO alone. The recipe is that of L: 72 epochs with strong
augmentation, 8 without; the other sizes have rates and lengths of their own there. Start from the authors' weights:
`meshsight weights import ustc-community/dfine-small-coco --out DIR`, then `weights: DIR`. Differences: images are
fitted with bars instead of squeezed; the average is not begun anew for the last epochs.
"""

from functools import partial

from meshsight.models.detectors import query
from meshsight.models.queries import d_fine
from meshsight.presets._real_time import real_time
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.training import TrainSpec

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


def d_fine_training(architecture: d_fine.Spec = L) -> TrainSpec:
    """Returns the recipe of a size."""
    optimiser = AdamWSpec(learning_rate=2.5e-4, base_batch_size=32, weight_decay=1.25e-4, backbone_factor=0.05)
    detector = query.Spec(architecture=architecture)
    return real_time(detector, epochs=80, plain_epochs=8, batch_size=32, optimiser=optimiser)


VARIANTS = {
    "s": Variant(make=partial(d_fine_training, S), about="10 million parameters; 48.5 AP"),
    "m": Variant(make=partial(d_fine_training, M), about="19 million parameters; 52.3 AP"),
    "l": Variant(make=d_fine_training, about="31 million parameters; 54.0 AP"),
    "x": Variant(make=partial(d_fine_training, X), about="62 million parameters; 55.8 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; S unless another is named."""
    return print_variant("d_fine", VARIANTS, variant, __doc__ or "")
