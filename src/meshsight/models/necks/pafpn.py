"""The Path Aggregation Network's neck, Liu et al. 2018 (arXiv 1803.01534); step 6 of the walk."""

from typing import Literal

from meshsight.models.necks import fpn


class Spec(fpn.Spec):
    """A feature pyramid with one more way up, from its finest level to its coarsest; as mmdetection's PAFPN."""

    kind: Literal["pafpn"] = "pafpn"
