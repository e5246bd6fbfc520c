"""YOLOX and YOLOv3 of mmdetection; official YOLOX comes here under mmdetection's names."""

from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.backbones import csp_darknet, darknet
from meshsight.models.detectors import dense
from meshsight.models.heads import yolov3, yolox
from meshsight.models.importing import mmdet_names as names
from meshsight.models.importing.backbones import num_blocks, part
from meshsight.models.importing.colours import turn_channels
from meshsight.models.importing.mmdet_parts import Source
from meshsight.models.importing.plan import Plan
from meshsight.models.importing.renaming import rename_all, under
from meshsight.models.necks import yolov3 as yolov3_neck
from meshsight.models.necks import yolox as yolox_neck
from meshsight.specs.decoding import DecodeSpec


def yolox_model(source: Source) -> Plan:
    """Returns the plan of mmdetection's YOLOX."""
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


def yolov3_model(source: Source) -> Plan:
    """Returns the plan of mmdetection's YOLOv3.

    Raises:
        ArtifactError: it stands on another backbone than Darknet-53.
    """
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
