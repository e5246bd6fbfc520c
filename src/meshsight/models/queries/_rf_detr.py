"""Builds RF-DETR by way of transformers.

Equal to its RfDetrForObjectDetection in outputs, losses and detections (`tests/unit/models/test_queries.py`). Two
deviations: there are regions to ignore, and images are fitted with bars, where the published recipe squeezes them to a
square; bars are not masked, as that recipe has none.

Shapes: b images, h and w the input, g times q queries in training, q in evaluation.
"""

# pyright: reportCallIssue=false
# Configurations of transformers take more than their signatures say.

from jaxtyping import Bool, Float
from torch import Tensor, nn
from transformers import RfDetrConfig, RfDetrDinov2Config, RfDetrForObjectDetection

from meshsight.models.batch import Targets
from meshsight.models.queries.rf_detr import Spec
from meshsight.models.set_prediction.criterion import Criterion, Terms, add_terms, num_objects
from meshsight.models.set_prediction.detector import QueryDetector
from meshsight.models.set_prediction.library import take_backbone
from meshsight.models.set_prediction.losses import iou_aware_loss
from meshsight.models.set_prediction.matching import Labels, Matches, Prediction
from meshsight.models.set_prediction.outputs import QueryOutputs, make_outputs
from meshsight.models.set_prediction.region import whole
from meshsight.models.set_prediction.starting import start_matrices, start_proposing_heads
from meshsight.specs.decoding import DecodeSpec


class RfDetr(QueryDetector):
    """A transformer as backbone, its best places as queries, in several groups while training."""

    def __init__(self, spec: Spec, decode: DecodeSpec, num_classes: int):
        super().__init__("imagenet", decode, num_classes, spec.patch_size * spec.num_windows)
        self.spec = spec
        self.network = RfDetrForObjectDetection(make_config(spec, num_classes))
        self.backbone = take_backbone(self.network.model)
        _start(self.network)
        self.criterion = Criterion(spec=spec.matching, scoring="sigmoid", class_loss=self._class_loss)

    def forward(self, images: Float[Tensor, "b 3 h w"], targets: Targets | None = None) -> QueryOutputs:
        """Maps RGB images in 0..255 to what every layer's queries say."""
        found = self.network.model(self.normalise(images))
        layers, places = found.intermediate_hidden_states, found.intermediate_reference_points
        logits, boxes = self.network.predict_class_and_boxes(layers, places)
        return make_outputs(
            logits.permute(1, 2, 0, 3),
            boxes.permute(1, 2, 0, 3),
            whole(images),
            first_logits=self.network.predict_encoder_class_logits(found.enc_outputs_class),
            first_boxes=found.enc_outputs_coord_logits,
        )

    def set_loss(self, raw: QueryOutputs, labels: list[Labels]) -> Terms:
        """Returns `class`, `box` and `giou` of queries and proposals."""
        groups = raw.boxes.shape[1] // self.spec.num_queries
        layers = [Prediction(raw.class_logits[:, :, i], raw.boxes[:, :, i]) for i in range(raw.boxes.shape[2])]
        layers.append(Prediction(raw.first_logits, raw.first_boxes))
        sums = add_terms(
            self.criterion.terms(layer, labels, self.criterion.match(layer, labels, groups)) for layer in layers
        )
        count = num_objects(labels) * groups
        return {name: term / count for name, term in sums.items()}

    def _class_loss(self, prediction: Prediction, matches: Matches, silent: Bool[Tensor, "b q"]) -> Float[Tensor, ""]:
        return iou_aware_loss(prediction, matches, silent, self.spec.quality_alpha)


def _start(network: RfDetrForObjectDetection) -> None:
    model = network.get_submodule("model")
    start_matrices(model.get_submodule("decoder"))
    start_matrices(model.get_submodule("enc_output"))
    nn.init.normal_(model.get_parameter("query_feat.weight"))
    nn.init.zeros_(model.get_parameter("reference_point_embed.weight"))
    heads = [network.get_submodule(name) for name in ("class_embed", "bbox_embed")]
    start_proposing_heads(*heads)
    for head, name in zip(heads, ("enc_out_class_embed", "enc_out_bbox_embed"), strict=True):
        for copy in model.get_submodule(name).children():
            copy.load_state_dict(head.state_dict())


def make_config(spec: Spec, num_classes: int) -> RfDetrConfig:
    """Returns the configuration of the same network there."""
    backbone = RfDetrDinov2Config(
        image_size=spec.image_size,
        patch_size=spec.patch_size,
        num_windows=spec.num_windows,
        hidden_size=spec.width,
        num_hidden_layers=spec.num_layers,
        num_attention_heads=spec.backbone_heads,
        out_features=[f"stage{index}" for index in spec.levels],
    )
    return RfDetrConfig(
        backbone_config=backbone,
        num_labels=num_classes,
        d_model=spec.channels,
        decoder_self_attention_heads=spec.self_heads,
        decoder_cross_attention_heads=spec.cross_heads,
        decoder_ffn_dim=spec.ffn_channels,
        decoder_layers=spec.decoder_layers,
        decoder_n_points=spec.num_points,
        dropout=spec.dropout,
        num_queries=spec.num_queries,
        group_detr=spec.num_groups,
        focal_alpha=spec.quality_alpha,
    )


def build(spec: Spec, decode: DecodeSpec, num_classes: int, is_pretrained: bool) -> RfDetr:
    """Builds RF-DETR with random weights; published ones come through `meshsight weights import`."""
    return RfDetr(spec, decode, num_classes)
