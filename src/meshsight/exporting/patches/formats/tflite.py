"""TensorFlow Lite, as LiteRT reads it, in five precisions at once."""

from typing import Literal

from meshsight.specs.base import VariantSpec

EXTRA = "litert"


class Spec(VariantSpec):
    """A patch network for LiteRT: float32, float16, and 8 bits with floats in three degrees."""

    kind: Literal["tflite"] = "tflite"
