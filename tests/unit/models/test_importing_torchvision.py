"""torchvision's own detectors as oracles: with imported weights, ours say what they say."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import resnet18
from torchvision.models.detection import FasterRCNN, RetinaNet, fasterrcnn_resnet50_fpn, retinanet_resnet50_fpn
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.image_list import ImageList
from torchvision.ops import FrozenBatchNorm2d
from torchvision.ops.feature_pyramid_network import ExtraFPNBlock, LastLevelMaxPool, LastLevelP6P7

from meshsight.core.boxes import class_wise_nms
from meshsight.core.errors import ArtifactError
from meshsight.models.build import build_detector
from meshsight.models.detector import Candidates, Detector
from meshsight.models.detectors.dense import Spec as DenseSpec
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.class_names import COCO
from meshsight.models.importing.convert import convert
from meshsight.models.normalise import MEAN_AND_STD

SIZE_HW = (128, 256)
"""Multiples of 128, on which torchvision's anchors have our strides."""
NUM_LABELS = 4


def randomise(network: nn.Module) -> None:
    """Gives every tensor a size that keeps maps alive from the image to the head."""
    generator = torch.Generator().manual_seed(3)
    for name, tensor in network.state_dict().items():
        if not tensor.is_floating_point():
            continue
        noise = torch.randn(tensor.shape, generator=generator)
        if name.endswith("running_var"):
            tensor.copy_(0.5 + noise.abs())
        elif tensor.ndim > 1:
            size = 0.1 if "bbox" in name else 1.3  # boxes stay near their anchors
            tensor.copy_(noise * (size / tensor[0].numel()) ** 0.5)
        else:
            tensor.copy_(0.1 * noise + ("bn" in name and name.endswith("weight")))


def backbone(first: int, extra: ExtraFPNBlock, norm: Callable[..., nn.Module] = nn.BatchNorm2d) -> BackboneWithFPN:
    layers = {f"layer{i}": str(i - first) for i in range(first, 5)}
    channels = [64 << (i - 1) for i in range(first, 5)]
    return BackboneWithFPN(resnet18(weights=None, norm_layer=norm), layers, channels, 256, extra)


def imported(network: nn.Module) -> Detector:
    found = convert(Checkpoint(name="model.pth", state=dict(network.state_dict())))
    ours = build_detector(found.spec, len(found.classes), is_pretrained=False)
    ours.load_state_dict(found.state)
    return ours.eval()


def images() -> tuple[Tensor, Tensor]:
    """Returns images as we take them, and normalised as torchvision's detectors take them inside."""
    ours = torch.rand(2, 3, *SIZE_HW, generator=torch.Generator().manual_seed(0)) * 255
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in MEAN_AND_STD["imagenet"])
    return ours, (ours - mean) / std


def near(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.abs().max().item())


def assert_detections(candidates: Candidates, theirs: list[dict[str, Tensor]], network: Detector) -> None:
    """Compares detections, less torchvision's boxes that lie outside the image and have no area in it."""
    spec = network.decode_spec
    for image, found in enumerate(theirs):
        has_area = (found["boxes"][:, 2:] > found["boxes"][:, :2]).all(dim=1)
        expected = {name: part[has_area] for name, part in found.items()}
        boxes, scores, class_ids = (part[image].numpy() for part in candidates)
        kept = np.flatnonzero(scores > spec.score_threshold)
        kept = kept[class_wise_nms(boxes[kept], scores[kept], class_ids[kept], spec.nms_iou)][: spec.max_detections]
        assert len(kept) > 10
        np.testing.assert_allclose(scores[kept], expected["scores"][: len(kept)].numpy(), rtol=1e-3)
        np.testing.assert_array_equal(class_ids[kept] + 1, expected["labels"][: len(kept)].numpy())
        np.testing.assert_allclose(boxes[kept], expected["boxes"][: len(kept)].numpy(), atol=0.02)


@pytest.mark.parametrize("channels_of_p6", [256, 512], ids=["on_output", "on_input"])
@torch.no_grad()
def test_retinanet_equals_torchvision(channels_of_p6: int) -> None:
    theirs = RetinaNet(backbone(2, LastLevelP6P7(channels_of_p6, 256)), NUM_LABELS, anchor_generator=None).eval()
    randomise(theirs)
    theirs.head.classification_head.cls_logits.bias.fill_(-3.0)
    ours = imported(theirs)
    pixels, normalised = images()
    features = list(theirs.backbone(normalised).values())
    found = theirs.head(features)
    raw = ours(pixels)
    near(raw.class_logits, found["cls_logits"][..., 1:])
    near(raw.deltas, found["bbox_regression"])
    anchors = theirs.anchor_generator(ImageList(normalised, [SIZE_HW] * 2), features)
    torch.testing.assert_close(torch.cat(ours.head.anchors(SIZE_HW, torch.device("cpu"))), anchors[0])
    counts = [level.shape[-2] * level.shape[-1] * 9 for level in features]
    found["cls_logits"][..., 0] = -99.0  # what is background is no class with us
    split = {name: list(rows.split(counts, dim=1)) for name, rows in found.items()}
    detections = theirs.postprocess_detections(split, [list(one.split(counts)) for one in anchors], [SIZE_HW] * 2)
    assert_detections(ours.decode(raw, SIZE_HW), detections, ours)


