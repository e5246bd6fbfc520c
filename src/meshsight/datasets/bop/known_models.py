"""The models of a data set that is read: which class an id is, and the box that its poses belong to."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from meshsight.core.errors import DataError
from meshsight.core.pose import Matrix4, Vector3
from meshsight.datasets.bop.json_files import read_json
from meshsight.datasets.bop.ply import MM
from meshsight.datasets.bop.rows import ModelRow, TruthRow, parse_row
from meshsight.datasets.bop.shelf import MODELS, MODELS_EVAL, MODELS_INFO
from meshsight.datasets.bop.terms import pose_of
from meshsight.datasets.class_names import CLASSES, read_class_list
from meshsight.records.sample import Pose

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    low_m: Vector3
    high_m: Vector3
    scale: float
    origin_m: Vector3
    mesh: str | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownModels:
    """What a data set says of its objects.

    Attributes:
        classes: names in the order of the class ids.
        class_ids: class id by BOP's object id.
        models: by object id; empty where there is no `models_info.json`.
    """

    classes: tuple[str, ...]
    class_ids: Mapping[int, int]
    models: Mapping[int, _Model]

    def class_of(self, obj_id: int, where: str) -> int:
        """Returns the class of an object.

        Raises:
            DataError: the id is not among those of the data set.
        """
        if obj_id not in self.class_ids:
            raise DataError(f"{where}: obj_id {obj_id} is in neither {MODELS_INFO} nor {CLASSES}")
        return self.class_ids[obj_id]

    def pose(self, row: TruthRow) -> Pose | None:
        """Returns an object's pose in its mesh's own frame; None where its box is not known."""
        model = self.models.get(row.obj_id)
        if model is None:
            return None
        T_cam_model = pose_of(row.cam_R_m2c, row.cam_t_m2c)
        return Pose(
            T_cam_object=_moved(T_cam_model, -model.origin_m),
            scale=model.scale,
            box_low_m=model.low_m + model.origin_m,
            box_high_m=model.high_m + model.origin_m,
        )

    def mesh(self, obj_id: int) -> str | None:
        """Returns the reference of an object's mesh: what it was made from, or else the model itself."""
        model = self.models.get(obj_id)
        return None if model is None else model.mesh


def has_models(root: Path) -> bool:
    """Tells whether a folder holds properties of models."""
    return _models_folder(root) is not None


def read_known_models(root: Path, used: Iterable[int]) -> KnownModels:
    """Reads the object models' properties and names.

    Args:
        root: the data set's folder.
        used: the ids that its images name.

    Raises:
        DataError: a file is damaged.
    """
    folder = _models_folder(root)
    info = {} if folder is None else read_json(folder / MODELS_INFO)
    models = {
        int(key): _model(parse_row(ModelRow, row, f"{folder}/{MODELS_INFO}, object {key}"), int(key), folder, root)
        for key, row in info.items()
        if folder is not None
    }
    if not models:
        log.warning("%s: no %s/%s, so poses have no box and are left out", root, MODELS, MODELS_INFO)
    named = read_class_list(root)
    if named is None:
        ids = sorted({*models, *used})
        names = tuple(f"obj_{obj_id:06d}" for obj_id in ids)
        return KnownModels(classes=names, class_ids={obj_id: i for i, obj_id in enumerate(ids)}, models=models)
    classes = tuple(dict.fromkeys(one.name for one in named))
    try:
        class_ids = {int(one.written): classes.index(one.name) for one in named}
    except ValueError as error:
        raise DataError(f"{root / CLASSES}: expected BOP's object ids as written names ({error})") from error
    return KnownModels(classes=classes, class_ids=class_ids, models=models)


def _models_folder(root: Path) -> Path | None:
    """Returns the folder of models, the finest one where there are several kinds (`models_cad`, `models_eval`)."""
    found = sorted(path.parent for path in root.glob(f"{MODELS}*/{MODELS_INFO}"))
    return min(found, key=lambda path: (path.name != MODELS, path.name == MODELS_EVAL, path.name), default=None)


def _model(row: ModelRow, obj_id: int, folder: Path, root: Path) -> _Model:
    low = np.array([row.min_x, row.min_y, row.min_z]) / MM
    size = np.array([row.size_x, row.size_y, row.size_z]) / MM
    file = folder / f"obj_{obj_id:06d}.ply"
    own = file.relative_to(root).as_posix() if row.mesh_origin is None and file.is_file() else None
    return _Model(
        low_m=low,
        high_m=low + size,
        scale=1.0 if row.mesh_scale is None else row.mesh_scale,
        origin_m=np.zeros(3) if row.mesh_origin is None else np.array(row.mesh_origin) / MM,
        mesh=own if row.mesh is None else row.mesh,
    )


def _moved(T_cam_model: Matrix4, by_m: Vector3) -> Matrix4:
    moved = T_cam_model.copy()
    moved[:3, 3] += T_cam_model[:3, :3] @ by_m
    return moved
