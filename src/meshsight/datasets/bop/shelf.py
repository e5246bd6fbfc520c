"""The models of a data set that is being written: an id for each object in each of its sizes, and their files.

BOP's poses are rigid, so a size is baked into its model; the model's origin is the centre of its box, as BOP asks.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import Field

from meshsight.assets.extent import mesh_diameter
from meshsight.assets.library import AssetLibrary
from meshsight.assets.symmetry import Symmetries, find_symmetries
from meshsight.core.errors import AssetError, DataError
from meshsight.core.files import write_bytes, write_json
from meshsight.core.kinds import did_you_mean
from meshsight.core.pose import Matrix4, Vector3
from meshsight.datasets.bop.ply import MM, has_repeating_texture, model_files
from meshsight.datasets.bop.rows import ModelRow, Vec3
from meshsight.datasets.class_names import write_class_list
from meshsight.datasets.foreign import ForeignSpec
from meshsight.datasets.target import Target
from meshsight.records.mesh import Mesh, bounds_of
from meshsight.records.sample import ObjectLabel, Pose
from meshsight.specs.mesh_import import MeshImport

MODELS, MODELS_EVAL, MODELS_INFO = "models", "models_eval", "models_info.json"
_SAME_SIZE, _SAME_M = 0.005, 1e-9

log = logging.getLogger(__name__)


class BopSpec(ForeignSpec):
    """What reading and writing BOP needs to know beyond the labels."""

    read_masks: bool = True
    """Read the masks too: two small images for each object."""
    split: str = Field("train_pbr", pattern=r"^[^/\\.][^/\\]*$")
    """Folder of the images when the data set has no named splits."""
    models: Mapping[str, str] = Field(default_factory=dict)
    """Mesh of a class, `builtin:NAME` or a file; by default the mesh that its labels name, if it can be found."""
    models_root: str = "."
    """Folder that the paths of meshes are relative to."""
    imports: Mapping[str, MeshImport] = Field(default_factory=dict)
    """Unit and up axis of a mesh file, by its path as the labels or `models` give it."""
    max_sizes: int = Field(20, ge=1)
    """Most sizes of one class: each becomes a model with an id of its own."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Model:
    obj_id: int
    class_id: int
    mesh: str | None
    pose: Pose

    @property
    def origin_m(self) -> Vector3:
        """The centre of the box in the object's own frame."""
        return 0.5 * (self.pose.box_low_m + self.pose.box_high_m)

    def is_of(self, label: ObjectLabel) -> bool:
        """Tells whether an object is of this model, up to rounding."""
        if label.class_id != self.class_id or label.mesh != self.mesh or label.pose is None:
            return False
        lengths = [(pose.scale, *pose.box_low_m, *pose.box_high_m) for pose in (self.pose, label.pose)]
        return bool(np.allclose(*lengths, rtol=0, atol=_SAME_M))


