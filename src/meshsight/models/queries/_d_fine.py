"""Builds D-FINE by way of transformers.

Outputs and detections equal its DFineForObjectDetection, and each loss of a layer equals its DFineLoss
(`tests/unit/models/test_queries.py`). As in the authors' code, each layer's classes are judged with its own edges, and
the last layer's edges are judged, too; transformers 5.23 pairs them one layer apart and leaves two layers out. Other
deviations: each layer keeps its own matching for the edges, as in transformers (the authors join those of all layers);
there are regions to ignore; images are fitted with bars, where the published recipe squeezes them to a square.

Shapes: b images, q queries, e values of the four edges' distributions.
"""

# pyright: reportCallIssue=false
# Configurations of transformers take more than their signatures say.

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import DFineConfig, DFineForObjectDetection, HGNetV2Config
from transformers.models.d_fine import modeling_d_fine

from meshsight.models.queries.d_fine import Spec
from meshsight.models.set_prediction.criterion import Terms, add_terms, num_objects
from meshsight.models.set_prediction.denoising import denoising_matches, num_groups, num_longest, share_denoising
from meshsight.models.set_prediction.edges import (
    distillation_loss,
    edge_targets,
    edge_values,
    fine_grained_loss,
)
from meshsight.models.set_prediction.hybrid import HybridDetector, shared_settings
from meshsight.models.set_prediction.library import make_exportable
from meshsight.models.set_prediction.matching import Labels, Matches, Prediction, corners, iou
from meshsight.models.set_prediction.outputs import QueryOutputs
from meshsight.specs.decoding import DecodeSpec

make_exportable(modeling_d_fine)
share_denoising(modeling_d_fine)

UP = 0.5
"""How far the distributions reach, before their scale."""


class Layer(NamedTuple):
    """What one layer says of its queries."""

    prediction: Prediction
    edges: Float[Tensor, "b q e"]
    starts: Float[Tensor, "b q 4"]