@pytest.mark.parametrize("norm", [nn.BatchNorm2d, FrozenBatchNorm2d], ids=["batch", "frozen"])
@torch.no_grad()
def test_faster_rcnn_equals_torchvision(norm: Callable[..., nn.Module]) -> None:
    theirs = FasterRCNN(backbone(1, LastLevelMaxPool(), norm), NUM_LABELS).eval()
    randomise(theirs)
    for module in theirs.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = 0.0  # as torchvision sets it for the weights that it publishes
    ours = imported(theirs)
    pixels, normalised = images()
    features = theirs.backbone(normalised)
    logits, deltas = theirs.rpn.head(list(features.values()))
    raw = ours(pixels)
    rows = [m.unflatten(1, (-1, 1)).permute(0, 3, 4, 1, 2).reshape(2, -1, 1) for m in logits]
    near(raw.proposal_logits, torch.cat(rows, dim=1))
    rows = [m.unflatten(1, (-1, 4)).permute(0, 3, 4, 1, 2).reshape(2, -1, 4) for m in deltas]
    near(raw.proposal_deltas, torch.cat(rows, dim=1))
    proposals, _ = theirs.rpn(ImageList(normalised, [SIZE_HW] * 2), features)
    detections, _ = theirs.roi_heads(features, proposals, [SIZE_HW] * 2)
    assert_detections(ours.decode(raw, SIZE_HW), detections, ours)


@pytest.mark.parametrize("build", [retinanet_resnet50_fpn, fasterrcnn_resnet50_fpn])
def test_the_published_models_keep_the_eighty_labels_that_are_classes(build: Callable[..., nn.Module]) -> None:
    with torch.device("meta"):
        state = dict(build(weights=None, weights_backbone=None).state_dict())
    name, anchors = next((key, 9 if "head.class" in key else 1) for key in state if key.endswith("cls_logits.bias"))
    if "rpn" in name:
        name, anchors = "roi_heads.box_predictor.cls_score.bias", 1
    state[name] = torch.arange(91.0 * anchors)
    found = convert(Checkpoint(name="model.pth", state=state))
    assert (found.source, found.classes) == ("torchvision", COCO)
    bias = found.state["head.class_out.bias" if anchors == 9 else "regions.class_out.bias"]
    labels = dict(zip(COCO, bias.tolist(), strict=False))
    assert (labels["person"], labels["stop sign"], labels["toothbrush"]) == (1, 13, 90)  # the ids of COCO's own files
    assert anchors == 9 or bias[-1] == 0


def test_old_names_of_published_files() -> None:
    with torch.device("meta"):
        new = retinanet_resnet50_fpn(weights=None, weights_backbone=None).state_dict()
    old: dict[str, Tensor] = {}
    for name, tensor in new.items():
        renamed = name.replace("_blocks.0.0.", "_blocks.0.").replace("_blocks.1.0.", "_blocks.1.")
        renamed = renamed.replace("_blocks.2.0.", "_blocks.2.")
        for i in (3, 2, 1, 0):
            renamed = renamed.replace(f"_head.conv.{i}.0.", f"_head.conv.{2 * i}.")
        old[renamed] = tensor
    assert (
        convert(Checkpoint(name="old.pth", state=old)).state.keys()
        == convert(Checkpoint(name="new.pth", state=dict(new))).state.keys()
    )


def test_a_mask_head_is_left_out_and_v2_refused() -> None:
    with torch.device("meta"):
        state = dict(fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None).state_dict())
    extra = {**state, "roi_heads.mask_head.0.0.weight": torch.zeros(1, device="meta")}
    found = convert(Checkpoint(name="mask.pth", state=extra))
    assert found.notes == ("1 tensors of the mask or keypoint head were left out",)
    v2 = {name: tensor for name, tensor in state.items() if "fc6" not in name}
    with pytest.raises(ArtifactError, match="Faster R-CNN v2"):
        convert(Checkpoint(name="v2.pth", state=v2))


def test_the_recipe_says_what_torchvision_does_differently() -> None:
    with torch.device("meta"):
        state = dict(retinanet_resnet50_fpn(weights=None, weights_backbone=None).state_dict())
    spec = convert(Checkpoint(name="r.pth", state=state)).spec
    assert isinstance(spec, DenseSpec)
    recipe = spec.model_dump()
    assert recipe["neck"]["has_relu_between"] and recipe["neck"]["extra_levels"] == "on_output"
    assert recipe["head"]["anchors"]["is_rounded"]
