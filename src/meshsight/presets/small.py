"""The small detector: trained from scratch on a CPU in minutes."""

from meshsight.models.backbones import tiny
from meshsight.models.detectors import dense
from meshsight.models.heads import aligned
from meshsight.models.necks import fpn
from meshsight.specs.decoding import DecodeSpec


def small_detector() -> dense.Spec:
    """Returns the default detector for CPUs and small data."""
    return dense.Spec(
        backbone=tiny.Spec(),
        neck=fpn.Spec(channels=64, num_levels=3, norm="batch"),
        head=aligned.Spec(),
        decode=DecodeSpec(num_candidates=300, nms_iou=0.6),
    )
