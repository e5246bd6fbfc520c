"""Unit and up axis of a mesh: as the recipe says, as the format says, or guessed with a warning."""

import logging
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from meshsight.core.pose import Matrix3
from meshsight.specs.mesh_import import MeshImport

METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001, "in": 0.0254}
LARGEST_M = 10.0
"""An object with a longer side than this many units is taken to be in millimetres: hardly any object is that large."""

_GLTF_SUFFIXES = (".glb", ".gltf")
_Y_UP: Matrix3 = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])

_log = logging.getLogger(__name__)


class Frame(NamedTuple):
    """How a file's points become metres, z up: `metres_per_unit * rotation @ point`."""

    metres_per_unit: float
    rotation: Matrix3


def resolve_frame(path: Path, vertices: Float[np.ndarray, "n 3"], wanted: MeshImport) -> Frame:
    """Decides unit and up axis; whatever had to be guessed is told in one warning.

    Args:
        path: the mesh file, whose suffix tells the format.
        vertices: all its points, in its own unit and axes.
        wanted: what the recipe says.
    """
    guesses: list[str] = []
    unit, up_axis = _stated(path, wanted)
    if unit == "auto":
        unit, reason = guess_unit(vertices)
        guesses.append(f"unit '{unit}' ({reason})")
    if up_axis == "auto":
        up_axis, reason = guess_up_axis(path, vertices)
        guesses.append(f"up axis '{up_axis}' ({reason})")
    if guesses:
        _log.warning(
            "%s: does not say it, so guessed %s. Set unit and up_axis beside the mesh in the recipe to be sure",
            path,
            " and ".join(guesses),
        )
    return _frame(unit, up_axis)


def stated_frame(path: Path, wanted: MeshImport) -> Frame | None:
    """Returns how a file's points become metres, z up, where recipe or format say it; None where it must be guessed."""
    unit, up_axis = _stated(path, wanted)
    return None if "auto" in (unit, up_axis) else _frame(unit, up_axis)


def _stated(path: Path, wanted: MeshImport) -> tuple[str, str]:
    """Returns unit and up axis as the recipe says, or else the format."""
    if path.suffix.lower() not in _GLTF_SUFFIXES:
        return wanted.unit, wanted.up_axis
    return "m" if wanted.unit == "auto" else wanted.unit, "y" if wanted.up_axis == "auto" else wanted.up_axis


def _frame(unit: str, up_axis: str) -> Frame:
    return Frame(METRES[unit], _Y_UP if up_axis == "y" else np.eye(3))


def guess_unit(vertices: Float[np.ndarray, "n 3"]) -> tuple[str, str]:
    """Guesses metres or millimetres by the longest side, and says why."""
    side = float(np.ptp(vertices, axis=0).max())
    unit = "m" if side <= LARGEST_M else "mm"
    return unit, f"the longest side of {side:.4g} is then {100 * METRES[unit] * side:.3g} cm"


def guess_up_axis(path: Path, vertices: Float[np.ndarray, "n 3"]) -> tuple[str, str]:
    """Guesses by what the mesh stands on, the one axis of y and z whose lowest point is near 0; else by the format."""
    low, size = vertices.min(axis=0), np.ptp(vertices, axis=0)
    stands = [axis for axis, k in (("y", 1), ("z", 2)) if abs(low[k]) < 0.1 * size[k]]
    if len(stands) == 1:
        return stands[0], f"the mesh stands on {stands[0]} = 0"
    usual = "y" if path.suffix.lower() == ".obj" else "z"
    return usual, f"usual for {path.suffix.lower()} files"
