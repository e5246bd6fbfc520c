"""What RT-DETR and D-FINE share: a hybrid encoder, its best proposals as queries, and denoising queries.

Shapes: b images, h and w the input, q queries, d denoising queries, l decoder layers, c classes.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from meshsight.models.batch import Targets
from meshsight.models.set_prediction.criterion import Criterion, Terms, add_terms, num_objects
from meshsight.models.set_prediction.denoising import denoising_matches, library_labels, num_groups, num_longest
from meshsight.models.set_prediction.detector import QueryDetector
from meshsight.models.set_prediction.hybrid_spec import HybridSpec
from meshsight.models.set_prediction.library import take_backbone
from meshsight.models.set_prediction.losses import varifocal_loss
from meshsight.models.set_prediction.matching import Labels, Matches, Prediction
from meshsight.models.set_prediction.outputs import QueryOutputs, make_outputs
from meshsight.models.set_prediction.region import whole
from meshsight.specs.decoding import DecodeSpec

STRIDE = 32


class HybridDetector(QueryDetector):
    """A network of transformers that was made by its configuration alone."""

    def __init__(self, spec: HybridSpec, network: nn.Module, decode: DecodeSpec, num_classes: int):
        super().__init__("unit", decode, num_classes, STRIDE)
        self.spec = spec
        self.backbone = take_backbone(network)
        self.network = network
        self.criterion = Criterion(spec=spec.matching, scoring="sigmoid", class_loss=self._class_loss)

    def forward(self, images: Float[Tensor, "b 3 h w"], targets: Targets | None = None) -> QueryOutputs:
        """Maps RGB images in 0..255 to what every layer's queries say, denoising ones among them in training."""
        region = whole(images)
        labels = library_labels(targets, region) if self.training and targets is not None else None
        found = self.network(self.normalise(images), labels=labels)
        noise = found.denoising_meta_values
        num_noisy = noise["dn_num_split"][0] if noise is not None else 0
        # (b, l, q, ...) there, (b, q, l, ...) here: a query's layers belong together.
        parts = {name: part.transpose(1, 2).float() for name, part in self.answers(found).items()}
        split = {name: part.split([num_noisy, part.shape[1] - num_noisy], dim=1) for name, part in parts.items()}
        return make_outputs(
            region=region,
            first_logits=found.enc_topk_logits,
            first_boxes=found.enc_topk_bboxes,
            **{name: part for name, (_, part) in split.items()},
            **{f"noisy_{name.removeprefix('class_')}": part for name, (part, _) in split.items()},
        )

    def answers(self, found: Any) -> dict[str, Float[Tensor, "b l q _"]]:
        """Returns what the decoder says, by our names."""
        return {"class_logits": found.intermediate_logits, "boxes": found.intermediate_reference_points}

    def set_loss(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns `class`, `box` and `giou` of queries and proposals, and the same of denoising queries."""
        count = num_objects(labels)
        terms = {name: term / count for name, term in self.query_terms(raw, labels).items()}
        noisy = {name: term / count for name, term in self.noisy_terms(raw, labels).items()}
        return terms | {f"denoising_{name}": term for name, term in noisy.items()}

    def query_terms(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns the sums over all layers, and over the encoder's proposals."""
        layers = [Prediction(raw.class_logits[:, :, i], raw.boxes[:, :, i]) for i in range(raw.boxes.shape[2])]
        layers.append(Prediction(raw.first_logits, raw.first_boxes))
        return add_terms(self.criterion.terms(layer, labels, self.criterion.match(layer, labels)) for layer in layers)

    def noisy_terms(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns the sums over all layers of the denoising queries, and over their groups divided by their number."""
        num_queries = raw.noisy_boxes.shape[1]
        longest = num_longest(labels) if num_queries else 0
        groups = num_groups(longest, num_queries)
        if not groups:
            return {}
        matches = denoising_matches(labels, longest, num_queries)
        layers = [Prediction(raw.noisy_logits[:, :, i], raw.noisy_boxes[:, :, i]) for i in range(raw.boxes.shape[2])]
        sums = add_terms(self.criterion.terms(layer, _without_ignored(labels), matches) for layer in layers)
        return {name: term / groups for name, term in sums.items()}

    def _class_loss(self, prediction: Prediction, matches: Matches, silent: Bool[Tensor, "b q"]) -> Float[Tensor, ""]:
        return varifocal_loss(prediction, matches, silent, self.spec.vfl_alpha, self.spec.vfl_gamma)


def shared_settings(spec: HybridSpec, widths: tuple[int, ...], num_classes: int) -> dict[str, Any]:
    """Returns what the library's configurations of both networks call alike; `widths` are those of the backbone."""
    return {
        "num_labels": num_classes,
        "freeze_backbone_batch_norms": spec.norm == "frozen",
        "encoder_in_channels": list(widths[1:]),
        "encoder_hidden_dim": spec.encoder_channels,
        "encoder_ffn_dim": spec.encoder_ffn_channels,
        "encoder_attention_heads": spec.num_heads,
        "hidden_expansion": spec.expansion,
        "d_model": spec.channels,
        "decoder_in_channels": [spec.encoder_channels] * len(widths[1:]),
        "decoder_attention_heads": spec.num_heads,
        "decoder_ffn_dim": spec.decoder_ffn_channels,
        "decoder_layers": spec.decoder_layers,
        "num_queries": spec.num_queries,
        "num_denoising": spec.num_denoising,
        "focal_loss_alpha": spec.vfl_alpha,
        "focal_loss_gamma": spec.vfl_gamma,
    }


def _without_ignored(labels: list[Labels]) -> list[Labels]:
    """Denoising queries are made at objects, so regions to ignore are none of theirs."""
    return [one._replace(ignored=torch.zeros_like(one.ignored[:0])) for one in labels]
