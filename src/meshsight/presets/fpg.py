"""Feature Pyramid Grids (Chen et al., arXiv 2004.03580) as mmdetection 3.3 trains them on COCO: 50 epochs at 640x640.

AP is mmdetection's own on COCO val2017. The RetinaNet here has batch normalisation of each level in its head, trains
the backbone's, and knows no anchors between positive and negative; with an FPN (`retinanet_r50_fpn`) that recipe gives
37.9 AP (`configs/nas_fpn`). Difference: that FPN has batch normalisation there, after all but its lateral convolutions.
"""

from functools import partial

from meshsight.models.backbones import resnet
from meshsight.models.detectors import dense
from meshsight.models.heads import retina
from meshsight.models.necks import fpg, fpn
from meshsight.presets._parts import faster_rcnn
from meshsight.presets._schedules import schedule_crop_640_50e
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.base import VariantSpec
from meshsight.specs.training import TrainSpec

BACKBONE = resnet.Spec(depth=50, frozen_stages=1)


def retinanet_50e(neck: VariantSpec) -> TrainSpec:
    """Returns RetinaNet on a neck for 50 epochs."""
    head = retina.Spec(norm="batch_per_level", negative_iou=0.5)
    return schedule_crop_640_50e().evolve(detector=dense.Spec(backbone=BACKBONE, neck=neck, head=head))


def faster_rcnn_50e(channels: int) -> TrainSpec:
    """Returns Faster R-CNN on a grid for 50 epochs."""
    neck = fpg.Spec(channels=channels, first_stride=4, extra_levels="pool")
    detector = faster_rcnn(BACKBONE).evolve(neck=neck)
    return schedule_crop_640_50e().evolve(detector=detector)


VARIANTS = {
    "retinanet_r50": Variant(make=partial(retinanet_50e, fpg.Spec()), about="RetinaNet, ResNet-50; 40.5 AP"),
    "retinanet_r50_128": Variant(
        make=partial(retinanet_50e, fpg.Spec(channels=128)), about="RetinaNet, ResNet-50, 128 channels; 39.9 AP"
    ),
    "retinanet_r50_fpn": Variant(
        make=partial(retinanet_50e, fpn.Spec(has_relu_between=True)),
        about="RetinaNet, ResNet-50, FPN instead: the baseline; 37.9 AP",
    ),
    "faster_rcnn_r50": Variant(make=partial(faster_rcnn_50e, 256), about="Faster R-CNN, ResNet-50; 42.3 AP"),
    "faster_rcnn_r50_128": Variant(
        make=partial(faster_rcnn_50e, 128), about="Faster R-CNN, ResNet-50, 128 channels; 41.2 AP"
    ),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; RetinaNet with 256 channels unless another is named."""
    return print_variant("fpg", VARIANTS, variant, __doc__ or "")
