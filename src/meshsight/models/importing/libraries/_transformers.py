"""Reads DETR, RT-DETRv2, D-FINE and RF-DETR of transformers; the library itself reads its files, old names and new.

A model is taken only if the network that our recipe would build has the same configuration.
"""

import json
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    DetrForObjectDetection,
    DFineForObjectDetection,
    PreTrainedConfig,
    PreTrainedModel,
    RfDetrForObjectDetection,
    RTDetrV2ForObjectDetection,
)

from meshsight.core.errors import ArtifactError
from meshsight.models.backbones import resnet, timm
from meshsight.models.detectors import query
from meshsight.models.importing.class_names import COCO, COCO_LABELS, COCO_NUM_LABELS
from meshsight.models.importing.libraries.transformers import Spec
from meshsight.models.importing.plan import Plan
from meshsight.models.queries import _d_fine, _detr, _rf_detr, _rt_detr_v2, d_fine, detr, rf_detr, rt_detr_v2
from meshsight.models.set_prediction.hybrid_spec import HybridSpec
from meshsight.models.set_prediction.library import read_published
from meshsight.models.set_prediction.spec import MatchSpec
from meshsight.specs.base import VariantSpec
from meshsight.specs.decoding import DecodeSpec

SQUARE = 640
ELSEWHERE = ("model.backbone.", "model.decoder.layernorm.")
LANDSCAPE_HW = (800, 1344)
OF_NO_EFFECT = frozenset(
    {
        *("id2label", "label2id", "num_labels", "transformers_version", "architectures", "dtype", "torch_dtype"),
        *("_name_or_path", "name_or_path", "auxiliary_loss", "eos_coefficient", "anchor_image_size", "eval_size"),
        *("initializer_range", "init_std", "init_xavier_std", "initializer_bias_prior_prob", "label_noise_ratio"),
        *("box_noise_scale", "matcher_alpha", "matcher_gamma", "use_pretrained_backbone", "backbone_kwargs"),
        *("out_indices", "stage_names", "_out_indices", "drop_path_rate", "max_position_embeddings", "use_cache"),
        *("dilation", "backbone", "use_timm_backbone", "num_channels", "mask_loss_coefficient", "embedding_size"),
        *("dice_loss_coefficient", "head_dim", "feat_strides", "window_block_indexes", "problem_type"),
        *("is_encoder_decoder", "hidden_dropout_prob", "depths", "use_mask_token"),
    }
)
"""Settings that change neither what a trained network says nor its losses here, or that follow from others."""


def build(spec: Spec) -> Plan:
    """Reads a model.

    Raises:
        ArtifactError: nothing is there, or a model that is not here.
    """
    try:
        config = AutoConfig.from_pretrained(spec.where)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ArtifactError(
            f"no model of transformers ({reason}). Name a folder with config.json and model.safetensors, "
            "or a name on the hub; without a network, fetch it elsewhere and copy it here."
        ) from error
    known = MODELS.get(config.model_type)
    if known is None:
        raise ArtifactError(f"a {config.model_type}; known are {', '.join(MODELS)}")
    network_type, plan = known
    network = read_published(network_type, spec.where)
    return plan(network)


def _detr_plan(network: PreTrainedModel) -> Plan:
    config: Any = network.config
    if config.backbone_config.model_type != "timm_backbone" or config.dilation:
        raise ArtifactError("a DETR on another backbone than timm's undilated ones")
    name = config.backbone_config.backbone
    settings = {"pretrained": False, "frozen_stages": 1, "norm": "fixed"}
    depths = {"resnet50": 50, "resnet101": 101}
    is_ours = name in depths
    kind, which = (resnet.Spec, {"depth": depths[name]}) if is_ours else (timm.Spec, {"name": name})
    backbone: VariantSpec = kind.model_validate(settings | which)
    spec = detr.Spec(
        backbone=backbone,
        channels=config.d_model,
        num_heads=config.encoder_attention_heads,
        ffn_channels=config.encoder_ffn_dim,
        encoder_layers=config.encoder_layers,
        decoder_layers=config.decoder_layers,
        num_queries=config.num_queries,
        dropout=config.dropout,
        no_object_weight=config.eos_coefficient,
        matching=_matching(config),
    )
    ours = _detr.make_config(spec, network.get_parameter("model.input_projection.weight").shape[1], config.num_labels)
    _compare(config, ours, ("backbone_config",))
    labels, classes = _labels(config)
    state = {
        **_counted({f"backbone.network.{name}": tensor for name, tensor in _part(network, "model.backbone.model.")}),
        **{f"network.{name}": tensor for name, tensor in _part(network, "") if not name.startswith(ELSEWHERE)},
        **{f"norm.{name}": tensor for name, tensor in _part(network, ELSEWHERE[1])},
    }
    for key in ("network.class_labels_classifier.weight", "network.class_labels_classifier.bias"):
        state[key] = state[key][[*labels, config.num_labels]]
    notes = ("labels that name nothing were left out",) if len(labels) < config.num_labels else ()
    return Plan(
        source="transformers",
        model=f"DETR, {name}",
        spec=query.Spec(architecture=spec, decode=DecodeSpec(num_candidates=100, score_threshold=0.01, nms_iou=1.0)),
        num_classes=len(labels),
        input_hw=LANDSCAPE_HW,
        convert=lambda: state,
        classes=classes,
        notes=notes,
    )


