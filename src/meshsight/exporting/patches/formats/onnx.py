"""ONNX in float32: bytes in, scores and circles out, any number of patches."""

from typing import Literal

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """An ONNX graph of a patch network in float32."""

    kind: Literal["onnx"] = "onnx"
