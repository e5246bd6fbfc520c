"""mmdetection's detectors, 2.x and 3.x, recognised by the names and shapes of their tensors.

RetinaNet, FreeAnchor and PISA have the same tensors. They are told apart by the configuration that mmdetection writes
into its checkpoints, or by the file's name; which one it is matters, for FreeAnchor codes its boxes differently.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.anchor_spec import AnchorHeadSpec
from meshsight.models.backbones import csp_darknet, darknet
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import freeanchor, pisa, retina, tood, yolov3, yolox
from meshsight.models.importing import mmdet_names as names
from meshsight.models.importing.backbones import num_blocks, part, resnet_shape, resnet_spec
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.colours import colours_of, fold_colours, turn_channels
from meshsight.models.importing.plan import Plan
from meshsight.models.importing.renaming import Rule, rename_all, under
from meshsight.models.necks import fpg, fpn, pafpn
from meshsight.models.necks import yolov3 as yolov3_neck
from meshsight.models.necks import yolox as yolox_neck
from meshsight.specs.base import VariantSpec
from meshsight.specs.decoding import DecodeSpec

LANDSCAPE_HW = (800, 1344)
ANCHORS_IN_CELL = 9
RETINA_KIN: dict[str, tuple[type[AnchorHeadSpec], str]] = {
    "freeanchor": (freeanchor.Spec, "FreeAnchor"),
    "pisa": (pisa.Spec, "PISA"),
    "retina": (retina.Spec, "RetinaNet"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A checkpoint of mmdetection, and what was asked for.

    Attributes:
        checkpoint: as read.
        head: the kind of a head whose tensors look like another's; None: find out.
    """

    checkpoint: Checkpoint
    head: str | None

    @property
    def state(self) -> dict[str, Tensor]:
        """The tensors."""
        return self.checkpoint.state

    def says(self, pattern: str) -> bool:
        """Whether the configuration or the file's name has such words."""
        text = f"{self.checkpoint.name}\n{self.checkpoint.config}"
        return re.search(pattern, text, re.IGNORECASE) is not None


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
    neck, neck_rules, neck_title = _neck(source)
    backbone, backbone_title = _resnet(source, "batch" if is_separate else "frozen")
    rules = names.retina_separate() if is_separate else names.retina(num_convs)
    return Plan(
        source="mmdetection",
        model=f"{title}, {backbone_title}, {neck_title}",
        spec=dense.Spec(backbone=backbone, neck=neck, head=spec_type.model_validate(settings)),
        num_classes=state["bbox_head.retina_cls.weight"].shape[0] // num_anchors,
        input_hw=(640, 640) if is_separate else LANDSCAPE_HW,
        convert=_converter(source, neck_rules, under("bbox_head", "head", rules)),
        notes=note,
    )


def _kind_of_retina(source: Source, is_separate: bool) -> tuple[str, tuple[str, ...]]:
    if source.head is not None:
        return source.head, ()
    for kind, words in (("freeanchor", "free_?anchor"), ("pisa", "pisa")):
        if source.says(words):
            return kind, ()
    if is_separate or source.says("retina"):
        return "retina", ()
    return "retina", ("taken for RetinaNet; FreeAnchor and PISA look the same: name one of them with --head",)


def _tood(source: Source) -> Plan:
    if source.says(r"anchor_type\s*=\s*['\"]anchor_based") or source.says("anchor[-_]based"):
        raise ArtifactError("TOOD with anchors; meshsight has the one without")
    state = source.state
    num_convs = num_blocks(state, r"bbox_head\.(inter)_convs\.(\d+)\.conv\.weight")[0]
    neck, neck_rules, neck_title = _neck(source)
    backbone, backbone_title = _resnet(source)
    head = tood.Spec(channels=state["bbox_head.tood_cls.weight"].shape[1], num_convs=num_convs)
    rename = _converter(source, neck_rules, under("bbox_head", "head", names.tood()))
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
    neck, neck_rules, neck_title = _neck(source)
    backbone, backbone_title = _resnet(source)
    heads = under("rpn_head", "proposals", names.RPN) + under(r"roi_head\.bbox_head", "regions", names.ROI)
    regions = two_stage.RegionSpec(channels=source.state["roi_head.bbox_head.fc_cls.weight"].shape[1])
    return Plan(
        source="mmdetection",
        model=f"Faster R-CNN, {backbone_title}, {neck_title}",
        spec=two_stage.Spec(backbone=backbone, neck=neck, regions=regions),
        num_classes=source.state["roi_head.bbox_head.fc_cls.weight"].shape[0] - 1,
        input_hw=LANDSCAPE_HW,
        convert=_converter(source, neck_rules, heads),
        notes=(f"{cut} tensors of the mask head were left out",) if cut else (),
    )


def _yolox(source: Source) -> Plan:
    return yolox_plan(source.state, "mmdetection")


