"""The query family against transformers on the same weights: outputs, losses and detections."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    DetrConfig,
    DetrForObjectDetection,
    DetrImageProcessor,
    DFineForObjectDetection,
    PreTrainedModel,
    RfDetrForObjectDetection,
    RTDetrImageProcessor,
    RTDetrV2ForObjectDetection,
)
from transformers.loss.loss_d_fine import DFineLoss
from transformers.loss.loss_for_object_detection import ForObjectDetectionLoss

from meshsight.core.letterbox import PAD_VALUE
from meshsight.models.backbones import resnet, tiny
from meshsight.models.batch import PADDING, Targets
from meshsight.models.build import build_detector
from meshsight.models.detector import Detector
from meshsight.models.detectors import query
from meshsight.models.queries import d_fine, detr, rf_detr, rt_detr_v2
from meshsight.models.queries._d_fine import make_config as d_fine_config
from meshsight.models.queries._detr import make_config as detr_config
from meshsight.models.queries._rf_detr import make_config as rf_detr_config
from meshsight.models.queries._rt_detr_v2 import make_config as rt_detr_config
from meshsight.models.set_prediction.matching import Labels, Prediction, giou, match
from meshsight.models.set_prediction.outputs import QueryOutputs
from meshsight.models.set_prediction.region import find_region, region_mask, to_pixels, to_shares
from meshsight.models.set_prediction.spec import MatchSpec
from meshsight.models.start import start_from
from meshsight.models.weights import save_weights
from meshsight.specs.base import VariantSpec
from meshsight.specs.decoding import DecodeSpec

NUM_CLASSES = 4
SIZE_HW = (64, 96)
HYBRID = {
    "encoder_channels": 16,
    "encoder_ffn_channels": 16,
    "channels": 16,
    "num_heads": 2,
    "decoder_ffn_channels": 16,
    "decoder_layers": 3,
    "num_queries": 12,
    "num_denoising": 8,
}
DETR = detr.Spec(
    backbone=tiny.Spec(channels=(8, 8, 16, 16)),
    channels=16,
    num_heads=2,
    ffn_channels=16,
    encoder_layers=2,
    decoder_layers=3,
    num_queries=10,
    dropout=0.0,
)
RT_DETR = rt_detr_v2.Spec(block="basic", stem_channels=8, blocks=(1, 1, 1, 1), widths=(8, 8, 16, 16), **HYBRID)
D_FINE = d_fine.Spec(
    stem_channels=(8, 8), blocks=(1, 1, 1, 1), block_layers=1, middles=(8, 8, 8, 8), widths=(8, 8, 16, 16), **HYBRID
)
RF_DETR = rf_detr.Spec(
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
    num_queries=6,
    num_groups=3,
)


def build(architecture: VariantSpec) -> Detector:
    torch.manual_seed(0)
    decode = DecodeSpec(num_candidates=20, score_threshold=0.0, nms_iou=1.0)
    detector = build_detector(query.Spec(architecture=architecture, decode=decode), NUM_CLASSES)
    with torch.no_grad():  # fresh heads say the same of every query
        for name, part in detector.named_parameters():
            if name.endswith(("weight", "bias")):
                part.add_(torch.randn_like(part) * 0.1)
    return detector


def make_images() -> Tensor:
    """Two images, the second one with bars at its right and bottom."""
    images = torch.randint(0, 256, (2, 3, *SIZE_HW), generator=torch.Generator().manual_seed(3)).float()
    images[1, :, 40:] = PAD_VALUE
    images[1, :, :, 70:] = PAD_VALUE
    return images


TARGETS = Targets(
    boxes=torch.tensor([[[4, 6, 40, 50], [60, 10, 90, 60], [0, 0, 20, 20.0]], [[10, 5, 60, 30], [0] * 4, [0] * 4]]),
    class_ids=torch.tensor([[0, 3, 1], [2, PADDING, PADDING]]),
    is_ignored=torch.zeros(2, 3, dtype=torch.bool),
)


JUDGED = (TARGETS, SIZE_HW)


def library_labels(region: Tensor) -> list[dict[str, Tensor]]:
    """The same truth as `TARGETS`, said as transformers wants it."""
    found = []
    for boxes, class_ids, where in zip(TARGETS.boxes, TARGETS.class_ids, region, strict=True):
        real = class_ids >= 0
        found.append({"class_labels": class_ids[real], "boxes": to_shares(boxes[real], where)})
    return found


def twin(detector: Detector, network: PreTrainedModel, inner: bool) -> PreTrainedModel:
    """Fills a network of transformers with the detector's weights, its backbone put back."""
    state = {}
    for name, value in detector.state_dict().items():
        part, _, rest = name.partition(".")
        prefix = "" if part == "network" and not inner else "model."
        state[prefix + (f"backbone.{rest}" if part == "backbone" else rest)] = value
    for name in network.state_dict().keys() - state.keys():
        state[name] = state[f"model.decoder.{name}"]
    network.load_state_dict(state)
    return network


