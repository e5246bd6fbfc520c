"""Builds RT-DETRv2 by way of transformers.

Equal to its RTDetrV2ForObjectDetection in outputs, losses (denoising among them) and detections
(`tests/unit/models/test_queries.py`). Two deviations: there are regions to ignore, and images are fitted with bars,
where the published recipe squeezes them to a square; bars are not masked, as the reference masks none.
"""

# pyright: reportCallIssue=false
# Configurations of transformers take more than their signatures say.

from transformers import RTDetrResNetConfig, RTDetrV2Config, RTDetrV2ForObjectDetection
from transformers.models.rt_detr_v2 import modeling_rt_detr_v2

from meshsight.models.queries.rt_detr_v2 import Spec
from meshsight.models.set_prediction.denoising import share_denoising
from meshsight.models.set_prediction.hybrid import HybridDetector
from meshsight.models.set_prediction.library import make_exportable
from meshsight.specs.decoding import DecodeSpec

make_exportable(modeling_rt_detr_v2)
share_denoising(modeling_rt_detr_v2)


def make_config(spec: Spec, num_classes: int) -> RTDetrV2Config:
    """Returns the configuration of the same network there."""
    backbone = RTDetrResNetConfig(
        embedding_size=spec.stem_channels,
        hidden_sizes=list(spec.widths),
        depths=list(spec.blocks),
        layer_type=spec.block,
        out_features=["stage2", "stage3", "stage4"],
    )
    return RTDetrV2Config(
        backbone_config=backbone,
        num_labels=num_classes,
        freeze_backbone_batch_norms=spec.norm == "frozen",
        encoder_in_channels=list(spec.widths[1:]),
        encoder_hidden_dim=spec.encoder_channels,
        encoder_ffn_dim=spec.encoder_ffn_channels,
        encoder_attention_heads=spec.num_heads,
        hidden_expansion=spec.expansion,
        d_model=spec.channels,
        decoder_in_channels=[spec.encoder_channels] * 3,
        decoder_attention_heads=spec.num_heads,
        decoder_ffn_dim=spec.decoder_ffn_channels,
        decoder_layers=spec.decoder_layers,
        decoder_n_points=spec.num_points,
        decoder_method=spec.method,
        num_queries=spec.num_queries,
        num_denoising=spec.num_denoising,
        focal_loss_alpha=spec.vfl_alpha,
        focal_loss_gamma=spec.vfl_gamma,
    )


def build(spec: Spec, decode: DecodeSpec, num_classes: int, is_pretrained: bool) -> HybridDetector:
    """Builds RT-DETRv2 with random weights; published ones come through `meshsight weights import`."""
    network = RTDetrV2ForObjectDetection(make_config(spec, num_classes))
    return HybridDetector(spec, network.model, decode, num_classes)
