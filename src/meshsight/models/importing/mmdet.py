"""mmdetection's detectors, 2.x and 3.x, recognised by the names and shapes of their tensors.

RetinaNet, FreeAnchor and PISA have the same tensors. They are told apart by the configuration that mmdetection writes
into its checkpoints, or by the file's name; which one it is matters, for FreeAnchor codes its boxes differently.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.anchor_spec import AnchorHeadSpec
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import freeanchor, pisa, retina, tood
from meshsight.models.importing import mmdet_names as names
from meshsight.models.importing.backbones import num_blocks
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.mmdet_detr import detr_model
from meshsight.models.importing.mmdet_parts import Source, converter, neck_of, resnet_of
from meshsight.models.importing.mmdet_yolo import yolov3_model, yolox_model
from meshsight.models.importing.plan import Plan
from meshsight.models.importing.renaming import under
from meshsight.specs.decoding import DecodeSpec

LANDSCAPE_HW = (800, 1344)
ANCHORS_IN_CELL = 9
RETINA_KIN: dict[str, tuple[type[AnchorHeadSpec], str]] = {
    "freeanchor": (freeanchor.Spec, "FreeAnchor"),
    "pisa": (pisa.Spec, "PISA"),
    "retina": (retina.Spec, "RetinaNet"),
}


def recognise(checkpoint: Checkpoint, head: str | None) -> Plan | None:
    """Returns what the checkpoint is, or None if mmdetection did not write it.

    Raises:
        ArtifactError: it is mmdetection's, but a model that is not here.
    """
    source = Source(checkpoint, head)
    for mark, plan in MODELS.items():
        if mark in source.state:
            return plan(source)
    if any(name.startswith(("bbox_head.", "roi_head.", "rpn_head.")) for name in source.state):
        raise ArtifactError("a detector of mmdetection that meshsight cannot import")
    return None


def _retina(source: Source) -> Plan:
    state = source.state
    is_separate = "bbox_head.cls_convs.0.0.conv.weight" in state
    pattern = (
        r"bbox_head\.(cls)_convs\.0\.(\d+)\.conv\.weight"
        if is_separate
        else r"bbox_head\.(cls)_convs\.(\d+)\.conv\.weight"
    )
    num_convs = num_blocks(state, pattern)[0]
    num_anchors = state["bbox_head.retina_reg.weight"].shape[0] // 4
    if num_anchors != ANCHORS_IN_CELL:
        raise ArtifactError(f"{num_anchors} anchors in a cell; meshsight imports RetinaNets with {ANCHORS_IN_CELL}")
    kind, note = _kind_of_retina(source, is_separate)
    spec_type, title = RETINA_KIN[kind]
    settings: dict[str, object] = {"num_convs": num_convs, "channels": state["bbox_head.retina_cls.weight"].shape[1]}
    if is_separate:
        settings |= {"norm": "batch_per_level", "negative_iou": 0.5}
    neck, neck_rules, neck_title = neck_of(source)
    backbone, backbone_title = resnet_of(source, "batch" if is_separate else "frozen")
    rules = names.retina_separate() if is_separate else names.retina(num_convs)
    return Plan(
        source="mmdetection",
        model=f"{title}, {backbone_title}, {neck_title}",
        spec=dense.Spec(backbone=backbone, neck=neck, head=spec_type.model_validate(settings)),
        num_classes=state["bbox_head.retina_cls.weight"].shape[0] // num_anchors,
        input_hw=(640, 640) if is_separate else LANDSCAPE_HW,
        convert=converter(source, neck_rules, under("bbox_head", "head", rules)),
        notes=note,
    )


def _kind_of_retina(source: Source, is_separate: bool) -> tuple[str, tuple[str, ...]]:
    if source.head is not None:
        return source.head, ()
    checkpoint = source.checkpoint
    said = re.search(r"type\s*=\s*['\"](FreeAnchor|PISA|)Retina(?:SepBN)?Head", checkpoint.config)
    if said is not None:
        return said[1].lower() or "retina", ()
    for kind, words in (("freeanchor", "free_?anchor"), ("pisa", "pisa"), ("retina", "retina")):
        if re.search(words, checkpoint.name, re.IGNORECASE):
            return kind, ()
    if is_separate:
        return "retina", ()
    return "retina", ("taken for RetinaNet; FreeAnchor and PISA look the same: name one of them with --head",)


def _tood(source: Source) -> Plan:
    if source.says(r"anchor_type\s*=\s*['\"]anchor_based") or source.says("anchor[-_]based"):
        raise ArtifactError("TOOD with anchors; meshsight has the one without")
    state = source.state
    num_convs = num_blocks(state, r"bbox_head\.(inter)_convs\.(\d+)\.conv\.weight")[0]
    neck, neck_rules, neck_title = neck_of(source)
    backbone, backbone_title = resnet_of(source)
    head = tood.Spec(channels=state["bbox_head.tood_cls.weight"].shape[1], num_convs=num_convs)
    rename = converter(source, neck_rules, under("bbox_head", "head", names.tood()))
    return Plan(
        source="mmdetection",
        model=f"TOOD, {backbone_title}, {neck_title}",
        spec=dense.Spec(backbone=backbone, neck=neck, head=head, decode=DecodeSpec(nms_iou=0.6)),
        num_classes=state["bbox_head.tood_cls.weight"].shape[0],
        input_hw=LANDSCAPE_HW,
        convert=lambda: join_scales(rename(), "head.scales"),
    )


def join_scales(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Joins one scalar for each level, `NAME.0` and so on, into one tensor."""
    found = sorted(key for key in state if key.startswith(f"{name}."))
    rest = {key: tensor for key, tensor in state.items() if key not in found}
    return rest | {name: torch.stack([state[key].reshape(()) for key in found])}


def _faster_rcnn(source: Source) -> Plan:
    state = {name: tensor for name, tensor in source.state.items() if not name.startswith("roi_head.mask_head.")}
    cut = len(source.state) - len(state)
    source = Source(replace(source.checkpoint, state=state), source.head)
    neck, neck_rules, neck_title = neck_of(source)
    backbone, backbone_title = resnet_of(source)
    heads = under("rpn_head", "proposals", names.RPN) + under(r"roi_head\.bbox_head", "regions", names.ROI)
    regions = two_stage.RegionSpec(channels=source.state["roi_head.bbox_head.fc_cls.weight"].shape[1])
    return Plan(
        source="mmdetection",
        model=f"Faster R-CNN, {backbone_title}, {neck_title}",
        spec=two_stage.Spec(backbone=backbone, neck=neck, regions=regions),
        num_classes=source.state["roi_head.bbox_head.fc_cls.weight"].shape[0] - 1,
        input_hw=LANDSCAPE_HW,
        convert=converter(source, neck_rules, heads),
        notes=(f"{cut} tensors of the mask head were left out",) if cut else (),
    )


MODELS: dict[str, Callable[[Source], Plan]] = {
    "bbox_head.retina_cls.weight": _retina,
    "bbox_head.tood_cls.weight": _tood,
    "roi_head.bbox_head.fc_cls.weight": _faster_rcnn,
    "bbox_head.multi_level_conv_cls.0.weight": yolox_model,
    "bbox_head.convs_pred.0.weight": yolov3_model,
    "query_embedding.weight": detr_model,
}
"""The tensor that only one kind of detector has, and what to make of it."""
