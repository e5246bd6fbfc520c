"""Query detectors of other programs: transformers' folders, and mmdetection's names of DETR."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from transformers import (
    DetrConfig,
    DetrForObjectDetection,
    DFineForObjectDetection,
    PreTrainedModel,
    RfDetrForObjectDetection,
    RTDetrV2ForObjectDetection,
)

from meshsight.core.errors import ArtifactError
from meshsight.models.build import build_detector
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.class_names import COCO
from meshsight.models.importing.convert import Imported, convert, convert_published
from meshsight.models.importing.mmdet_detr import split_attention
from meshsight.models.queries._d_fine import make_config as d_fine_config
from meshsight.models.queries._rf_detr import make_config as rf_detr_config
from meshsight.models.queries._rt_detr_v2 import make_config as rt_detr_config
from meshsight.workflows.import_weights import import_weights

from .test_queries import D_FINE, RF_DETR, RT_DETR, imagenet, make_images

NAMES = ("bolt", "nut", "screw", "washer")


def write(network: PreTrainedModel, folder: Path, names: tuple[str, ...] = NAMES) -> PreTrainedModel:
    """Gives a fresh network weights that tell its queries apart, and writes it as transformers does."""
    torch.manual_seed(1)
    with torch.no_grad():
        for part in network.parameters():
            part.add_(torch.randn_like(part) * 0.1)
    network.config.id2label = dict(enumerate(names))
    network.config.label2id = {name: label for label, name in enumerate(names)}
    network.save_pretrained(folder)
    return network.eval()


def load(found: Imported) -> nn.Module:
    detector = build_detector(found.spec, len(found.classes), is_pretrained=False)
    detector.load_state_dict(found.state)
    return detector.eval()


@pytest.mark.parametrize(
    ("network_type", "config", "prepare"),
    [
        pytest.param(RTDetrV2ForObjectDetection, rt_detr_config(RT_DETR, 4), lambda x: x / 255, id="rt-detr-v2"),
        pytest.param(DFineForObjectDetection, d_fine_config(D_FINE, 4), lambda x: x / 255, id="d-fine"),
        pytest.param(RfDetrForObjectDetection, rf_detr_config(RF_DETR, 4), imagenet, id="rf-detr"),
    ],
)
def test_a_folder_of_transformers_predicts_as_there(tmp_path: Path, network_type, config, prepare) -> None:
    torch.manual_seed(0)  # of some weights two queries are so alike that rounding decides about their order
    theirs = write(network_type(config), tmp_path / "theirs")
    found = convert_published(str(tmp_path / "theirs"))
    assert found.classes == NAMES and found.source == "transformers"
    with torch.no_grad():
        raw, expected = load(found)(make_images()), theirs(prepare(make_images()))
    torch.testing.assert_close(raw.class_logits[:, :, -1], expected.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(raw.boxes[:, :, -1], expected.pred_boxes.clamp(0, 1), rtol=1e-4, atol=1e-5)


def small_detr(num_labels: int, **settings: object) -> DetrForObjectDetection:
    config = DetrConfig(
        use_timm_backbone=True,
        backbone="resnet18",
        use_pretrained_backbone=False,
        num_labels=num_labels,
        d_model=16,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=10,
        **settings,
    )
    return DetrForObjectDetection(config)


def test_detr_of_transformers_predicts_as_there(tmp_path: Path) -> None:
    theirs = write(small_detr(4), tmp_path)
    found = convert_published(str(tmp_path))
    images = make_images()[:1]
    with torch.no_grad():
        raw, expected = load(found)(images), theirs(imagenet(images))
    torch.testing.assert_close(raw.class_logits[:, :, -1], expected.logits, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(raw.boxes[:, :, -1], expected.pred_boxes, rtol=1e-4, atol=1e-5)


def test_of_cocos_91_labels_the_80_that_are_classes_stay(tmp_path: Path) -> None:
    theirs = write(small_detr(91), tmp_path, tuple(f"name {label}" for label in range(91)))
    found = convert_published(str(tmp_path))
    assert found.classes == COCO and "name nothing" in found.notes[0]
    rows, all_rows = found.state["network.class_labels_classifier.bias"], theirs.class_labels_classifier.bias
    assert rows.shape == (81,)
    assert torch.equal(rows[[0, 11, 79, 80]], all_rows[[1, 13, 90, 91]])


def test_an_imported_folder_is_a_run_that_trains_on(tmp_path: Path) -> None:
    write(RTDetrV2ForObjectDetection(rt_detr_config(RT_DETR, 4)), tmp_path / "theirs")
    result = import_weights(tmp_path / "theirs" / "model.safetensors", out=tmp_path / "run")
    assert result.model == "RT-DETRv2" and result.classes == NAMES
    assert "kind: rt_detr_v2" in result.recipe.read_text()


def test_what_is_not_here_is_refused_in_one_line(tmp_path: Path) -> None:
    write(RTDetrV2ForObjectDetection(rt_detr_config(RT_DETR, 4)), tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    for changed, message in (
        ({"normalize_before": True}, "normalize_before is True instead of False"),
        ({"model_type": "bert"}, r"bert; known are detr"),
        ({"num_queries": 13}, "num_queries|no weights"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config | changed))
        if "num_queries" in changed:  # no tensor depends on it
            assert convert_published(str(tmp_path)).spec.model_dump()["architecture"]["num_queries"] == 13
            continue
        with pytest.raises(ArtifactError, match=message) as raised:
            convert_published(str(tmp_path))
        assert "\n" not in str(raised.value)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArtifactError, match="no weights that transformers can read"):
        convert_published(str(tmp_path))


class TorchDetr(nn.Module):
    """The layers of DETR as torch itself has them, with mmdetection's names."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, dropout=0.0, batch_first=True)
        self.decoder = nn.TransformerDecoderLayer(16, 2, 32, dropout=0.0, batch_first=True)

    def named(self) -> dict[str, Tensor]:
        renamed = {
            "self_attn.": "self_attn.attn.",
            "multihead_attn.": "cross_attn.attn.",
            "linear1.": "ffn.layers.0.0.",
            "linear2.": "ffn.layers.1.",
            "norm1.": "norms.0.",
            "norm2.": "norms.1.",
            "norm3.": "norms.2.",
        }
        found = {}
        for name, tensor in self.state_dict().items():
            part, _, rest = name.partition(".")
            old = next(old for old in renamed if rest.startswith(old))
            found[f"{part}.layers.0.{renamed[old]}{rest.removeprefix(old)}"] = tensor.detach()
        return found


