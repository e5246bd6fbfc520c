"""YOLOv3 (Redmon and Farhadi, arXiv 1804.02767) on Darknet-53 as mmdetection 3.3 trains it on COCO: 273 epochs.

AP is mmdetection's own on COCO val2017 (`configs/yolo/metafile.yml`; settings `yolov3_d53_8xb8-ms-608-273e_coco.py`).
Differences: one input size for a few batches at a time instead of one for each image, what lies around an image is
grey instead of black, colours change by one linear map instead of in HSV, and the losses are summed over the whole
batch, where mmdetection sums over one GPU's eight images: its learning rate of 1e-3 is kept. Darknet-53's ImageNet
weights are not downloaded; give a checkpoint as `weights`.
"""

from functools import partial

from meshsight.models.backbones import darknet
from meshsight.models.detectors import dense
from meshsight.models.heads import yolov3
from meshsight.models.necks import yolov3 as yolov3_neck
from meshsight.presets._photometric import PHOTOMETRIC
from meshsight.presets._variants import Variant, print_variant
from meshsight.specs.augmentation import AugmentationSpec, MultiScaleSpec
from meshsight.specs.cropping import IouCropSpec, ZoomOutSpec
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.optimisation import SgdSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec
from meshsight.specs.training_data import DataSpec


def yolov3_detector() -> dense.Spec:
    """Returns YOLOv3 on Darknet-53."""
    return dense.Spec(
        backbone=darknet.Spec(),
        neck=yolov3_neck.Spec(),
        head=yolov3.Spec(),
        decode=DecodeSpec(nms_iou=0.45),
        normalise="unit",
    )


def yolov3_273e(side: int) -> TrainSpec:
    """Returns the recipe of 273 epochs at an input of `side` pixels."""
    return TrainSpec(
        detector=yolov3_detector(),
        input_hw=(side, side),
        epochs=273,
        batch_size=64,
        optimiser=SgdSpec(learning_rate=1e-3, base_batch_size=64, weight_decay=5e-4, decay_norms_and_biases=True),
        schedule=StepsSpec(at=(218, 246), unit="epochs"),
        warm_up=WarmUpSpec(steps=2000, start_factor=0.1),
        clip_norm=35.0,
        ema_decay=None,
        data=DataSpec(drop_empty=True, min_image_px=32),
        augmentation=AugmentationSpec(
            scale=(1.0, 1.0),
            place="top_left",
            zoom_out=ZoomOutSpec(),
            iou_crop=IouCropSpec(),
            multi_scale=MultiScaleSpec(low=320, high=side),
            colour=PHOTOMETRIC,
            min_remaining=0.0,
            min_side_px=0.0,
        ),
        validation=ValidationSpec(every_epochs=7.0),
    )


VARIANTS = {
    "608": Variant(make=partial(yolov3_273e, 608), about="at 608x608; 33.7 AP"),
    "416": Variant(make=partial(yolov3_273e, 416), about="at 416x416; 30.9 AP"),
    "320": Variant(make=partial(yolov3_273e, 320), about="at 320x320; 27.9 AP"),
}


def recipe(variant: str | None = None) -> str:
    """Returns a variant as commented YAML; 608 unless another is named."""
    return print_variant("yolov3", VARIANTS, variant, __doc__ or "")
