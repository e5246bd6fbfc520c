"""Detectors that predict at every cell of a feature pyramid; steps 6 and 7 of the walk."""

from typing import Annotated, Literal

from meshsight.models.kinds import BACKBONE_KINDS, HEAD_KINDS, NECK_KINDS
from meshsight.specs.base import Slot, VariantSpec
from meshsight.specs.decoding import DecodeSpec


class Spec(VariantSpec):
    """Backbone, neck and head in a row: any of each, as RetinaNet is."""

    kind: Literal["dense"] = "dense"
    backbone: Annotated[VariantSpec, Slot(BACKBONE_KINDS)]
    neck: Annotated[VariantSpec, Slot(NECK_KINDS)]
    head: Annotated[VariantSpec, Slot(HEAD_KINDS)]
    decode: DecodeSpec = DecodeSpec()
    normalise: Literal["imagenet", "unit", "none"] = "imagenet"
    """What the backbone is given: pixels with ImageNet's mean and deviation taken out, in 0..1, or in 0..255."""