def test_mmdetections_layers_do_what_torchs_do() -> None:
    """mmdetection wraps torch's attention, so layers of torch are the oracle of where its tensors belong."""
    torch.manual_seed(0)
    oracle = TorchDetr().eval()
    resnet = DetrForObjectDetection(DetrConfig(backbone="resnet18", num_labels=3, d_model=16)).model.backbone.model
    norms = [name.removesuffix("running_var") for name in resnet.state_dict() if name.endswith("running_var")]
    state = {f"backbone.{name}": tensor for name, tensor in resnet.state_dict().items()} | oracle.named()
    state |= {f"backbone.{name}num_batches_tracked": torch.tensor(0) for name in norms}
    shapes = {
        "neck.convs.0.conv.weight": (16, 512, 1, 1),
        "neck.convs.0.conv.bias": (16,),
        "query_embedding.weight": (5, 16),
        "decoder.post_norm.weight": (16,),
        "decoder.post_norm.bias": (16,),
        "bbox_head.fc_cls.weight": (4, 16),
        "bbox_head.fc_cls.bias": (4,),
        "bbox_head.reg_ffn.layers.0.0.weight": (16, 16),
        "bbox_head.reg_ffn.layers.0.0.bias": (16,),
        "bbox_head.reg_ffn.layers.1.weight": (16, 16),
        "bbox_head.reg_ffn.layers.1.bias": (16,),
        "bbox_head.fc_reg.weight": (4, 16),
        "bbox_head.fc_reg.bias": (4,),
    }
    state |= {name: torch.randn(shape) for name, shape in shapes.items()}
    found = convert(Checkpoint(name="detr.pth", state=state), classes=("a", "b", "c"))
    settings = found.spec.model_dump()
    settings["architecture"]["num_heads"] = 2  # mmdetection does not store it; its DETR has 8
    model = load(Imported(**{**{f: getattr(found, f) for f in found.__slots__}, "spec": type(found.spec)(**settings)}))
    source, queries = torch.randn(2, 7, 16), torch.randn(2, 5, 16)
    network = model.network.model
    with torch.no_grad():
        ours = network.encoder.layers[0](source, attention_mask=None, spatial_position_embeddings=torch.zeros(1))
        torch.testing.assert_close(ours, oracle.encoder(source), rtol=1e-4, atol=1e-5)
        ours = network.decoder.layers[0](
            queries,
            attention_mask=None,
            spatial_position_embeddings=torch.zeros(1),
            object_queries_position_embeddings=torch.zeros(1),
            encoder_hidden_states=source,
        )
        torch.testing.assert_close(ours, oracle.decoder(queries, source), rtol=1e-4, atol=1e-5)


def test_joint_projections_are_split_in_order() -> None:
    split = split_attention({"x.in_proj_weight": torch.arange(6.0).reshape(6, 1), "y": torch.zeros(1)})
    assert {name: tensor.flatten().tolist() for name, tensor in split.items()} == {
        "x.q_proj.weight": [0, 1],
        "x.k_proj.weight": [2, 3],
        "x.v_proj.weight": [4, 5],
        "y": [0],
    }