def yolox_plan(state: dict[str, Tensor], program: str) -> Plan:
    """Returns the plan of a YOLOX under mmdetection's names."""
    backbone = part(state, "backbone.")
    width = backbone["stem.conv.conv.weight"].shape[0] / 64
    num_bottlenecks = num_blocks(backbone, r"stage(1)\.1\.blocks\.(\d+)\.conv1\.conv\.weight")[0]
    depth = round(num_bottlenecks / 3, 2)
    is_depthwise = "stage1.0.depthwise_conv.conv.weight" in backbone
    channels = state["neck.out_convs.0.conv.weight"].shape[0]
    rules = [
        *under("backbone", "backbone", names.csp_darknet()),
        *under("neck", "neck", names.yolox_neck()),
        *under("bbox_head", "head", names.yolox_head()),
    ]
    spec = dense.Spec(
        backbone=csp_darknet.Spec(depth=depth, width=width, is_depthwise=is_depthwise),
        neck=yolox_neck.Spec(channels=channels, num_blocks=num_bottlenecks, is_depthwise=is_depthwise),
        head=yolox.Spec(channels=channels, is_depthwise=is_depthwise),
        decode=DecodeSpec(score_threshold=0.01, nms_iou=0.65),
        normalise="none",
    )
    return Plan(
        source=program,
        model=f"YOLOX, depth {depth:g}, width {width:g}",
        spec=spec,
        num_classes=state["bbox_head.multi_level_conv_cls.0.weight"].shape[0],
        input_hw=(416, 416) if width < 0.5 else (640, 640),
        convert=lambda: _to_rgb(rename_all(state, rules), "backbone.stem.conv.0.weight"),
        notes=("the first convolution was turned from BGR to RGB",),
    )


def _to_rgb(state: dict[str, Tensor], first: str) -> dict[str, Tensor]:
    return state | {first: turn_channels(state[first])}


def _yolov3(source: Source) -> Plan:
    state = source.state
    depths = tuple(
        num_blocks(state, rf"backbone\.conv_res_(block){stage}\.res(\d+)\.conv1\.conv\.weight")[0]
        for stage in range(1, 6)
    )
    rules = [
        *under("backbone", "backbone", names.darknet()),
        *under("neck", "neck", names.yolov3_neck()),
        *under("bbox_head", "head", names.yolov3_head()),
    ]
    if "backbone.conv1.conv.weight" not in state:
        raise ArtifactError("YOLOv3 on another backbone than Darknet-53")
    spec = dense.Spec(
        backbone=darknet.Spec.model_validate(
            {"depths": depths, "channels": state["backbone.conv1.conv.weight"].shape[0]}
        ),
        neck=yolov3_neck.Spec(channels=state["neck.detect3.conv1.conv.weight"].shape[0]),
        head=yolov3.Spec(),
        decode=DecodeSpec(nms_iou=0.45),
        normalise="unit",
    )
    return Plan(
        source="mmdetection",
        model="YOLOv3, Darknet-53",
        spec=spec,
        num_classes=state["bbox_head.convs_pred.0.weight"].shape[0] // 3 - 5,
        input_hw=(608, 608),
        convert=lambda: rename_all(state, rules),
    )


def _detr(source: Source) -> Plan:
    raise ArtifactError("DETR of mmdetection; meshsight has no such detector to import it to")


def _resnet(source: Source, norm: str = "frozen") -> tuple[VariantSpec, str]:
    if source.says(r"style\s*=\s*['\"]caffe|[-_]caffe[-_]"):
        raise ArtifactError(
            "a ResNet in caffe's style, whose stride is in the 1x1 convolutions; take the checkpoint in torch's style"
        )
    backbone = part(source.state, "backbone.")
    if "layer1.0.conv1.weight" not in backbone:
        raise ArtifactError("a detector of mmdetection on another backbone than a ResNet")
    shape = resnet_shape(backbone)
    return resnet_spec(shape, norm), shape.name


def _neck(source: Source) -> tuple[VariantSpec, list[Rule], str]:
    state = source.state
    if "neck.output_transition.0.conv_out.conv.weight" in state:
        channels = state["neck.lateral_convs.0.weight"].shape[0]
        return fpg.Spec(channels=channels), under("neck", "neck", names.fpg()), "FPG"
    if "neck.lateral_convs.0.conv.weight" not in state:
        raise ArtifactError("a detector of mmdetection with a neck that meshsight lacks")
    channels = state["neck.lateral_convs.0.conv.weight"].shape[0]
    num_used = num_blocks(state, r"neck\.(lateral)_convs\.(\d+)\.conv\.weight")[0]
    extra = state.get(f"neck.fpn_convs.{num_used}.conv.weight")
    coarsest = state[f"neck.lateral_convs.{num_used - 1}.conv.weight"].shape[1]
    is_pafpn = "neck.downsample_convs.0.conv.weight" in state
    settings = {
        "channels": channels,
        "first_stride": 32 >> (num_used - 1),
        "extra_levels": "pool" if extra is None else "on_input" if extra.shape[1] == coarsest else "on_output",
        "has_relu_between": source.says(r"relu_before_extra_convs\s*=\s*True"),
    }
    rules = names.pafpn(num_used) if is_pafpn else names.fpn(num_used)
    spec_type = pafpn.Spec if is_pafpn else fpn.Spec
    return spec_type.model_validate(settings), under("neck", "neck", rules), "PAFPN" if is_pafpn else "FPN"


def _converter(source: Source, *parts: list[Rule]) -> Callable[[], dict[str, Tensor]]:
    """Returns the conversion of a detector on a ResNet."""
    rules = [*under("backbone", "backbone", names.RESNET), *(rule for rules in parts for rule in rules)]
    first = "backbone.network.conv1.weight"

    def convert() -> dict[str, Tensor]:
        state = rename_all(source.state, rules)
        colours = colours_of(source.checkpoint.config)
        return state if colours is None else state | {first: fold_colours(state[first], colours)}

    return convert


MODELS: dict[str, Callable[[Source], Plan]] = {
    "bbox_head.retina_cls.weight": _retina,
    "bbox_head.tood_cls.weight": _tood,
    "roi_head.bbox_head.fc_cls.weight": _faster_rcnn,
    "bbox_head.multi_level_conv_cls.0.weight": _yolox,
    "bbox_head.convs_pred.0.weight": _yolov3,
    "query_embedding.weight": _detr,
}
"""The tensor that only one kind of detector has, and what to make of it."""
