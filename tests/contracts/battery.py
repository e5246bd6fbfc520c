"""A small detector of every kind, and what to feed it with."""

import torch
from torch import Tensor

from meshsight.models.anchor_spec import AnchorSpec
from meshsight.models.backbones import csp_darknet, darknet, resnet, timm, tiny
from meshsight.models.batch import PADDING, Targets
from meshsight.models.detector import Detector
from meshsight.models.detectors import dense, query, two_stage
from meshsight.models.heads import aligned, coverage, freeanchor, pisa, retina, tood, yolov3, yolox
from meshsight.models.necks import fpg, fpn, level, pafpn
from meshsight.models.necks import yolov3 as yolov3_neck
from meshsight.models.necks import yolox as yolox_neck
from meshsight.models.queries import d_fine, detr, rf_detr, rt_detr_v2
from meshsight.specs.base import VariantSpec
from meshsight.specs.decoding import DecodeSpec

NUM_CLASSES = 3
SIZE_HW = (64, 128)

TINY = tiny.Spec(channels=(8, 8, 16, 16))
RESNET = resnet.Spec(depth=18, pretrained=False)
TIMM = timm.Spec(name="mobilenetv3_small_050", pretrained=False)
SMALL_FPN = fpn.Spec(channels=16, num_levels=3, norm="batch")
DEEP_FPN = fpn.Spec(channels=16)
ALIGNED = aligned.Spec(channels=16)
RETINA = retina.Spec(channels=16, num_convs=1)
DECODE = DecodeSpec(num_candidates=50)
QUERY_DECODE = DecodeSpec(num_candidates=50, nms_iou=1.0)
HYBRID = {
    "norm": "batch",
    "encoder_channels": 16,
    "encoder_ffn_channels": 16,
    "channels": 16,
    "num_heads": 2,
    "decoder_ffn_channels": 16,
    "decoder_layers": 2,
    "num_queries": 20,
    "num_denoising": 8,
}

