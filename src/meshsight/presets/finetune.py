"""A detector for a few hundred to a few thousand images of your own, from ImageNet weights: a default that just works.

TOOD on ResNet-50 whose weights come from a stronger ImageNet recipe (arXiv 2110.00476), AdamW, the backbone at a
tenth of the learning rate, its norms at rest, a moving average, and augmentation that suits photographs and renders.
Where COCO weights are at hand, set `weights` to them (`meshsight weights import FILE --out DIR`): with few images
that is worth more than any setting here. Without any download, `small` trains from scratch.
"""

from meshsight.models.backbones import timm
from meshsight.presets.tood import tood_detector
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.commented import dump_commented
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.schedule import CosineSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec


def finetune() -> TrainSpec:
    """Returns the recipe."""
    return TrainSpec(
        detector=tood_detector(timm.Spec(name="resnet50.a1_in1k", frozen_stages=1, norm="frozen")),
        input_hw=(640, 640),
        epochs=36,
        batch_size=8,
        optimiser=AdamWSpec(learning_rate=2e-4, base_batch_size=8, batch_rule="sqrt", backbone_factor=0.1),
        schedule=CosineSpec(),
        warm_up=WarmUpSpec(share=0.05),
        clip_norm=35.0,
        ema_decay=0.999,
        augmentation=AugmentationSpec(scale=(0.6, 1.5), plain_end=0.1),
        validation=ValidationSpec(every_epochs=2.0),
    )


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return dump_commented(finetune(), __doc__ or "")