class OurPyramid(nn.Module):
    """Stands where transformers' DETR has its backbone."""

    def __init__(self, backbone: nn.Module):
        super().__init__()
        self.backbone = backbone

    def forward(self, images: Tensor, mask: Tensor) -> list[tuple[Tensor, Tensor]]:
        level = self.backbone(images)[-1]
        return [(level, nn.functional.interpolate(mask[None].float(), size=level.shape[-2:]).bool()[0])]


def detr_twin(detector: Detector, config: DetrConfig) -> DetrForObjectDetection:
    config.auxiliary_loss = False
    network = DetrForObjectDetection(config)
    network.model.backbone = OurPyramid(detector.backbone)
    state = {name.removeprefix("network."): v for name, v in detector.state_dict().items() if name[:8] == "network."}
    state |= {f"model.decoder.layernorm.{name}": v for name, v in detector.norm.state_dict().items()}
    missing, unexpected = network.load_state_dict(state, strict=False)
    assert not unexpected and all(name.startswith("model.backbone.") for name in missing)
    return network


def imagenet(images: Tensor) -> Tensor:
    mean, std = (torch.tensor(v).reshape(3, 1, 1) for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    return (images / 255 - mean) / std


def test_detr_equals_transformers_in_outputs_loss_and_detections() -> None:
    detector = build(DETR)
    library = detr_twin(detector, detr_config(DETR, 16, NUM_CLASSES))
    images = make_images()
    mask = torch.ones(2, *SIZE_HW, dtype=torch.bool)
    mask[1, 40:], mask[1, :, 70:] = False, False
    detector.eval(), library.eval()
    raw = detector(images)
    theirs = library(imagenet(images) * mask[:, None], pixel_mask=mask, labels=library_labels(raw.region))
    torch.testing.assert_close(raw.region, torch.tensor([[0, 0, 96, 64], [0, 0, 70, 40.0]]))
    torch.testing.assert_close(raw.class_logits[:, :, -1], theirs.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(raw.boxes[:, :, -1], theirs.pred_boxes, rtol=1e-4, atol=1e-5)
    ours = detector.loss(raw, TARGETS, SIZE_HW)
    expected, terms = detr_loss(raw, library)
    torch.testing.assert_close(sum(ours.values()), expected, rtol=1e-5, atol=0)
    last = {"softmax_class": 1, "box": 5, "giou": 2}
    alone = detector.loss(raw._replace(class_logits=raw.class_logits[:, :, -1:], boxes=raw.boxes[:, :, -1:]), *JUDGED)
    for (name, weight), theirs_name in zip(last.items(), ("loss_ce", "loss_bbox", "loss_giou"), strict=True):
        torch.testing.assert_close(alone[name], theirs.loss_dict[theirs_name] * weight, rtol=1e-5, atol=0)
    assert len([name for name in terms if "cardinality" not in name]) == 3 * DETR.decoder_layers
    sizes = [(64, 96), (40, 70)]
    processed = DetrImageProcessor().post_process_object_detection(theirs, threshold=0.0, target_sizes=sizes)
    found = detector.decode(raw, SIZE_HW)
    for image, one in enumerate(processed):
        order = one["scores"].argsort(descending=True)
        count = len(order)
        torch.testing.assert_close(found.scores[image, :count], one["scores"][order])
        assert torch.equal(found.class_ids[image, :count], one["labels"][order])
        limit = torch.tensor([96, 64, 96, 64.0])
        theirs_px = torch.minimum(one["boxes"][order].clamp(min=0), limit)
        torch.testing.assert_close(found.boxes[image, :count], theirs_px, rtol=1e-4, atol=1e-3)


def test_detr_learns_from_18_terms() -> None:
    """Class, box and giou of each of the six layers, each matched anew; every layer counts as it would alone."""
    published = detr.Spec(backbone=DETR.backbone)
    detector = build(DETR.evolve(decoder_layers=published.decoder_layers))
    raw = detector.eval()(make_images())
    layers = [
        raw._replace(class_logits=raw.class_logits[:, :, i : i + 1], boxes=raw.boxes[:, :, i : i + 1])
        for i in range(raw.boxes.shape[2])
    ]
    terms = [term for layer in layers for term in detector.loss(layer, *JUDGED).values()]
    assert len(terms) == 18
    torch.testing.assert_close(sum(detector.loss(raw, *JUDGED).values()), sum(terms), rtol=1e-5, atol=0)


def detr_loss(raw: QueryOutputs, library: DetrForObjectDetection) -> tuple[Tensor, dict[str, Tensor]]:
    """What transformers' criterion says of our layers' answers."""
    library.config.auxiliary_loss = True
    logits, boxes = (part.permute(2, 0, 1, 3) for part in (raw.class_logits, raw.boxes))
    labels = library_labels(raw.region)
    total, terms, _ = ForObjectDetectionLoss(
        logits[-1], labels, logits.device, boxes[-1], library.config, logits, boxes
    )
    return total, terms


def test_rt_detr_equals_transformers_in_outputs_losses_and_detections() -> None:
    detector = build(RT_DETR)
    library = twin(detector, RTDetrV2ForObjectDetection(rt_detr_config(RT_DETR, NUM_CLASSES)), inner=True)
    images = make_images()
    region = torch.tensor([[0, 0, 96, 64.0]] * 2)
    for mode in (True, False):
        detector.train(mode), library.train(mode)
        torch.manual_seed(5)
        raw = detector(images, TARGETS)
        torch.manual_seed(5)
        theirs = library(images / 255, labels=library_labels(region))
        num_noisy = raw.noisy_boxes.shape[1]
        assert num_noisy == (12 if mode else 0)
        torch.testing.assert_close(raw.class_logits[:, :, -1], theirs.logits[:, num_noisy:], rtol=1e-4, atol=1e-5)
        ours = detector.loss(raw, TARGETS, SIZE_HW)
        torch.testing.assert_close(sum(ours.values()), theirs.loss, rtol=1e-5, atol=0)
        assert any(name.startswith("denoising") for name in ours) == mode
    processed = RTDetrImageProcessor().post_process_object_detection(
        theirs, threshold=0.0, target_sizes=[SIZE_HW, SIZE_HW]
    )
    found = detector.decode(raw, SIZE_HW)
    scores = torch.stack([one["scores"] for one in processed])
    torch.testing.assert_close(found.scores[:, :12], scores, rtol=1e-4, atol=1e-6)


def test_d_fine_equals_transformers_in_outputs_and_in_each_loss() -> None:
    detector = build(D_FINE)
    config = d_fine_config(D_FINE, NUM_CLASSES)
    library = twin(detector, DFineForObjectDetection(config), inner=True)
    images = make_images()
    labels = library_labels(torch.tensor([[0, 0, 96, 64.0]] * 2))
    detector.train(), library.train()
    torch.manual_seed(5)
    raw = detector(images, TARGETS)
    torch.manual_seed(5)
    theirs = library(images / 255, labels=labels)
    num_noisy = raw.noisy_boxes.shape[1]
    torch.testing.assert_close(raw.class_logits[:, :, -1], theirs.logits[:, num_noisy:], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(raw.edges[:, :, -1], theirs.intermediate_predicted_corners[:, -1, num_noisy:])
    ours = detector.loss(raw, TARGETS, SIZE_HW)
    expected = DFineLoss(config)(d_fine_answers(raw, theirs.denoising_meta_values), labels)
    torch.testing.assert_close(sum(ours.values()), sum(expected.values()), rtol=1e-5, atol=0)
    edges = sum(value for name, value in expected.items() if "fgl" in name and "_dn" not in name)
    torch.testing.assert_close(ours["edge"], edges, rtol=1e-5, atol=0)
    distilled = sum(value for name, value in expected.items() if "ddf" in name and "_dn" not in name)
    torch.testing.assert_close(ours["edge_distillation"], distilled, rtol=1e-5, atol=0)


def d_fine_answers(raw: QueryOutputs, noise: dict) -> dict:
    """What our raw outputs say, paired as D-FINE's authors do, in the words of transformers' criterion."""

    def layers(logits: Tensor, boxes: Tensor, edges: Tensor, starts: Tensor) -> list[dict[str, Tensor]]:
        return [
            {
                "logits": logits[:, :, i + 1],
                "pred_boxes": boxes[:, :, i + 1],
                "pred_corners": edges[:, :, i],
                "ref_points": starts[:, :, i],
                "teacher_corners": edges[:, :, -1],
                "teacher_logits": logits[:, :, -1],
            }
            for i in range(edges.shape[2])
        ]

    *between, last = layers(raw.class_logits, raw.boxes, raw.edges, raw.edge_starts)
    noisy = layers(raw.noisy_logits, raw.noisy_boxes, raw.noisy_edges, raw.noisy_edge_starts)
    noisy.append({"logits": raw.noisy_logits[:, :, 0], "pred_boxes": raw.noisy_boxes[:, :, 0]})
    before = {"logits": raw.class_logits[:, :, 0], "pred_boxes": raw.boxes[:, :, 0]}
    first = {"logits": raw.first_logits, "pred_boxes": raw.first_boxes.clamp(0, 1)}
    return last | {
        "auxiliary_outputs": [*between, before, first],
        "dn_auxiliary_outputs": noisy,
        "denoising_meta_values": noise,
    }


def test_rf_detr_equals_transformers_in_outputs_losses_and_detections() -> None:
    detector = build(RF_DETR)
    library = twin(detector, RfDetrForObjectDetection(rf_detr_config(RF_DETR, NUM_CLASSES)), inner=False)
    images = make_images()
    labels = library_labels(torch.tensor([[0, 0, 96, 64.0]] * 2))
    detector.train(), library.train()
    torch.manual_seed(5)
    raw = detector(images, TARGETS)
    torch.manual_seed(5)
    theirs = library(imagenet(images), labels=labels)
    assert raw.boxes.shape[1] == 18
    torch.testing.assert_close(raw.class_logits[:, :, -1], theirs.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(sum(detector.loss(raw, TARGETS, SIZE_HW).values()), theirs.loss, rtol=1e-4, atol=0)
    detector.eval(), library.eval()
    raw, theirs = detector(images), library(imagenet(images))
    torch.testing.assert_close(raw.class_logits[:, :, -1], theirs.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(raw.boxes[:, :, -1], theirs.pred_boxes, rtol=1e-4, atol=1e-5)
    assert raw.boxes.shape[1] == 6


def test_padding_does_not_move_what_detr_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same picture in a larger input: only the backbone sees a little of its bars, and only if they are padding."""
    # Of the library's small start, whose boxes follow pixels so little that the bounds below say what they mean.
    monkeypatch.setattr("meshsight.models.queries._detr._start", lambda network: None)
    detector = build(DETR).eval()
    picture = make_images()[:1]
    padded = torch.full((1, 3, 128, 160), float(PAD_VALUE))
    padded[:, :, :64, :96] = picture
    with torch.no_grad():
        alone, inside = detector(picture), detector(padded)
        not_grey = detector(torch.where(padded == PAD_VALUE, PAD_VALUE + 1.0, padded))
    moved = (inside.boxes - alone.boxes).abs().max()
    assert moved < 1e-3 < 3 * (not_grey.boxes - alone.boxes).abs().max()
    found = to_pixels(inside.boxes[:, :, -1], inside.region)
    torch.testing.assert_close(found, to_pixels(alone.boxes[:, :, -1], alone.region), rtol=0, atol=0.1)


def test_what_the_backbone_says_of_bars_changes_nothing_that_detr_finds() -> None:
    detector = build(DETR).eval()
    padded = torch.full((1, 3, 128, 160), float(PAD_VALUE))
    padded[:, :, :64, :96] = make_images()[:1]
    generator = torch.Generator().manual_seed(0)

    def noisy(features: Tensor, rows: int, columns: int) -> Tensor:
        noise = 10 * torch.randn(features.shape, generator=generator)
        noise[:, :, :rows, :columns] = features[:, :, :rows, :columns]
        return noise

    def among_bars(*called: object) -> tuple[Tensor, ...]:
        return tuple(noisy(level, level.shape[2] // 2, level.shape[3] * 96 // 160) for level in called[2])

    def all_over(*called: object) -> tuple[Tensor, ...]:
        return tuple(noisy(level, 0, 0) for level in called[2])

    with torch.no_grad():
        plain = detector(padded)
        heard = {}
        for hook in (among_bars, all_over):
            handle = detector.backbone.register_forward_hook(hook)
            heard[hook] = detector(padded)
            handle.remove()
    torch.testing.assert_close(heard[among_bars].boxes, plain.boxes, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(heard[among_bars].class_logits, plain.class_logits, rtol=1e-5, atol=1e-5)
    assert (heard[all_over].boxes - plain.boxes).abs().max() > 1e-3


def test_the_region_of_a_picture_is_found_wherever_it_lies() -> None:
    images = torch.full((3, 3, 8, 12), float(PAD_VALUE))
    images[0, :, 2:5, 3:9] = 7
    images[1, 1, :, :] = 0
    assert find_region(images).tolist() == [[3, 2, 6, 3], [0, 0, 12, 8], [0, 0, 12, 8]]
    mask = region_mask(find_region(images), (8, 12))
    assert mask[0].nonzero().amin(dim=0).tolist() == [2, 3] and mask[0].sum() == 18


def test_shares_and_pixels_are_inverse() -> None:
    region = torch.tensor([10.0, 20.0, 100.0, 50.0])
    boxes = torch.tensor([[10.0, 20, 60, 70], [35, 30, 36, 31]])
    shares = to_shares(boxes, region)
    torch.testing.assert_close(shares[0], torch.tensor([0.25, 0.5, 0.5, 1.0]))
    torch.testing.assert_close(to_pixels(shares[None], region[None])[0], boxes)


def test_generalised_iou_by_hand() -> None:
    a, b = torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 1, 3, 3], [4, 0, 6, 2]])
    torch.testing.assert_close(giou(a, b), torch.tensor([1 / 7 - 2 / 9, -1 / 3]))


def test_matching_takes_the_cheapest_pairs_in_each_group() -> None:
    boxes = torch.tensor([[0.2, 0.2, 0.1, 0.1], [0.8, 0.8, 0.1, 0.1], [0.8, 0.8, 0.1, 0.1], [0.2, 0.2, 0.1, 0.1]])
    labels = [Labels(boxes[:2].flip(0), torch.tensor([1, 0]), boxes[:0])]

    found = match(Prediction(torch.zeros(1, 4, 2), boxes[None]), labels, MatchSpec(), "sigmoid", num_groups=2)
    assert found.query.tolist() == [0, 1, 2, 3] and found.class_ids.tolist() == [0, 1, 1, 0]


def test_resnet_norms_can_be_fixed_altogether() -> None:
    spec = query.Spec(architecture=DETR.evolve(backbone=resnet.Spec(depth=18, pretrained=False, norm="fixed")))
    detector = build_detector(spec, 2)
    norms = [m for m in detector.backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    assert norms and not any(p.requires_grad for m in norms for p in m.parameters())
    assert not any(m.training for m in norms)


def test_basic_blocks_want_a_stem_as_wide_as_the_first_stage() -> None:
    with pytest.raises(ValueError, match="stem_channels: basic blocks expect as many as the first stage has, 8"):
        RT_DETR.evolve(stem_channels=16)


@pytest.mark.parametrize(
    ("architecture", "head"),
    [
        pytest.param(DETR, "network.class_labels_classifier.bias", id="detr"),
        pytest.param(RT_DETR, "network.decoder.class_embed.2.bias", id="rt-detr-v2"),
        pytest.param(D_FINE, "network.enc_score_head.bias", id="d-fine"),
        pytest.param(RF_DETR, "network.model.enc_out_class_embed.1.bias", id="rf-detr"),
    ],
)
def test_classes_known_by_name_keep_their_rows(tmp_path: Path, architecture: VariantSpec, head: str) -> None:
    detector = build(architecture)
    save_weights(tmp_path / "w.safetensors", detector, ("bolt", "nut", "screw", "washer"))
    other = build_detector(query.Spec(architecture=architecture), 3)
    fresh = other.state_dict()[head].clone()
    start_from(other, ("washer", "pin", "nut"), tmp_path / "w.safetensors")
    mine, theirs = other.state_dict()[head], detector.state_dict()[head]
    assert torch.equal(mine[[0, 2]], theirs[[3, 1]]) and mine[1] == fresh[1]
    assert torch.equal(mine[3:], theirs[4:])
