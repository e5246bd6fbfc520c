"""The `raycast` renderer: plain shading without OpenGL. The oracle of the tests, and the fallback."""

from typing import Literal

from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Draws with rays on the CPU: exact labels, matt surfaces, hard shadows, no antialiasing; slow."""

    kind: Literal["raycast"] = "raycast"
