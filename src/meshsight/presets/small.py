"""The small detector: trained from scratch on a CPU in minutes."""

from meshsight.models.backbones import tiny
from meshsight.models.detectors import dense
from meshsight.models.heads import aligned
from meshsight.models.necks import fpn
from meshsight.specs.commented import dump_commented
from meshsight.specs.decoding import DecodeSpec
from meshsight.specs.optimisation import MuonSpec
from meshsight.specs.schedule import WarmUpSpec
from meshsight.specs.training import TrainSpec


def small_detector() -> dense.Spec:
    """Returns the default detector for CPUs and small data."""
    return dense.Spec(
        backbone=tiny.Spec(),
        neck=fpn.Spec(channels=64, num_levels=3, norm="batch"),
        head=aligned.Spec(),
        decode=DecodeSpec(num_candidates=300, score_threshold=0.01, nms_iou=0.6),
    )


def small_training() -> TrainSpec:
    """Returns a recipe that trains the small detector from scratch on a few hundred to a few thousand images."""
    return TrainSpec(
        detector=small_detector(),
        steps=1800,
        batch_size=8,
        optimiser=MuonSpec(learning_rate=0.05),
        ema_decay=0.995,
        warm_up=WarmUpSpec(steps=60),
    )


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return dump_commented(small_training(), __doc__ or "")
