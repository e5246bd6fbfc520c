"""ONNX in 8 bits, by static quantisation over representative patches."""

from typing import Literal

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """An ONNX graph of a patch network with weights and activations of 8 bits."""

    kind: Literal["onnx_int8"] = "onnx_int8"