def _hybrid_settings(config: Any) -> dict[str, object]:
    """Returns the fields that RT-DETRv2 and D-FINE share."""
    return {
        "norm": "frozen" if config.freeze_backbone_batch_norms else "batch",
        "encoder_channels": config.encoder_hidden_dim,
        "encoder_ffn_channels": config.encoder_ffn_dim,
        "expansion": config.hidden_expansion,
        "channels": config.d_model,
        "num_heads": config.encoder_attention_heads,
        "decoder_ffn_channels": config.decoder_ffn_dim,
        "decoder_layers": config.decoder_layers,
        "num_queries": config.num_queries,
        "num_denoising": config.num_denoising,
        "vfl_alpha": config.focal_loss_alpha,
        "vfl_gamma": config.focal_loss_gamma,
        "matching": MatchSpec(
            class_cost=config.matcher_class_cost,
            box_cost=config.matcher_bbox_cost,
            giou_cost=config.matcher_giou_cost,
            class_weight=config.weight_loss_vfl,
            box_weight=config.weight_loss_bbox,
            giou_weight=config.weight_loss_giou,
        ),
    }


def _rt_detr_plan(network: PreTrainedModel) -> Plan:
    config: Any = network.config
    body = config.backbone_config
    spec = rt_detr_v2.Spec.model_validate(
        _hybrid_settings(config)
        | {
            "block": body.layer_type,
            "stem_channels": body.embedding_size,
            "blocks": tuple(body.depths),
            "widths": tuple(body.hidden_sizes),
            "num_points": config.decoder_n_points,
            "method": config.decoder_method,
        }
    )
    return _hybrid_plan(network, spec, _rt_detr_v2.make_config(spec, config.num_labels), "RT-DETRv2")


def _d_fine_plan(network: PreTrainedModel) -> Plan:
    config: Any = network.config
    body = config.backbone_config
    spec = d_fine.Spec.model_validate(
        _hybrid_settings(config)
        | {
            "stem_channels": tuple(body.stem_channels[1:]),
            "blocks": tuple(body.stage_num_blocks),
            "block_layers": body.stage_numb_of_layers[0],
            "middles": tuple(body.stage_mid_channels),
            "widths": tuple(body.stage_out_channels),
            "has_affine": body.use_learnable_affine_block,
            "depth": config.depth_mult,
            "num_points": _points(config),
            "num_bins": config.max_num_bins,
            "edge_scale": config.reg_scale,
            "fine_weight": config.weight_loss_fgl,
            "distillation_weight": config.weight_loss_ddf,
        }
    )
    return _hybrid_plan(network, spec, _d_fine.make_config(spec, config.num_labels), "D-FINE")


def _points(config: Any) -> tuple[int, ...]:
    points = config.decoder_n_points
    return tuple(points) if isinstance(points, list | tuple) else (points,) * config.num_feature_levels


def _hybrid_plan(network: PreTrainedModel, spec: HybridSpec, ours: PreTrainedConfig, title: str) -> Plan:
    _compare(network.config, ours, ("decoder_n_points",))
    state = {f"backbone.{name}": tensor for name, tensor in _part(network, "model.backbone.")}
    state |= {
        f"network.{name}": tensor for name, tensor in _part(network, "model.") if not name.startswith("backbone.")
    }
    return _plan(network, spec, title, state, SQUARE)


