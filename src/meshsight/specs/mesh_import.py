"""How a mesh file is to be read where the file itself does not say it."""

from typing import Literal

from meshsight.specs.base import Spec

Unit = Literal["auto", "m", "cm", "mm", "in"]
UpAxis = Literal["auto", "y", "z"]


class MeshImport(Spec):
    """Unit and up axis of a mesh file: glTF states both (metres, y up), for others `auto` guesses and says so."""

    unit: Unit = "auto"
    """What one unit of the file is."""
    up_axis: UpAxis = "auto"
    """Which axis of the file points up."""
