"""Detectors that predict a set of objects through queries, DETR and its line; steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from meshsight.models.kinds import QUERY_KINDS
from meshsight.specs.base import Slot, VariantSpec
from meshsight.specs.decoding import DecodeSpec


class Spec(VariantSpec):
    """One network of the DETR line, by way of transformers; each object gets a query of its own, none is suppressed."""

    kind: Literal["query"] = "query"
    architecture: Annotated[VariantSpec, Slot(QUERY_KINDS)]
    decode: DecodeSpec = DecodeSpec(num_candidates=300, score_threshold=0.01, nms_iou=1.0)
    """An `nms_iou` of 1 suppresses nothing."""