class DFine(HybridDetector):
    """A hybrid detector whose layers refine distributions of edges."""

    spec: Spec

    def __init__(self, spec: Spec, network: nn.Module, decode: DecodeSpec, num_classes: int):
        super().__init__(spec, network, decode, num_classes)
        self.edge_values: Tensor
        values = edge_values(spec.num_bins, UP, spec.edge_scale, torch.device("cpu"))
        self.register_buffer("edge_values", values, persistent=False)

    def answers(self, found: Any) -> dict[str, Float[Tensor, "b l q _"]]:
        """Returns what the decoder says, by our names; boxes end at the image."""
        return {
            "class_logits": found.intermediate_logits,
            "boxes": found.intermediate_reference_points.clamp(0, 1),
            "edges": found.intermediate_predicted_corners,
            "edge_starts": found.initial_reference_points,
        }

    def query_terms(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns the sums over all layers, those of the edges among them, and over the encoder's proposals."""
        first, layers = _layers(raw.class_logits, raw.boxes, raw.edges, raw.edge_starts)
        proposals = Prediction(raw.first_logits, raw.first_boxes.clamp(0, 1))
        plain = [proposals, *first]
        terms = [self.criterion.terms(part, labels, self.criterion.match(part, labels)) for part in plain]
        count = num_objects(labels)
        for layer in layers:
            matches = self.criterion.match(layer.prediction, labels)
            terms += [self.criterion.terms(layer.prediction, labels, matches), self.fine_terms(layer, matches)]
            terms.append(self.distillation_terms(layer, layers[-1], matches, count))
        return add_terms(terms)

    def noisy_terms(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns the sums over all layers of the denoising queries, and over their groups divided by their number."""
        num_queries = raw.noisy_boxes.shape[1]
        longest = num_longest(labels) if num_queries else 0
        groups = num_groups(longest, num_queries)
        if not groups:
            return {}
        matches, count = denoising_matches(labels, longest, num_queries), num_objects(labels)
        first, layers = _layers(raw.noisy_logits, raw.noisy_boxes, raw.noisy_edges, raw.noisy_edge_starts)
        seen = [one._replace(ignored=one.ignored[:0]) for one in labels]
        terms = [self.criterion.terms(part, seen, matches) for part in first]
        for layer in layers:
            terms += [self.criterion.terms(layer.prediction, seen, matches), self.fine_terms(layer, matches)]
        sums = {name: term / groups for name, term in add_terms(terms).items()}
        distilled = [self.distillation_terms(layer, layers[-1], matches, count) for layer in layers]
        return add_terms([sums, *distilled])

    def fine_terms(self, layer: Layer, matches: Matches) -> Terms:
        """Returns `edge`: the matched queries' edges against the true ones."""
        where = matches.image, matches.query
        own, true = corners(layer.prediction.boxes[where].detach()), corners(matches.boxes)
        targets = edge_targets(layer.starts[where].detach(), true, self.edge_values, self.spec.edge_scale)
        loss = fine_grained_loss(layer.edges[where], targets, iou(own, true), len(self.edge_values))
        return {"edge": self.spec.fine_weight * loss}

    def distillation_terms(self, layer: Layer, last: Layer, matches: Matches, count: Tensor) -> Terms:
        """Returns `edge_distillation`: all queries' edges against the last layer's.

        It is a mean already: the number of objects, by which all sums are divided later, is multiplied in.
        """
        if layer is last:
            return {"edge_distillation": layer.edges.sum() * 0}
        where = matches.image, matches.query
        weights = last.prediction.logits.detach().sigmoid().amax(dim=-1)
        weights[where] = iou(corners(layer.prediction.boxes[where].detach()), corners(matches.boxes))
        is_matched = torch.zeros_like(weights, dtype=torch.bool)
        is_matched[where] = True
        loss = distillation_loss(layer.edges, last.edges, weights, is_matched, len(self.edge_values))
        return {"edge_distillation": self.spec.distillation_weight * loss * count}


def _layers(logits: Tensor, boxes: Tensor, edges: Tensor, starts: Tensor) -> tuple[list[Prediction], list[Layer]]:
    """Returns what was said before the edges, in training, and every layer that has edges."""
    predictions = [Prediction(logits[:, :, i], boxes[:, :, i]) for i in range(boxes.shape[2])]
    num_before = len(predictions) - edges.shape[2]
    layers = [
        Layer(prediction, edges[:, :, i], starts[:, :, i]) for i, prediction in enumerate(predictions[num_before:])
    ]
    return predictions[:num_before], layers


def make_config(spec: Spec, num_classes: int) -> DFineConfig:
    """Returns the configuration of the same network there."""
    backbone = HGNetV2Config(
        embedding_size=spec.stem_channels[0],
        stem_channels=[3, *spec.stem_channels],
        hidden_sizes=list(spec.widths),
        depths=list(spec.blocks),
        stage_in_channels=[spec.stem_channels[1], *spec.widths[:3]],
        stage_mid_channels=list(spec.middles),
        stage_out_channels=list(spec.widths),
        stage_num_blocks=list(spec.blocks),
        stage_downsample=[False, True, True, True],
        stage_light_block=[False, False, True, True],
        stage_kernel_size=[3, 3, 5, 5],
        stage_numb_of_layers=[spec.block_layers] * 4,
        use_learnable_affine_block=spec.has_affine,
        out_features=["stage2", "stage3", "stage4"],
    )
    return DFineConfig(
        backbone_config=backbone,
        depth_mult=spec.depth,
        decoder_n_points=list(spec.num_points),
        max_num_bins=spec.num_bins,
        reg_scale=spec.edge_scale,
        up=UP,
        **shared_settings(spec, spec.widths, num_classes),
    )


def build(spec: Spec, decode: DecodeSpec, num_classes: int, is_pretrained: bool) -> DFine:
    """Builds D-FINE with random weights; published ones come through `meshsight weights import`."""
    network = DFineForObjectDetection(make_config(spec, num_classes))
    return DFine(spec, network.model, decode, num_classes)
