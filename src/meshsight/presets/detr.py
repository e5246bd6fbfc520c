"""DETR (Carion et al., arXiv 2005.12872) as published on COCO: 150 epochs or 500, from ImageNet weights.

AP is that of the authors' README on COCO val2017, for 150 epochs mmdetection's 39.9 (`configs/detr/metafile.yml`; the
authors' 39.5). Padding is masked, and images without objects stay, as with the authors. Differences: an image is scaled
to fit 1344x800 instead of 1333x800, and all images are padded to that size.
"""

from functools import partial

from meshsight.models.backbones import resnet
from meshsight.models.detectors import query
from meshsight.models.queries import detr
from meshsight.presets._schedules import FLIPS_ONLY, LANDSCAPE_HW, SHORT_SIDES_FROM_480
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.cropping import CropSpec
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec

R50 = resnet.Spec(depth=50, frozen_stages=1, norm="fixed")
R101 = resnet.Spec(depth=101, frozen_stages=1, norm="fixed")

OPTIMISER = AdamWSpec(
    learning_rate=1e-4, base_batch_size=16, weight_decay=1e-4, decay_norms_and_biases=True, backbone_factor=0.1
)


def detr_detector(backbone: VariantSpec = R50) -> query.Spec:
    """Returns DETR as published."""
    decode = DecodeSpec(num_candidates=100, score_threshold=0.01, nms_iou=1.0)
    return query.Spec(architecture=detr.Spec(backbone=backbone), decode=decode)


def detr_training(epochs: int, drop: int, backbone: VariantSpec = R50) -> TrainSpec:
    """Returns the recipe of so many epochs, with the drop of the learning rate after one of them."""
    return TrainSpec(
        detector=detr_detector(backbone),
        input_hw=LANDSCAPE_HW,
        epochs=epochs,
        batch_size=16,
        optimiser=OPTIMISER,
        schedule=StepsSpec(at=(drop,), unit="epochs"),
        warm_up=WarmUpSpec(steps=0),
        clip_norm=0.1,
        ema_decay=None,
        augmentation=FLIPS_ONLY.evolve(scale_choices=SHORT_SIDES_FROM_480, crop=CropSpec()),
        validation=ValidationSpec(every_epochs=5.0),
    )


VARIANTS = {
    "r50_150e": Variant(make=partial(detr_training, 150, 100), about="ResNet-50, 150 epochs; 39.9 AP"),
    "r50_500e": Variant(make=partial(detr_training, 500, 400), about="ResNet-50, 500 epochs; 42.0 AP"),
    "r101_500e": Variant(make=partial(detr_training, 500, 400, R101), about="ResNet-101, 500 epochs; 43.5 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; 150 epochs unless another is named."""
    return print_variant("detr", VARIANTS, variant, __doc__ or "")
