"""Builds DETR: transformers' encoder, decoder and heads on a backbone of ours.

Equal to transformers' DetrForObjectDetection in outputs, loss and detections (`tests/unit/models/test_queries.py`).
It starts as the authors start it, not as transformers does. Padding is masked, and boxes are shares of the picture
without it. One deviation: there are regions to ignore.

Shapes: b images, h and w the input.
"""

# pyright: reportCallIssue=false
# Configurations of transformers take more than their signatures say.

from jaxtyping import Bool, Float
from torch import Tensor, nn
from transformers import DetrConfig, DetrForObjectDetection, ResNetConfig

from meshsight.models.batch import Targets
from meshsight.models.detector import Candidates
from meshsight.models.kinds import BACKBONE_KINDS
from meshsight.models.parts import Backbone
from meshsight.models.queries.detr import Spec
from meshsight.models.set_prediction.criterion import Criterion, Terms, add_terms, num_objects
from meshsight.models.set_prediction.detector import QueryDetector
from meshsight.models.set_prediction.library import PyramidDoor, last_channels, put_backbone
from meshsight.models.set_prediction.losses import softmax_loss
from meshsight.models.set_prediction.matching import Labels, Matches, Prediction
from meshsight.models.set_prediction.outputs import QueryOutputs, make_outputs
from meshsight.models.set_prediction.region import find_region, region_mask, to_pixels
from meshsight.models.set_prediction.starting import start_layers, start_matrices
from meshsight.models.topk import best_candidates
from meshsight.specs.decoding import DecodeSpec


class Detr(QueryDetector):
    """A transformer over the backbone's coarsest level."""

    def __init__(self, spec: Spec, backbone: Backbone, decode: DecodeSpec, num_classes: int):
        super().__init__("imagenet", decode, num_classes, backbone.features[-1].stride)
        self.spec = spec
        self.backbone = backbone
        self.network = DetrForObjectDetection(make_config(spec, last_channels(backbone), num_classes))
        put_backbone(self.network.model, PyramidDoor(backbone))
        _start(self.network)
        # Norms what a layer says. transformers 5.23 would also hand the normed states on to the next layer when it is
        # asked for those of all layers, which neither DETR nor its published weights know.
        decoder = self.network.get_submodule("model.decoder")
        self.norm = decoder.get_submodule("layernorm")
        decoder.set_submodule("layernorm", nn.Identity())
        self.criterion = Criterion(spec=spec.matching, scoring="softmax", class_loss=self._class_loss)

    def forward(self, images: Float[Tensor, "b 3 h w"], targets: Targets | None = None) -> QueryOutputs:
        """Maps RGB images in 0..255 to what every layer's queries say."""
        region = find_region(images)
        mask = region_mask(region, (images.shape[2], images.shape[3]))
        found = self.network.model(self.normalise(images) * mask[:, None], pixel_mask=mask)
        layers = self.norm(found.intermediate_hidden_states).permute(1, 2, 0, 3)
        boxes = self.network.bbox_predictor(layers).sigmoid()
        return make_outputs(self.network.class_labels_classifier(layers), boxes, region)

    def set_loss(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns `softmax_class`, a mean, and `box` and `giou`, divided by the number of objects."""
        layers = [Prediction(raw.class_logits[:, :, i], raw.boxes[:, :, i]) for i in range(raw.boxes.shape[2])]
        terms = add_terms(self.criterion.terms(layer, labels, self.criterion.match(layer, labels)) for layer in layers)
        count = num_objects(labels)
        return {"softmax_class": terms["class"], "box": terms["box"] / count, "giou": terms["giou"] / count}

    def _class_loss(self, prediction: Prediction, matches: Matches, silent: Bool[Tensor, "b q"]) -> Float[Tensor, ""]:
        return softmax_loss(prediction.logits, matches, silent, self.spec.no_object_weight)

    def decode(self, raw: QueryOutputs, size_hw: tuple[int, int]) -> Candidates:
        """Returns the queries, each with its likeliest class."""
        likely = raw.class_logits[:, :, -1].softmax(dim=-1)[..., :-1]
        scores, class_ids = likely.max(dim=-1, keepdim=True)
        boxes = to_pixels(raw.boxes[:, :, -1], raw.region)
        return best_candidates(boxes, scores, self.decode_spec, size_hw, class_ids)


def _start(network: DetrForObjectDetection) -> None:
    for name in ("encoder", "decoder"):
        start_matrices(network.get_submodule(f"model.{name}"))
    for name in ("model.input_projection", "class_labels_classifier", "bbox_predictor"):
        start_layers(network.get_submodule(name))
    nn.init.normal_(network.get_parameter("model.query_position_embeddings.weight"))


def make_config(spec: Spec, channels_in: int, num_classes: int) -> DetrConfig:
    """Returns the configuration; its backbone only holds the place of ours."""
    place = ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 8, 8, channels_in],
        depths=[1, 1, 1, 1],
        layer_type="basic",
        out_features=["stage4"],
    )
    return DetrConfig(
        backbone_config=place,
        num_labels=num_classes,
        d_model=spec.channels,
        encoder_attention_heads=spec.num_heads,
        decoder_attention_heads=spec.num_heads,
        encoder_ffn_dim=spec.ffn_channels,
        decoder_ffn_dim=spec.ffn_channels,
        encoder_layers=spec.encoder_layers,
        decoder_layers=spec.decoder_layers,
        num_queries=spec.num_queries,
        dropout=spec.dropout,
        auxiliary_loss=True,
    )


def build(spec: Spec, decode: DecodeSpec, num_classes: int, is_pretrained: bool) -> Detr:
    """Builds DETR.

    Raises:
        ArtifactError: the backbone's pretrained weights cannot be fetched.
    """
    backbone = BACKBONE_KINDS.builder(spec.backbone.kind)(spec.backbone, is_pretrained)
    return Detr(spec, backbone, decode, num_classes)
