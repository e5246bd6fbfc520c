"""YOLOX (Ge et al., arXiv 2107.08430): 300 epochs from scratch with mosaic and mixup, the last 15 without.

AP and parameters are those of the authors' README on COCO val2017; mmdetection has 32.0 AP for `tiny`, 40.5 for `s`,
49.4 for `l` and 50.9 for `x` (`configs/yolox/metafile.yml`). Settings are those of `yolox/exp/yolox_base.py` and
`exps/default/nano.py`. Differences: colours change by one linear map instead of in HSV, and the norms' statistics are
those of the moving average.
"""

from functools import partial

from meshsight.models.backbones import csp_darknet
from meshsight.models.detectors import dense
from meshsight.models.heads import yolox
from meshsight.models.necks import yolox as yolox_neck
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.augmentation import AugmentationSpec, ColourJitterSpec, MultiScaleSpec
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.mixing import MixupSpec, MosaicSpec
from meshsight.specs.optimisation import SgdSpec
from meshsight.specs.schedule import CosineSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec

PLAIN_END = 15 / 300
WARM_UP_EPOCHS = 5
COLOUR = ColourJitterSpec(
    brightness=0.12, contrast=0.0, saturation=0.12, hue_deg=10.0, channel_gain=0.0, probability=0.5
)
"""5 of 180 steps of hue, 30 of 255 of saturation and of value, each half of the time (`yolox/data/data_augment.py`)."""


def yolox_detector(depth: float, width: float, is_depthwise: bool = False) -> dense.Spec:
    """Returns YOLOX of a size."""
    channels = round(256 * width)
    return dense.Spec(
        backbone=csp_darknet.Spec(depth=depth, width=width, is_depthwise=is_depthwise),
        neck=yolox_neck.Spec(channels=channels, num_blocks=round(3 * depth), is_depthwise=is_depthwise),
        head=yolox.Spec(channels=channels, is_depthwise=is_depthwise, l1_share=PLAIN_END),
        decode=DecodeSpec(score_threshold=0.01, nms_iou=0.65),
        normalise="none",
    )


def yolox_300e(depth: float, width: float, is_small: bool = False, is_depthwise: bool = False) -> TrainSpec:
    """Returns the recipe of 300 epochs.

    Args:
        depth: factor on the number of blocks.
        width: factor on the channels.
        is_small: nano and tiny are trained at 416x416, with milder scales and without mixup.
        is_depthwise: as nano.
    """
    side, low, high = (416, 320, 640) if is_small else (640, 480, 800)
    return TrainSpec(
        detector=yolox_detector(depth, width, is_depthwise),
        input_hw=(side, side),
        epochs=300,
        batch_size=64,
        optimiser=SgdSpec(learning_rate=0.01, base_batch_size=64, weight_decay=5e-4, nesterov=True),
        schedule=CosineSpec(final_factor=0.05, begins=WARM_UP_EPOCHS / 300, ends=1 - PLAIN_END),
        warm_up=WarmUpSpec(epochs=WARM_UP_EPOCHS, start_factor=0.0, curve="quadratic"),
        clip_norm=None,
        ema_decay=0.9998,
        ema_ramp=2000,
        augmentation=AugmentationSpec(
            scale=(0.5, 1.5) if is_small else (0.1, 2.0),
            scale_sampling="uniform",
            place="top_left",
            translate=0.1,
            rotate_deg=10.0,
            shear_deg=2.0,
            mosaic=MosaicSpec(probability=0.5 if is_depthwise else 1.0),
            mixup=None if is_small else MixupSpec(scale=(0.5, 1.5)),
            multi_scale=MultiScaleSpec(low=low, high=high),
            colour=COLOUR,
            plain_end=PLAIN_END,
            min_remaining=0.0,
            min_side_px=1.0,
        ),
        validation=ValidationSpec(every_epochs=10.0),
    )


VARIANTS = {
    "s": Variant(make=partial(yolox_300e, 0.33, 0.5), about="9 million parameters; 40.5 AP"),
    "nano": Variant(
        make=partial(yolox_300e, 0.33, 0.25, True, True), about="0.9 million parameters, at 416x416; 25.8 AP"
    ),
    "tiny": Variant(make=partial(yolox_300e, 0.33, 0.375, True), about="5 million parameters, at 416x416; 32.8 AP"),
    "m": Variant(make=partial(yolox_300e, 0.67, 0.75), about="25 million parameters; 46.9 AP"),
    "l": Variant(make=partial(yolox_300e, 1.0, 1.0), about="54 million parameters; 49.7 AP"),
    "x": Variant(make=partial(yolox_300e, 1.33, 1.25), about="99 million parameters; 51.1 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; `s` unless another is named."""
    return print_variant("yolox", VARIANTS, variant, __doc__ or "")
