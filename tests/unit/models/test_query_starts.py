"""Fresh query detectors start as their authors start them."""

import math

import torch
from torch import nn

from meshsight.models.backbones import tiny
from meshsight.models.build import build_detector
from meshsight.models.detectors import query
from meshsight.models.queries import detr, rf_detr


def test_queries_of_a_fresh_detr_are_far_apart() -> None:
    torch.manual_seed(0)
    architecture = detr.Spec(
        backbone=tiny.Spec(channels=(8, 8, 16, 16)),
        channels=64,
        num_heads=2,
        ffn_channels=64,
        num_queries=50,
        dropout=0.0,
    )
    detector = build_detector(query.Spec(architecture=architecture), 3)
    weights = detector.get_parameter("network.model.query_position_embeddings.weight")
    assert abs(float(weights.detach().std()) - 1) < 0.05
    matrix = detector.get_parameter("network.model.encoder.layers.0.self_attn.q_proj.weight")
    assert abs(float(matrix.detach().std()) - math.sqrt(2 / (64 + 64))) < 0.01


def test_rf_detr_starts_with_rare_objects_at_its_proposals() -> None:
    torch.manual_seed(0)
    architecture = rf_detr.Spec(
        image_size=64, width=16, num_layers=2, backbone_heads=2, levels=(1, 2), channels=32, self_heads=2, cross_heads=2
    )
    detector = build_detector(query.Spec(architecture=architecture.evolve(num_queries=10, num_groups=2)), 3)
    assert abs(float(detector.get_parameter("network.model.query_feat.weight").detach().std()) - 1) < 0.1
    assert not detector.get_parameter("network.model.reference_point_embed.weight").any()
    for name in ("network.bbox_embed", "network.model.enc_out_bbox_embed.1"):
        *_, last = (layer for layer in detector.get_submodule(name).modules() if isinstance(layer, nn.Linear))
        assert not last.weight.any() and not last.bias.any()
    scores = detector.get_parameter("network.model.enc_out_class_embed.0.bias").detach().sigmoid()
    torch.testing.assert_close(scores, torch.full((3,), 0.01))
    offsets = detector.get_parameter("network.model.decoder.layers.0.cross_attn.sampling_offsets.weight")
    assert not offsets.any()
