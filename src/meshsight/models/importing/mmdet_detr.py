"""mmdetection's DETR, as 3.x names its tensors."""

import torch
from torch import Tensor

from meshsight.models.detectors import query
from meshsight.models.importing.backbones import num_blocks
from meshsight.models.importing.mmdet_parts import Source, converter, resnet_of
from meshsight.models.importing.plan import Plan
from meshsight.models.importing.renaming import Rule
from meshsight.models.queries import detr
from meshsight.specs.decoding import DecodeSpec

LANDSCAPE_HW = (800, 1344)
JOINT = ".in_proj_"
NORMS = {"encoder": ("self_attn", "final"), "decoder": ("self_attn", "encoder_attn", "final")}
"""What each norm of a layer follows."""

HEADS: list[Rule] = [
    (r"neck\.convs\.0\.conv\.", "network.model.input_projection."),
    (r"query_embedding\.", "network.model.query_position_embeddings."),
    (r"decoder\.post_norm\.", "norm."),
    (r"bbox_head\.fc_cls\.", "network.class_labels_classifier."),
    (r"bbox_head\.reg_ffn\.layers\.0\.0\.", "network.bbox_predictor.layers.0."),
    (r"bbox_head\.reg_ffn\.layers\.1\.", "network.bbox_predictor.layers.1."),
    (r"bbox_head\.fc_reg\.", "network.bbox_predictor.layers.2."),
]


def detr_model(source: Source) -> Plan:
    """Returns the plan of mmdetection's DETR.

    Raises:
        ArtifactError: it stands on another backbone than a ResNet in torch's style.
    """
    state = source.state
    backbone, title = resnet_of(source, "fixed")
    spec = detr.Spec(
        backbone=backbone,
        channels=state["query_embedding.weight"].shape[1],
        ffn_channels=state["encoder.layers.0.ffn.layers.1.weight"].shape[1],
        encoder_layers=num_blocks(state, r"(encoder)\.layers\.(\d+)\.norms\.0\.weight")[0],
        decoder_layers=num_blocks(state, r"(decoder)\.layers\.(\d+)\.norms\.0\.weight")[0],
        num_queries=state["query_embedding.weight"].shape[0],
    )
    rename = converter(source, HEADS, _layers())
    return Plan(
        source="mmdetection",
        model=f"DETR, {title}",
        spec=query.Spec(architecture=spec, decode=DecodeSpec(num_candidates=100, score_threshold=0.01, nms_iou=1.0)),
        num_classes=state["bbox_head.fc_cls.weight"].shape[0] - 1,
        input_hw=LANDSCAPE_HW,
        convert=lambda: split_attention(rename()),
    )


def _layers() -> list[Rule]:
    """Returns the rules of the layers of the encoder and the decoder."""
    rules: list[Rule] = []
    for part, norms in NORMS.items():
        old, new = rf"{part}\.layers\.(\d+)", rf"network.model.{part}.layers.\1"
        for theirs, ours in (("self_attn", "self_attn"), ("cross_attn", "encoder_attn")):
            rules.append((rf"{old}\.{theirs}\.attn\.out_proj\.", rf"{new}.{ours}.o_proj."))
            rules.append((rf"{old}\.{theirs}\.attn\.", rf"{new}.{ours}."))
        rules.append((rf"{old}\.ffn\.layers\.0\.0\.", rf"{new}.mlp.fc1."))
        rules.append((rf"{old}\.ffn\.layers\.1\.", rf"{new}.mlp.fc2."))
        rules += [(rf"{old}\.norms\.{i}\.", rf"{new}.{name}_layer_norm.") for i, name in enumerate(norms)]
    return rules


def split_attention(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Splits the joint projections of queries, keys and values, which torch's attention has."""
    split: dict[str, Tensor] = {}
    for name, tensor in state.items():
        before, joint, after = name.partition(JOINT)
        if not joint:
            split[name] = tensor
            continue
        for letter, part in zip("qkv", torch.chunk(tensor, 3), strict=True):
            split[f"{before}.{letter}_proj.{after}"] = part
    return split
