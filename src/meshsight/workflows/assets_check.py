"""`meshsight assets check`: the asset doctor says what is wrong with 3D models, and mends what is beyond doubt."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from meshsight.assets.checks.examining import by_severity, examine_model
from meshsight.assets.checks.finding import AssetFinding
from meshsight.assets.checks.glb import glb_bytes
from meshsight.assets.checks.model import Model
from meshsight.assets.checks.opening import BUILTIN, open_model
from meshsight.assets.checks.repair import Origin, Wishes, mesh_as_read, repair_model, why_beyond_repair
from meshsight.assets.checks.standing import judge_up_axis
from meshsight.assets.checks.symmetries import check_symmetry
from meshsight.assets.checks.units import judge_unit
from meshsight.assets.extent import mesh_diameter
from meshsight.assets.loading import MAX_TEXTURE_PX
from meshsight.assets.places import folder_meshes
from meshsight.assets.symmetry import Symmetries, find_symmetries
from meshsight.core.errors import AssetError, CallError
from meshsight.core.files import write_bytes
from meshsight.records.mesh import Mesh, bounds_of
from meshsight.specs.mesh_import import MeshImport, Unit, UpAxis
from meshsight.workflows.new_folder import new_folder, require_free

KEPT_TEXTURE_PX = 4096
"""Longest side of a texture in a repaired copy."""
LEAST_FACES = 12

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """How models are checked and mended.

    Attributes:
        unit, up_axis: of all of them, where the user knows it.
        max_faces: budget of triangles, to which `fix` reduces.
        origin: where `fix` puts the origin.
    """

    unit: Unit = "auto"
    up_axis: UpAxis = "auto"
    max_faces: int | None = None
    origin: Origin = "keep"

    @property
    def wanted(self) -> MeshImport:
        """Unit and axis as the reader takes them."""
        return MeshImport(unit=self.unit, up_axis=self.up_axis)


AS_IT_IS = Request()
NO_SYMMETRIES = Symmetries()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSize:
    """How large a model is, as it is read.

    Attributes:
        unit, up_axis: by which it is read.
        size_m: sides of its box along x, y and z (up) in metres.
        diameter_m: largest distance between two of its points.
        num_faces, num_vertices, num_parts: of the file.
    """

    unit: str
    up_axis: str
    size_m: tuple[float, float, float]
    diameter_m: float
    num_faces: int
    num_vertices: int
    num_parts: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedModel:
    """What the doctor says of one model.

    Attributes:
        ref: as the user named it.
        findings: errors first.
        size: None when it cannot be read.
        mesh: as it is read, or None.
        model: as the file has it, or None.
        symmetries, shape_symmetries: as it looks, and of its shape alone.
    """

    ref: str
    findings: tuple[AssetFinding, ...]
    size: ModelSize | None = None
    mesh: Mesh | None = None
    model: Model | None = None
    symmetries: Symmetries = NO_SYMMETRIES
    shape_symmetries: Symmetries = NO_SYMMETRIES

    @property
    def is_good(self) -> bool:
        """Whether it has no error."""
        return not any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedModel:
    """What became of one model.

    Attributes:
        ref: the source.
        path: the repaired copy, or None when there is none.
        done: what was done, one line each.
        reason: why there is no copy.
        left: what is still to be said of the copy, or of the source when there is none.
    """

    ref: str
    path: Path | None
    done: tuple[str, ...]
    reason: str
    left: tuple[AssetFinding, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssetCheck:
    """What the doctor says of all models.

    Attributes:
        models: in the order in which they were named.
        mended: what `fix` did, or None when that was not asked for.
    """

    models: tuple[CheckedModel, ...]
    mended: tuple[MendedModel, ...] | None

    @property
    def is_good(self) -> bool:
        """Whether no model, or no repaired copy where that was asked for, has an error."""
        if self.mended is None:
            return all(model.is_good for model in self.models)
        return not any(finding.severity == "error" for one in self.mended for finding in one.left)


def check_assets(refs: Sequence[str], *, fix: Path | None = None, request: Request = AS_IT_IS) -> AssetCheck:
    """Looks for everything that is wrong with 3D models; the models are never touched.

    Args:
        refs: mesh files, folders of them, or `builtin:NAME`.
        fix: a folder for repaired copies, which must not be there yet.
        request: how.

    Raises:
        CallError: there is no such file, or something is at `fix` already.
        StorageError: the disk is full.
    """
    if request.max_faces is not None and request.max_faces < LEAST_FACES:
        raise CallError(f"--max-faces {request.max_faces}: expected {LEAST_FACES} or more")
    if fix is not None:
        require_free(fix)
    models = tuple(check_model(ref, request) for ref in _expanded(refs))
    return AssetCheck(models=models, mended=None if fix is None else _mend(models, fix, request))


def check_model(ref: str, request: Request) -> CheckedModel:
    """Looks at one model; one that cannot be read has that as its only finding."""
    try:
        model = open_model(ref, request.wanted, MAX_TEXTURE_PX)
        mesh = mesh_as_read(model)
    except AssetError as error:
        unreadable = AssetFinding(code="unreadable", severity="error", text=str(error), remedy="")
        return CheckedModel(ref=ref, findings=(unreadable,))
    shape = find_symmetries(mesh, with_colors=False)
    has_true_colors = _has_colors(mesh) and all(one.state not in ("missing", "broken") for one in model.named)
    textured = find_symmetries(mesh) if has_true_colors else shape
    findings = chain(examine_model(model, request.max_faces), check_symmetry(textured, shape))
    if why_beyond_repair(model) is not None:
        findings = (replace(finding, is_mended=False) for finding in findings)
    return CheckedModel(
        ref=ref,
        findings=by_severity(findings),
        size=_size(model, mesh),
        mesh=mesh,
        model=model,
        symmetries=textured,
        shape_symmetries=shape,
    )


def _has_colors(mesh: Mesh) -> bool:
    """Tells whether a mesh has more than one colour."""
    colors = {part.material.base_color for part in mesh.parts}
    is_painted = (part.vertex_colors is not None or part.material.base_color_texture is not None for part in mesh.parts)
    return len(colors) > 1 or any(is_painted)


def _expanded(refs: Sequence[str]) -> list[str]:
    found: list[str] = []
    for ref in refs:
        path = Path(ref)
        if path.is_dir():
            found += [str(path / name) for name in folder_meshes(path)]
        elif ref.startswith(BUILTIN) or path.is_file():
            found.append(ref)
        else:
            raise CallError(f"{ref}: no such file; name mesh files, a folder of them, or builtin:NAME")
    return list(dict.fromkeys(found))


def _size(model: Model, mesh: Mesh) -> ModelSize:
    x, y, z = (float(side) for side in bounds_of(mesh).size)
    return ModelSize(
        unit=judge_unit(model).assumed,
        up_axis=judge_up_axis(model).assumed,
        size_m=(x, y, z),
        diameter_m=mesh_diameter(mesh),
        num_faces=len(model.surface.faces),
        num_vertices=len(model.surface.vertices),
        num_parts=len(model.parts),
    )


def _mend(models: Sequence[CheckedModel], folder: Path, request: Request) -> tuple[MendedModel, ...]:
    names = _file_names([model.ref for model in models])
    with new_folder(folder) as work:
        mended = [_mend_one(model, work / name, request) for model, name in zip(models, names, strict=True)]
    return tuple(_looked_at_again(one, folder) for one in mended)


def _file_names(refs: Sequence[str]) -> list[str]:
    """Names the copies after the models, with the folder's name before it where two are called the same."""
    stems = [ref.removeprefix(BUILTIN) if ref.startswith(BUILTIN) else Path(ref).stem for ref in refs]
    often = {stem for stem, count in Counter(stems).items() if count > 1}
    names = [
        f"{Path(ref).resolve().parent.name}_{stem}" if stem in often else stem
        for ref, stem in zip(refs, stems, strict=True)
    ]
    seen: Counter[str] = Counter()
    unique: list[str] = []
    for name in names:
        seen[name] += 1
        unique.append(f"{name}.glb" if seen[name] == 1 else f"{name}_{seen[name]}.glb")
    return unique


def _mend_one(checked: CheckedModel, out: Path, request: Request) -> MendedModel:
    if checked.model is None:
        return _unmended(checked, "it cannot be read")
    reason = why_beyond_repair(checked.model)
    if reason is not None:
        return _unmended(checked, reason)
    if request.origin == "keep" and not any(finding.is_mended for finding in checked.findings):
        return _unmended(checked, "nothing to mend")
    full = open_model(checked.ref, request.wanted, KEPT_TEXTURE_PX)
    repaired = repair_model(full, Wishes(max_faces=request.max_faces, origin=request.origin))
    write_bytes(out, glb_bytes(repaired.mesh))
    return MendedModel(ref=checked.ref, path=out, done=repaired.done, reason="", left=())


def _unmended(checked: CheckedModel, reason: str) -> MendedModel:
    return MendedModel(ref=checked.ref, path=None, done=(), reason=reason, left=checked.findings)


def _looked_at_again(one: MendedModel, folder: Path) -> MendedModel:
    if one.path is None:
        return one
    path = folder / one.path.name
    return MendedModel(ref=one.ref, path=path, done=one.done, reason="", left=check_model(str(path), AS_IT_IS).findings)
