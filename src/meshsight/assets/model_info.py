"""`model_info.json` beside a mesh: the symmetries that its author states, in BOP's words and DOPE's.

    {"symmetries_discrete": [[16 numbers]], "symmetries_continuous": [{"axis": [x, y, z], "offset": [x, y, z]}],
     "align_axes": [{"object": [x, y, z], "camera": [x, y, z]}]}

Lengths and axes are those of the mesh's file (NVlabs/Deep_Object_Pose, data_generation/readme.md).
"""

import json
from pathlib import Path
from typing import Any, cast

import numpy as np

from meshsight.assets.axes import Frame, stated_frame
from meshsight.core.errors import AssetError, SpecError
from meshsight.core.pose import Matrix4, make_pose
from meshsight.specs.base import parse_spec
from meshsight.specs.mesh_import import MeshImport
from meshsight.specs.symmetry import SymmetrySpec

MODEL_INFO = "model_info.json"


def read_model_info(mesh: Path, load: MeshImport) -> SymmetrySpec | None:
    """Returns the symmetries stated beside a mesh, in the frame of the mesh as it is loaded; None if none are.

    Raises:
        AssetError: the file is no JSON, holds something else, or nothing says the unit and axes that it is in.
    """
    path = mesh.parent / MODEL_INFO
    try:
        data: Any = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise AssetError(f"{path}: cannot be read as JSON ({error})") from error
    info = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    named = {ours: info[theirs] for ours, theirs in _NAMES.items() if info.get(theirs)}
    if not named.keys() & {"discrete", "continuous"}:
        return None
    frame = stated_frame(mesh, load)
    if frame is None:
        raise AssetError(
            f"{path}: its lengths and axes are those of {mesh.name}, which does not say its own; set `load.unit` and "
            "`load.up_axis` beside the mesh in the recipe"
        )
    try:
        return _loaded(parse_spec(SymmetrySpec, named, str(path)), frame)
    except SpecError as error:
        raise AssetError(str(error)) from error


_NAMES = {"discrete": "symmetries_discrete", "continuous": "symmetries_continuous", "align": "align_axes"}


def _loaded(stated: SymmetrySpec, frame: Frame) -> SymmetrySpec:
    """Returns symmetries of a file in the frame of the mesh that is made of it."""
    turn, unit = frame.rotation, frame.metres_per_unit
    return SymmetrySpec(
        discrete=tuple(tuple(_pose(pose, frame).ravel().tolist()) for pose in stated.discrete),
        continuous=tuple(
            axis.evolve(axis=(turn @ axis.axis).tolist(), offset=(unit * turn @ axis.offset).tolist())
            for axis in stated.continuous
        ),
        align=tuple(pair.evolve(object=(turn @ pair.object).tolist()) for pair in stated.align),
    )


def _pose(numbers: tuple[float, ...], frame: Frame) -> Matrix4:
    """Returns a pose of a file's mesh in itself as one of the mesh that is loaded, its rotation made exact."""
    pose = np.array(numbers, dtype=np.float64).reshape(4, 4)
    left, _, right = np.linalg.svd(pose[:3, :3])
    turn = frame.rotation
    return make_pose(turn @ (left @ right) @ turn.T, frame.metres_per_unit * turn @ pose[:3, 3])