class ModelShelf:
    """Gives ids to objects as they come, and writes their models at the end."""

    def __init__(self, classes: Sequence[str], spec: BopSpec, roots: Sequence[Path]) -> None:
        """Takes more folders to look for meshes in, after the one that `spec` names.

        Raises:
            DataError: `models` names a class that does not exist.
        """
        unknown = next((name for name in spec.models if name not in classes), None)
        if unknown is not None:
            raise DataError(f"`models`: no class '{unknown}'{did_you_mean(unknown, classes)}")
        self._classes = tuple(classes)
        self._spec = spec
        self._libraries = [AssetLibrary(root, spec.imports) for root in (Path(spec.models_root), *roots)]
        self._models: list[_Model] = []
        self._symmetries: dict[str, Symmetries] = {}

    @property
    def class_names(self) -> dict[int, str]:
        """The class of every id: first one id for each class, then those of further sizes."""
        names = dict(enumerate(self._classes, start=1))
        return names | {model.obj_id: self._classes[model.class_id] for model in self._models}

    def place(self, label: ObjectLabel) -> tuple[int, Matrix4]:
        """Returns an object's id, and the pose `T_cam_model` of its model.

        Raises:
            DataError: the class has more sizes than allowed.
        """
        assert label.pose is not None
        pose = label.pose
        model = next((known for known in self._models if known.is_of(label)), None)
        if model is None:
            model = self._new(label.class_id, label.mesh, pose)
            self._models.append(model)
        T_cam_model = pose.T_cam_object.copy()
        T_cam_model[:3, 3] += pose.T_cam_object[:3, :3] @ model.origin_m
        return model.obj_id, T_cam_model

    def write(self, target: Target) -> None:
        """Writes `models/`, `models_eval/` and `classes.json`.

        Raises:
            AssetError: a mesh that `models` names cannot be loaded.
            DataError: it is not the mesh that was labelled.
            StorageError: the disk is full.
        """
        info: dict[str, ModelRow] = {}
        for model in sorted(self._models, key=lambda model: model.obj_id):
            mesh = self._find_mesh(model, target)
            if mesh is not None:
                self._write_files(model, mesh, target)
            info[str(model.obj_id)] = self._info(model, mesh)
        for folder in (MODELS, MODELS_EVAL):
            write_json(target.folder / folder / MODELS_INFO, {key: row.to_json() for key, row in info.items()})
        names = self.class_names
        write_class_list(target.folder, tuple(names.values()), [str(obj_id) for obj_id in names])

    def _new(self, class_id: int, mesh: str | None, pose: Pose) -> _Model:
        same = [model for model in self._models if model.class_id == class_id]
        if len(same) >= self._spec.max_sizes:
            raise DataError(
                f"class '{self._classes[class_id]}' has more than {self._spec.max_sizes} sizes or meshes (such as "
                f"scale {same[0].pose.scale:.6g} and {pose.scale:.6g}), and BOP needs a model for each; "
                "render it with one scale, or raise `max_sizes`"
            )
        num_others = sum(model.obj_id > len(self._classes) for model in self._models)
        obj_id = len(self._classes) + num_others + 1 if same else class_id + 1
        return _Model(obj_id=obj_id, class_id=class_id, mesh=mesh, pose=pose)

    def _find_mesh(self, model: _Model, target: Target) -> Mesh | None:
        """Returns the mesh of a model; None where the labels' own cannot be had, which is noted."""
        name = self._classes[model.class_id]
        if name in self._spec.models:
            mesh = self._libraries[0].mesh(self._spec.models[name])
            if not _is_that_size(mesh, model.pose):
                raise DataError(
                    f"class '{name}': {_sizes(self._spec.models[name], mesh, model.pose)}; name its own mesh"
                )
            return mesh
        mesh = None if model.mesh is None else self._first_mesh(model.mesh)
        if mesh is None and model.mesh is not None:
            log.warning(
                "class '%s': no mesh '%s'; name it in `models`, or its folder in `models_root`", name, model.mesh
            )
        if mesh is None:
            target.notes["models without a mesh, of which only the box is known"] += 1
        elif not _is_that_size(mesh, model.pose):
            log.warning("class '%s': %s; it is left out", name, _sizes(str(model.mesh), mesh, model.pose))
            target.notes["meshes left out because they are not of the labelled size"] += 1
            mesh = None
        return mesh

    def _first_mesh(self, reference: str) -> Mesh | None:
        for library in self._libraries:
            try:
                return library.mesh(reference)
            except AssetError as error:
                log.debug("%s", error)
        return None

    def _write_files(self, model: _Model, mesh: Mesh, target: Target) -> None:
        stem = f"obj_{model.obj_id:06d}"
        if has_repeating_texture(mesh):
            target.notes["models with colours of vertices in place of a texture that repeats"] += 1
        files = model_files(mesh, model.pose.scale, model.origin_m, f"{stem}.png")
        write_bytes(target.folder / MODELS / f"{stem}.ply", files.ply)
        write_bytes(target.folder / MODELS_EVAL / f"{stem}.ply", files.plain_ply)
        if files.texture is not None:
            write_bytes(target.folder / MODELS / f"{stem}.png", files.texture)

    def _info(self, model: _Model, mesh: Mesh | None) -> ModelRow:
        low, high = (model.pose.box_low_m - model.origin_m) * MM, (model.pose.box_high_m - model.origin_m) * MM
        size = high - low
        found = Symmetries() if mesh is None else self._symmetries_of(mesh)
        diameter = float(np.linalg.norm(size)) if mesh is None else mesh_diameter(mesh) * model.pose.scale * MM
        min_x, min_y, min_z = low.tolist()
        size_x, size_y, size_z = size.tolist()
        return ModelRow(
            diameter=diameter,
            min_x=min_x,
            min_y=min_y,
            min_z=min_z,
            size_x=size_x,
            size_y=size_y,
            size_z=size_z,
            symmetries_discrete=_discrete_rows(found, model.pose.scale, model.origin_m) or None,
            symmetries_continuous=_continuous_rows(found, model.pose.scale, model.origin_m) or None,
            mesh=model.mesh,
            mesh_scale=model.pose.scale,
            mesh_origin=_vec3(model.origin_m * MM),
        )

    def _symmetries_of(self, mesh: Mesh) -> Symmetries:
        if mesh.fingerprint not in self._symmetries:
            self._symmetries[mesh.fingerprint] = find_symmetries(mesh)
        return self._symmetries[mesh.fingerprint]


def _discrete_rows(found: Symmetries, scale: float, origin_m: Vector3) -> list[list[float]]:
    """Returns the discrete symmetries of a mesh in the frame of its model, in millimetres, row by row."""
    rows: list[list[float]] = []
    for pose in found.discrete:
        moved = pose.copy()
        moved[:3, 3] = (scale * pose[:3, 3] + pose[:3, :3] @ origin_m - origin_m) * MM
        rows.append(moved.reshape(-1).tolist())
    return rows


def _continuous_rows(found: Symmetries, scale: float, origin_m: Vector3) -> list[dict[str, Vec3]]:
    return [
        {"axis": _vec3(turn.axis), "offset": _vec3((turn.offset * scale - origin_m) * MM)} for turn in found.continuous
    ]


def _is_that_size(mesh: Mesh, pose: Pose) -> bool:
    bounds = bounds_of(mesh)
    size = float(np.linalg.norm(pose.box_high_m - pose.box_low_m))
    off = np.abs([bounds.low * pose.scale - pose.box_low_m, bounds.high * pose.scale - pose.box_high_m])
    return float(off.max()) <= _SAME_SIZE * size


def _sizes(reference: str, mesh: Mesh, pose: Pose) -> str:
    found = " x ".join(f"{side:.4g}" for side in bounds_of(mesh).size * pose.scale)
    wanted = " x ".join(f"{side:.4g}" for side in pose.box_high_m - pose.box_low_m)
    return f"the mesh '{reference}' measures {found} m, or lies elsewhere in its frame; labelled is {wanted} m"


def _rounded(lengths_m: Vector3) -> tuple[int, ...]:
    return tuple(np.round(lengths_m * 1e8).astype(np.int64).tolist())


def _vec3(values: Vector3) -> Vec3:
    x, y, z = values.tolist()
    return x, y, z
