"""ONNX with the decoding inside: uint8 images in, candidates out, any batch size."""

from typing import Literal

from pydantic import Field

from meshsight.specs.base import VariantSpec

FILE = "model.onnx"


class Spec(VariantSpec):
    """An ONNX graph in float32."""

    kind: Literal["onnx"] = "onnx"
    opset: int = Field(20, ge=18)
    """Version of ONNX's operators; torch writes 18 and above."""
