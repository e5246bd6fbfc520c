"""torchvision's detectors: RetinaNet and Faster R-CNN on a ResNet with FPN.

Label 0 is background there: RetinaNet's row for it, which learns nothing, is left out; Faster R-CNN's goes last. Of the
91 labels of COCO the 80 that name something are kept; the others' small share of Faster R-CNN's softmax is lost.

Equal afterwards: raw outputs, and detections on inputs whose sides are multiples of 128 (elsewhere torchvision spreads
the anchors of its coarsest levels to fill the image, and ours keep their stride). The recipes have what torchvision
does differently: whole-pixel anchors, a ReLU between P6 and P7, regions read without alignment, two readings a cell.

Weights with frozen norms, as published, were trained with no epsilon under the root; it is folded into their scales.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.anchor_spec import AnchorSpec
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import retina
from meshsight.models.importing.backbones import part, resnet_shape, resnet_spec
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.class_names import COCO, COCO_LABELS, COCO_NUM_LABELS
from meshsight.models.importing.plan import Plan
from meshsight.models.importing.renaming import Rule, State, rename_all
from meshsight.models.necks import fpn
from meshsight.specs.base import VariantSpec

RETINA_MARK = "head.classification_head.cls_logits.weight"
FASTER_MARK = "roi_heads.box_predictor.cls_score.weight"
OTHER_HEADS = ("roi_heads.mask_", "roi_heads.keypoint_")
INPUT_HW = (800, 1344)
EPSILON = 1e-5
"""Of our batch normalisation."""

SHARED: list[Rule] = [
    (r"backbone\.body\.", "backbone.network."),
    (r"backbone\.fpn\.inner_blocks\.(\d)\.(?:0\.)?", r"neck.lateral.\1."),
    (r"backbone\.fpn\.layer_blocks\.(\d)\.(?:0\.)?", r"neck.output.\1."),
]
RETINA: list[Rule] = [
    (r"backbone\.fpn\.extra_blocks\.p6\.", "neck.extra.0."),
    (r"backbone\.fpn\.extra_blocks\.p7\.", "neck.extra.1."),
    (r"head\.classification_head\.cls_logits\.", "head.class_out."),
    (r"head\.regression_head\.bbox_reg\.", "head.box_out."),
]
FASTER: list[Rule] = [
    (r"rpn\.head\.conv\.(?:0\.0\.)?", "proposals.conv."),
    (r"rpn\.head\.cls_logits\.", "proposals.objectness_out."),
    (r"rpn\.head\.bbox_pred\.", "proposals.box_out."),
    (r"roi_heads\.box_head\.fc6\.", "regions.layers.0."),
    (r"roi_heads\.box_head\.fc7\.", "regions.layers.2."),
    (r"roi_heads\.box_predictor\.cls_score\.", "regions.class_out."),
    (r"roi_heads\.box_predictor\.bbox_pred\.", "regions.box_out."),
]


def recognise(checkpoint: Checkpoint) -> Plan | None:
    """Returns what the checkpoint is, or None if it is none of torchvision's two detectors.

    Raises:
        ArtifactError: one of its variants that is not here.
    """
    if RETINA_MARK in checkpoint.state:
        return _retinanet(checkpoint)
    return _faster_rcnn(checkpoint) if FASTER_MARK in checkpoint.state else None


def _retinanet(checkpoint: Checkpoint) -> Plan:
    state = checkpoint.state
    num_anchors = state["head.regression_head.bbox_reg.weight"].shape[0] // 4
    num_labels = state[RETINA_MARK].shape[0] // num_anchors
    labels, classes = _labels(num_labels)
    rows = torch.tensor([anchor * num_labels + label for anchor in range(num_anchors) for label in labels])
    backbone, title = _backbone(checkpoint)
    is_on_output = state["backbone.fpn.extra_blocks.p6.weight"].shape[1] == state[RETINA_MARK].shape[1]
    neck = fpn.Spec(extra_levels="on_output" if is_on_output else "on_input", has_relu_between=True)
    spec = dense.Spec(backbone=backbone, neck=neck, head=retina.Spec(anchors=AnchorSpec(is_rounded=True)))
    convert = _converter(state, [*SHARED, *RETINA, *_towers(state)], {"head.class_out": rows})
    return _plan(f"RetinaNet, {title}, FPN", spec, labels, classes, convert)


def _faster_rcnn(checkpoint: Checkpoint) -> Plan:
    state = {name: tensor for name, tensor in checkpoint.state.items() if not name.startswith(OTHER_HEADS)}
    if "roi_heads.box_head.fc6.weight" not in state or "backbone.fpn.inner_blocks.4.0.weight" in state:
        raise ArtifactError("torchvision's Faster R-CNN v2; meshsight has the first version")
    labels, classes = _labels(state[FASTER_MARK].shape[0])
    rows = {
        "regions.class_out": torch.tensor([*labels, 0]),
        "regions.box_out": torch.tensor([4 * label + side for label in labels for side in range(4)]),
    }
    backbone, title = _backbone(checkpoint)
    spec = two_stage.Spec(
        backbone=backbone,
        neck=fpn.Spec(first_stride=4, extra_levels="pool"),
        proposals=two_stage.ProposalSpec(anchors=AnchorSpec(base_scale=8.0, num_octave_scales=1, is_rounded=True)),
        regions=two_stage.RegionSpec(num_readings=2, is_aligned=False),
    )
    convert = _converter(state, [*SHARED, *FASTER], rows)
    cut = len(checkpoint.state) - len(state)
    notes = (f"{cut} tensors of the mask or keypoint head were left out",) if cut else ()
    return _plan(f"Faster R-CNN, {title}, FPN", spec, labels, classes, convert, notes)


def _plan(
    model: str,
    spec: dense.Spec | two_stage.Spec,
    labels: Sequence[int],
    classes: tuple[str, ...] | None,
    convert: Callable[[], dict[str, Tensor]],
    notes: tuple[str, ...] = (),
) -> Plan:
    return Plan(
        source="torchvision",
        model=model,
        spec=spec,
        num_classes=len(labels),
        input_hw=INPUT_HW,
        convert=convert,
        classes=classes,
        notes=notes,
    )


def _labels(count: int) -> tuple[Sequence[int], tuple[str, ...] | None]:
    """Returns the labels that are classes, and their names where they are known."""
    return (COCO_LABELS, COCO) if count == COCO_NUM_LABELS else (range(1, count), None)


def _backbone(checkpoint: Checkpoint) -> tuple[VariantSpec, str]:
    body = part(checkpoint.state, "backbone.body.")
    if "layer1.0.conv1.weight" not in body:
        raise ArtifactError("a detector of torchvision on another backbone than a ResNet")
    shape = resnet_shape(body)
    return resnet_spec(shape), shape.name


def _towers(state: State) -> list[Rule]:
    """Returns the rules of the towers, whose convolutions older files count with the ReLUs between them."""
    rules: list[Rule] = []
    is_old = "head.classification_head.conv.0.weight" in state
    for old, new in (("classification", "class"), ("regression", "box")):
        tower = rf"head\.{old}_head\.conv"
        if is_old:
            rules.append((rf"{tower}\.(\d+)\.", rf"head.{new}_tower.\1."))
        else:
            rules += [(rf"{tower}\.{i}\.0\.", f"head.{new}_tower.{2 * i}.") for i in range(4)]
    return rules


def _converter(state: State, rules: list[Rule], rows: dict[str, Tensor]) -> Callable[[], dict[str, Tensor]]:
    """Returns the conversion: names, then the rows that are kept, by the start of our name."""

    def convert() -> dict[str, Tensor]:
        ours = rename_all(state, rules)
        for name, kept in rows.items():
            for key in (f"{name}.weight", f"{name}.bias"):
                ours[key] = ours[key][kept]
        return with_counters(ours)

    return convert


def with_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Turns frozen norms into ours: a counter, and the missing epsilon folded into the scale."""
    changed = dict(state)
    for name, variance in state.items():
        norm = name.removesuffix(".running_var")
        if name == norm or f"{norm}.num_batches_tracked" in state:
            continue
        changed[f"{norm}.num_batches_tracked"] = torch.zeros((), dtype=torch.int64, device=variance.device)
        changed[f"{norm}.weight"] = state[f"{norm}.weight"] * ((variance + EPSILON) / variance).sqrt()
    return changed
