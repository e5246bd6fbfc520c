"""Class and circle from one trunk: one look at the patch for both answers."""

from typing import Literal

from meshsight.models.patch.spec import ClassifyingSpec, LocatingSpec


class Spec(ClassifyingSpec, LocatingSpec):
    """Says whether there is a ball and where its circle is."""

    kind: Literal["joint"] = "joint"
