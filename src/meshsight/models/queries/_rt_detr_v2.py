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
from meshsight.models.set_prediction.hybrid import HybridDetector, shared_settings
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
        decoder_n_points=spec.num_points,
        decoder_method=spec.method,
        **shared_settings(spec, spec.widths, num_classes),
    )


def build(spec: Spec, decode: DecodeSpec, num_classes: int, is_pretrained: bool) -> HybridDetector:
    """Builds RT-DETRv2 with random weights; published ones come through `meshsight weights import`."""
    network = RTDetrV2ForObjectDetection(make_config(spec, num_classes))
    return HybridDetector(spec, network.model, decode, num_classes)
