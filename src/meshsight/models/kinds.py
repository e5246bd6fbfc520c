"""The parts that a detector is put together from, each a folder of kinds; nothing here needs torch."""

from meshsight.core.kinds import Kinds
from meshsight.models.backbone_words import BACKBONE_WORDS
from meshsight.specs.patch_training import PATCH_KINDS
from meshsight.specs.training import DETECTOR_KINDS

__all__ = [
    "BACKBONE_KINDS",
    "DETECTOR_KINDS",
    "HEAD_KINDS",
    "LIBRARY_KINDS",
    "NECK_KINDS",
    "PATCH_KINDS",
    "QUERY_KINDS",
]

BACKBONE_KINDS = Kinds("meshsight.models.backbones", "backbone", extra="train", words=BACKBONE_WORDS)
NECK_KINDS = Kinds("meshsight.models.necks", "neck", extra="train")
HEAD_KINDS = Kinds("meshsight.models.heads", "head", extra="train")
QUERY_KINDS = Kinds("meshsight.models.queries", "query architecture", extra="detr")
LIBRARY_KINDS = Kinds("meshsight.models.importing.libraries", "library of published weights", extra="detr")
