"""Backbones and detectors that several recipes share; all start from published ImageNet weights."""

from meshsight.models.backbones import resnet, timm
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import retina
from meshsight.models.necks import fpn
from meshsight.specs.base import VariantSpec

R18 = resnet.Spec(depth=18, frozen_stages=1, norm="frozen")
R50 = resnet.Spec(depth=50, frozen_stages=1, norm="frozen")
R101 = resnet.Spec(depth=101, frozen_stages=1, norm="frozen")
X101_32 = timm.Spec(name="resnext101_32x4d", frozen_stages=1, norm="frozen")
X101_64 = timm.Spec(name="resnext101_64x4d", frozen_stages=1, norm="frozen")


def retinanet(backbone: VariantSpec = R50) -> dense.Spec:
    """Returns RetinaNet as mmdetection builds it."""
    return dense.Spec(backbone=backbone, neck=fpn.Spec(), head=retina.Spec())


def faster_rcnn(backbone: VariantSpec = R50) -> two_stage.Spec:
    """Returns Faster R-CNN on a feature pyramid as mmdetection builds it: strides 4 to 64, the last one by pooling."""
    return two_stage.Spec(backbone=backbone, neck=fpn.Spec(first_stride=4, extra_levels="pool"))
