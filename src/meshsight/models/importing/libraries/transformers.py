"""Models of transformers: a folder with `config.json` and `model.safetensors`, or a name on the Hugging Face hub."""

from typing import Literal

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Where a model is."""

    kind: Literal["transformers"] = "transformers"
    where: str
    """The folder, or the name (OWNER/NAME)."""
