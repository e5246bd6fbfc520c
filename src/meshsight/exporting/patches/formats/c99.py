"""Plain C99: one header with the weights inside, no allocation, SSE or NEON where the compiler's target has them."""

from typing import Literal

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """A patch network as C99, for a robot."""

    kind: Literal["c99"] = "c99"
