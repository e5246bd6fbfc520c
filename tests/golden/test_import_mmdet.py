"""The names and shapes of eleven official models of mmdetection: each imports whole (tests/golden/README.md)."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import torch

from meshsight.core.errors import ArtifactError
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.class_names import COCO
from meshsight.models.importing.convert import Imported, convert

KEYS = json.loads(gzip.decompress((Path(__file__).parent / "mmdet_keys.json.gz").read_bytes()))
RETINA_R50 = {"head": "retina", "backbone": {"kind": "resnet", "depth": 50}, "neck": "fpn"}
EXPECTED: dict[str, dict[str, Any]] = {
    "retinanet/retinanet_r50_fpn_1x_coco": RETINA_R50,
    "retinanet/retinanet_r101_fpn_1x_coco": {**RETINA_R50, "backbone": {"kind": "resnet", "depth": 101}},
    "retinanet/retinanet_x101-64x4d_fpn_1x_coco": {
        **RETINA_R50,
        "backbone": {"kind": "timm", "name": "resnext101_64x4d"},
    },
    "free_anchor/freeanchor_r50_fpn_1x_coco": {**RETINA_R50, "head": "freeanchor"},
    "pisa/retinanet-r50_fpn_pisa_1x_coco": {**RETINA_R50, "head": "pisa"},
    "fpg/retinanet_r50_fpg_crop640_50e_coco": {**RETINA_R50, "neck": "fpg"},
    "tood/tood_r50_fpn_1x_coco": {**RETINA_R50, "head": "tood"},
    "faster_rcnn/faster-rcnn_r50_fpn_1x_coco": {**RETINA_R50, "head": None},
    "yolox/yolox_s_8xb8-300e_coco": {
        "head": "yolox",
        "backbone": {"kind": "csp_darknet", "depth": 0.33, "width": 0.5},
        "neck": "yolox",
    },
    "yolo/yolov3_d53_8xb8-ms-608-273e_coco": {"head": "yolov3", "backbone": {"kind": "darknet"}, "neck": "yolov3"},
}


def checkpoint(name: str) -> Checkpoint:
    """Tensors without numbers: names and shapes are all that recognition may look at."""
    state = {key: torch.empty(shape, device="meta") for key, shape in KEYS[name].items()}
    return Checkpoint(name=f"{name.split('/')[1]}.pth", state=state)


def test_every_published_model_is_here() -> None:
    assert KEYS.keys() == EXPECTED.keys() | {"detr/detr_r50_8xb2-150e_coco"}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_published_model_imports_with_no_tensor_left_over(name: str) -> None:
    imported: Imported = convert(checkpoint(name))
    expected, spec = EXPECTED[name], imported.spec.model_dump()
    assert spec["backbone"].items() >= expected["backbone"].items()
    assert (spec.get("head") or {"kind": None})["kind"] == expected["head"]
    assert spec["neck"]["kind"] == expected["neck"]
    assert imported.classes == COCO
    stored = {key for key in KEYS[name] if not key.startswith("bbox_head.scales.")}
    if "fpg" in name:  # five copies of the convolutions that the levels share
        stored -= {
            k for k in stored for i in range(1, 5) if f"_convs.{i}." in k and ".conv.weight" in k and "head" in k
        }
    assert len(imported.state) == len(stored) + ("tood" in name)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_tensor_too_few_or_too_many_is_refused(name: str) -> None:
    whole = checkpoint(name)
    lost = next(key for key in reversed(whole.state) if key.endswith("num_batches_tracked") or "neck" in key)
    less = Checkpoint(name=whole.name, state={key: value for key, value in whole.state.items() if key != lost})
    with pytest.raises(ArtifactError, match=r"missing|no place|no published|neck"):
        convert(less)
    more = Checkpoint(name=whole.name, state={**whole.state, "bbox_head.surprise.weight": torch.zeros(1)})
    with pytest.raises(ArtifactError, match=r"bbox_head\.surprise"):
        convert(more)


def test_a_mask_head_is_left_out() -> None:
    faster = checkpoint("faster_rcnn/faster-rcnn_r50_fpn_1x_coco")
    mask = {"roi_head.mask_head.conv_logits.weight": torch.empty(80, 256, 1, 1, device="meta")}
    found = convert(Checkpoint(name="mask_rcnn.pth", state=faster.state | mask))
    assert found.notes[0] == "1 tensors of the mask head were left out"
    assert found.state.keys() == convert(faster).state.keys()


def test_detr_imports_with_no_tensor_left_over() -> None:
    name = "detr/detr_r50_8xb2-150e_coco"
    found = convert(checkpoint(name))
    spec = found.spec.model_dump()["architecture"]
    assert (spec["kind"], spec["backbone"]["depth"], spec["encoder_layers"], spec["num_queries"]) == (
        "detr",
        50,
        6,
        100,
    )
    assert found.classes == COCO
    joint = sum(".in_proj_" in key for key in KEYS[name])
    assert joint == 36 and len(found.state) == len(KEYS[name]) + 2 * joint
    whole = checkpoint(name)
    for key in ("bbox_head.fc_reg.bias", "decoder.layers.3.norms.2.weight"):
        less = {other: value for other, value in whole.state.items() if other != key}
        with pytest.raises(ArtifactError, match="missing"):
            convert(Checkpoint(name=whole.name, state=less))