DETECTORS: dict[str, VariantSpec] = {
    "tiny-fpn-aligned": dense.Spec(backbone=TINY, neck=SMALL_FPN, head=ALIGNED, decode=DECODE),
    "tiny-deep-fpn-aligned": dense.Spec(backbone=TINY, neck=DEEP_FPN, head=ALIGNED, decode=DECODE),
    "tiny-fpn-retina": dense.Spec(backbone=TINY, neck=DEEP_FPN, head=RETINA, decode=DECODE),
    "tiny-fpn-retina-normed": dense.Spec(
        backbone=TINY,
        neck=DEEP_FPN,
        head=retina.Spec(channels=16, num_convs=1, norm="batch_per_level", negative_iou=0.5),
        decode=DECODE,
    ),
    "tiny-fpn-freeanchor": dense.Spec(
        backbone=TINY, neck=DEEP_FPN, head=freeanchor.Spec(channels=16, num_convs=1), decode=DECODE
    ),
    "tiny-fpn-pisa": dense.Spec(backbone=TINY, neck=DEEP_FPN, head=pisa.Spec(channels=16, num_convs=1), decode=DECODE),
    "tiny-pafpn-retina": dense.Spec(backbone=TINY, neck=pafpn.Spec(channels=16), head=RETINA, decode=DECODE),
    "tiny-fpg-retina": dense.Spec(backbone=TINY, neck=fpg.Spec(channels=8, num_pathways=3), head=RETINA, decode=DECODE),
    "tiny-fpn-tood": dense.Spec(
        backbone=TINY,
        neck=fpn.Spec(channels=16, extra_levels="on_output"),
        head=tood.Spec(channels=16, num_convs=2, num_groups=4, atss_share=0),
        decode=DECODE,
    ),
    "tiny-fpn-tood-atss": dense.Spec(
        backbone=TINY,
        neck=fpn.Spec(channels=16, extra_levels="on_output"),
        head=tood.Spec(channels=16, num_convs=2, num_groups=4, atss_share=1),
        decode=DECODE,
    ),
    "yolox": dense.Spec(
        backbone=csp_darknet.Spec(depth=0.1, width=0.125),
        neck=yolox_neck.Spec(channels=16),
        head=yolox.Spec(channels=16, num_convs=1, l1_share=1),
        decode=DECODE,
        normalise="none",
    ),
    "yolox-depthwise": dense.Spec(
        backbone=csp_darknet.Spec(depth=0.1, width=0.125, is_depthwise=True),
        neck=yolox_neck.Spec(channels=16, is_depthwise=True),
        head=yolox.Spec(channels=16, num_convs=1, is_depthwise=True),
        decode=DECODE,
        normalise="none",
    ),
    "yolov3": dense.Spec(
        backbone=darknet.Spec(depths=(0, 1, 1, 1, 1), channels=4),
        neck=yolov3_neck.Spec(channels=8),
        head=yolov3.Spec(),
        decode=DECODE,
        normalise="unit",
    ),
    "two-stage": two_stage.Spec(
        backbone=TINY,
        neck=fpn.Spec(channels=16, first_stride=4, num_levels=5, extra_levels="pool"),
        proposals=two_stage.ProposalSpec(channels=16, num_samples=None, num_per_level=50, num_proposals=60),
        regions=two_stage.RegionSpec(channels=32, side=3, num_samples=512),
        decode=DECODE,
    ),
    "two-stage-as-torchvision": two_stage.Spec(
        backbone=TINY,
        neck=fpn.Spec(channels=16, first_stride=4, num_levels=5, extra_levels="pool"),
        proposals=two_stage.ProposalSpec(
            channels=16,
            anchors=AnchorSpec(base_scale=8.0, num_octave_scales=1, is_rounded=True),
            num_samples=None,
            num_per_level=50,
            num_proposals=60,
        ),
        regions=two_stage.RegionSpec(channels=32, side=3, num_samples=512, num_readings=2, is_aligned=False),
        decode=DECODE,
    ),
    "retina-as-torchvision": dense.Spec(
        backbone=TINY,
        neck=fpn.Spec(channels=16, extra_levels="on_output", has_relu_between=True),
        head=retina.Spec(channels=16, num_convs=1, anchors=AnchorSpec(is_rounded=True)),
        decode=DECODE,
    ),
    "coverage": dense.Spec(
        backbone=TINY,
        neck=level.Spec(),
        head=coverage.Spec(min_coverage=0.1, min_height_px=0.0),
        decode=DECODE,
    ),
    "detr": query.Spec(
        architecture=detr.Spec(
            backbone=TINY,
            channels=16,
            num_heads=2,
            ffn_channels=16,
            encoder_layers=1,
            decoder_layers=2,
            num_queries=20,
            dropout=0.0,
        ),
        decode=QUERY_DECODE,
    ),
    "rt-detr-v2": query.Spec(
        architecture=rt_detr_v2.Spec(
            block="basic", stem_channels=8, blocks=(1, 1, 1, 1), widths=(8, 8, 16, 16), **HYBRID
        ),
        decode=QUERY_DECODE,
    ),
    "d-fine": query.Spec(
        architecture=d_fine.Spec(
            stem_channels=(8, 8),
            blocks=(1, 1, 1, 1),
            block_layers=1,
            middles=(8, 8, 8, 8),
            widths=(8, 8, 16, 16),
            has_affine=True,
            depth=0.34,
            **HYBRID,
        ),
        decode=QUERY_DECODE,
    ),
    "rf-detr": query.Spec(
        architecture=rf_detr.Spec(
            image_size=64,
            width=16,
            num_layers=2,
            backbone_heads=2,
            levels=(1, 2),
            channels=16,
            self_heads=2,
            cross_heads=2,
            ffn_channels=16,
            decoder_layers=2,
            num_queries=20,
            num_groups=2,
        ),
        decode=QUERY_DECODE,
    ),
    "resnet-fpn-retina": dense.Spec(backbone=RESNET, neck=DEEP_FPN, head=RETINA, decode=DECODE),
    "timm-fpn-aligned": dense.Spec(backbone=TIMM, neck=SMALL_FPN, head=ALIGNED, decode=DECODE),
}


def make_images(count: int, size_hw: tuple[int, int] = SIZE_HW) -> Tensor:
    return torch.rand(count, 3, *size_hw, generator=torch.Generator().manual_seed(1)) * 255


def make_targets(*images: list[tuple[int, list[float]]], ignored: tuple[int, ...] = ()) -> Targets:
    """Makes targets of (class, box) pairs; `ignored` are positions that are ignored in every image."""
    longest = max(len(objects) for objects in images)
    boxes = torch.zeros(len(images), longest, 4)
    class_ids = torch.full((len(images), longest), PADDING)
    is_ignored = torch.zeros(len(images), longest, dtype=torch.bool)
    for i, objects in enumerate(images):
        for j, (class_id, box) in enumerate(objects):
            boxes[i, j], class_ids[i, j], is_ignored[i, j] = torch.tensor(box), class_id, j in ignored
    return Targets(boxes, class_ids, is_ignored)


SOME = make_targets([(0, [4, 6, 40, 50]), (2, [60, 10, 120, 60])], [(1, [30, 20, 70, 44])])


def total_loss(detector: Detector, images: Tensor, targets: Targets) -> Tensor:
    size_hw = (images.shape[2], images.shape[3])
    return torch.stack(list(detector.loss(detector(images, targets), targets, size_hw).values())).sum()
