"""RetinaNet as mmdetection trains it on COCO: ResNet-50, FPN, 12 epochs (36.5 AP there, with ImageNet weights).

Differences: an image is scaled to fit 1344x800 instead of 1333x800, and images without objects are not dropped.
"""

from typing import Literal

from meshsight.models.backbones import resnet
from meshsight.models.detectors import dense
from meshsight.models.heads import retina
from meshsight.models.necks import fpn
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.commented import dump_commented
from meshsight.specs.optimisation import SgdSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec


def retinanet(depth: Literal[18, 34, 50, 101] = 50) -> dense.Spec:
    """Returns RetinaNet on a pretrained ResNet, its stem and first stage frozen."""
    return dense.Spec(
        backbone=resnet.Spec(depth=depth, frozen_stages=1, norm="frozen"), neck=fpn.Spec(), head=retina.Spec()
    )


def retinanet_training() -> TrainSpec:
    """Returns the schedule that mmdetection calls 1x, at 16 images a step."""
    return TrainSpec(
        detector=retinanet(),
        input_hw=(800, 1344),
        epochs=12,
        batch_size=16,
        optimiser=SgdSpec(decay_norms_and_biases=True),
        schedule=StepsSpec(at=(8 / 12, 11 / 12)),
        warm_up=WarmUpSpec(steps=500, start_factor=0.001),
        clip_norm=None,
        ema_decay=None,
        augmentation=AugmentationSpec(scale=(1.0, 1.0), colour=None, min_remaining=0.0, min_side_px=0.0),
    )


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return dump_commented(retinanet_training(), __doc__ or "")