def _rf_detr_plan(network: PreTrainedModel) -> Plan:
    config: Any = network.config
    body = config.backbone_config
    spec = rf_detr.Spec(
        image_size=body.image_size,
        patch_size=body.patch_size,
        num_windows=body.num_windows,
        width=body.hidden_size,
        num_layers=body.num_hidden_layers,
        backbone_heads=body.num_attention_heads,
        levels=tuple(int(name.removeprefix("stage")) for name in body.out_features),
        channels=config.d_model,
        self_heads=config.decoder_self_attention_heads,
        cross_heads=config.decoder_cross_attention_heads,
        ffn_channels=config.decoder_ffn_dim,
        num_points=config.decoder_n_points,
        decoder_layers=config.decoder_layers,
        num_queries=config.num_queries,
        num_groups=config.group_detr,
        quality_alpha=config.focal_alpha,
        matching=_matching(config).evolve(class_weight=config.class_loss_coefficient),
    )
    _compare(config, _rf_detr.make_config(spec, config.num_labels), ("dropout",))
    state = {f"backbone.{name}": tensor for name, tensor in _part(network, "model.backbone.")}
    others = {name: tensor for name, tensor in _part(network, "") if not name.startswith("model.backbone.")}
    state |= {f"network.{name}": tensor for name, tensor in others.items()}
    return _plan(network, spec, "RF-DETR", state, body.image_size)


def _plan(network: PreTrainedModel, spec: VariantSpec, title: str, state: dict[str, Tensor], side: int) -> Plan:
    return Plan(
        source="transformers",
        model=title,
        spec=query.Spec(architecture=spec),
        num_classes=network.config.num_labels or 0,
        input_hw=(side, side),
        convert=lambda: state,
        classes=_names(network.config),
        notes=("trained on images squeezed to a square; here they are fitted with bars",),
    )


def _matching(config: Any) -> MatchSpec:
    return MatchSpec(
        class_cost=config.class_cost,
        box_cost=config.bbox_cost,
        giou_cost=config.giou_cost,
        box_weight=config.bbox_loss_coefficient,
        giou_weight=config.giou_loss_coefficient,
    )


def _labels(config: PreTrainedConfig) -> tuple[list[int], tuple[str, ...] | None]:
    """Returns the labels that name a class, and their names; COCO's 91 labels have eleven that name nothing."""
    if config.num_labels == COCO_NUM_LABELS:
        return list(COCO_LABELS), COCO
    return list(range(config.num_labels or 0)), _names(config)


def _names(config: PreTrainedConfig) -> tuple[str, ...] | None:
    by_label: Any = config.id2label or {}
    names = tuple(str(by_label.get(label, "")) for label in range(config.num_labels or 0))
    is_unnamed = any(not name or name.startswith("LABEL_") for name in names) or len(set(names)) != len(names)
    return None if is_unnamed else names


def _part(network: PreTrainedModel, prefix: str) -> list[tuple[str, Tensor]]:
    """Returns the tensors below a prefix, without it."""
    state = network.state_dict()
    return [(name.removeprefix(prefix), tensor) for name, tensor in state.items() if name.startswith(prefix)]


def _counted(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Adds the counters that our norms have and frozen ones lack."""
    norms = [name.removesuffix(".running_var") for name in state if name.endswith(".running_var")]
    return state | {f"{norm}.num_batches_tracked": torch.zeros((), dtype=torch.int64) for norm in norms}


def _compare(found: PreTrainedConfig, ours: PreTrainedConfig, skipped: tuple[str, ...] = ()) -> None:
    """Refuses a model that has settings of which our recipe knows nothing.

    Raises:
        ArtifactError: one of them is not what our network has.
    """
    theirs, mine = (json.loads(json.dumps(config.to_dict())) for config in (found, ours))
    wrong = _differences(theirs, mine, frozenset(skipped) | OF_NO_EFFECT)
    if wrong:
        raise ArtifactError(f"a variant that meshsight does not have: {'; '.join(wrong[:4])}")


def _differences(theirs: dict[str, Any], mine: dict[str, Any], skipped: frozenset[str]) -> list[str]:
    wrong: list[str] = []
    for name in sorted(theirs.keys() & mine.keys() - skipped):
        if isinstance(theirs[name], dict) and isinstance(mine[name], dict):
            wrong += [f"{name}.{line}" for line in _differences(theirs[name], mine[name], skipped)]
        elif theirs[name] != mine[name]:
            wrong.append(f"{name} is {theirs[name]!r} instead of {mine[name]!r}")
    return wrong


MODELS: dict[str, tuple[type[PreTrainedModel], Callable[[PreTrainedModel], Plan]]] = {
    "detr": (DetrForObjectDetection, _detr_plan),
    "rt_detr_v2": (RTDetrV2ForObjectDetection, _rt_detr_plan),
    "d_fine": (DFineForObjectDetection, _d_fine_plan),
    "rf_detr": (RfDetrForObjectDetection, _rf_detr_plan),
}
"""By the model type in the configuration: the class there, and what becomes of it here."""
