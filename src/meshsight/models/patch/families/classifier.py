"""Ball or no ball: NaoTH's classifier."""

from typing import Literal

from meshsight.models.patch.spec import ClassifyingSpec


class Spec(ClassifyingSpec):
    """Says how sure it is that the patch shows a ball."""

    kind: Literal["classifier"] = "classifier"
