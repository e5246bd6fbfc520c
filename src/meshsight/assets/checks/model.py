"""A model as its file has it, with what the checks need to know of it beside the triangles."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from meshsight.assets.checks.named_files import NamedFile
from meshsight.assets.checks.surface import Surface
from meshsight.assets.checks.winding import Winding, find_winding
from meshsight.assets.raw_part import RawPart
from meshsight.specs.mesh_import import MeshImport

GLTF_SUFFIXES = (".glb", ".gltf")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeScale:
    """A node of a glTF scene that does more than move and turn what is in it.

    Attributes:
        name: of the node.
        factors: along its three axes; a negative one mirrors.
    """

    name: str
    factors: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """A model that could be read.

    Attributes:
        ref: as the user named it.
        path: the file, which is not there for a built-in object.
        parts: its triangles by material, in the file's unit and axes.
        wanted: unit and up axis where the user says them.
        named: the files that it names.
        nodes: glTF nodes that mirror or stretch.
        left_out: kinds of texture that we do not show and that a repaired copy would not carry.
    """

    ref: str
    path: Path
    parts: tuple[RawPart, ...]
    wanted: MeshImport
    named: tuple[NamedFile, ...] = ()
    nodes: tuple[NodeScale, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def suffix(self) -> str:
        """The file's ending, which says the format, in lower case."""
        return self.path.suffix.lower()

    @property
    def says_frame(self) -> bool:
        """Whether the format fixes unit and up axis."""
        return self.suffix in GLTF_SUFFIXES

    @cached_property
    def surface(self) -> Surface:
        """All parts as one surface."""
        return Surface(self.parts)

    @cached_property
    def winding(self) -> Winding:
        """Which triangles face the wrong way."""
        return find_winding(self.surface)

    @cached_property
    def points(self) -> Float[np.ndarray, "n 3"]:
        """The finite points that faces use, in the file's unit and axes."""
        surface = self.surface
        used = surface.vertices[np.unique(surface.faces)]
        return used[np.isfinite(used).all(axis=1)]
