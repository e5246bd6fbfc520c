"""What a recipe leaves to its files: which a folder holds, and which symmetries a mesh has; looked up once.

The recipe that comes out names everything, so that drawing looks nothing up and the data set says what it was made of.
"""

from pathlib import Path

from meshsight.assets.library import AssetLibrary
from meshsight.assets.model_info import read_model_info
from meshsight.assets.symmetry import find_symmetries
from meshsight.records.mesh import Mesh
from meshsight.specs.scene import ObjectSpec, SceneSpec, imports_of
from meshsight.specs.symmetry import ContinuousSymmetry, SymmetrySpec
from meshsight.synthesis.folders import expand_folders
from meshsight.workflows.assets_import import converted
from meshsight.workflows.blender_environments import PREFIX, blender_environment


def open_library(spec: SceneSpec, root: Path) -> AssetLibrary:
    """Returns the assets of a recipe whose folders are expanded.

    Args:
        spec: the recipe.
        root: what its relative paths are relative to.
    """
    return AssetLibrary(root, imports_of(spec), convert=converted, finders={PREFIX: blender_environment})


def complete_recipe(spec: SceneSpec, root: Path) -> SceneSpec:
    """Returns a recipe with the files of its folders, and the symmetries that its objects are to be searched for.

    Args:
        spec: the recipe.
        root: what its relative paths are relative to.

    Raises:
        AssetError: a folder holds no file that can be used, a mesh that is searched cannot be loaded, or a
            `model_info.json` is unusable.
        SpecError: the files do not make a recipe.
    """
    spec = expand_folders(spec, root)
    if not any(isinstance(entry.symmetry, str) for entry in spec.objects):
        return spec
    library = open_library(spec, root)
    return spec.evolve(objects=tuple(_with_symmetry(entry, root, library).model_dump() for entry in spec.objects))


def _with_symmetry(entry: ObjectSpec, root: Path, library: AssetLibrary) -> ObjectSpec:
    if entry.symmetry == "file":
        return entry.model_copy(update={"symmetry": read_model_info(root / entry.mesh, entry.load)})
    if entry.symmetry == "find":
        return entry.model_copy(update={"symmetry": _found(library.mesh(entry.mesh))})
    return entry


def _found(mesh: Mesh) -> SymmetrySpec | None:
    found = find_symmetries(mesh)
    if not found.discrete and not found.continuous:
        return None
    return SymmetrySpec(
        discrete=tuple(tuple(pose.ravel().tolist()) for pose in found.discrete),
        continuous=tuple(
            ContinuousSymmetry.model_validate({"axis": turn.axis.tolist(), "offset": turn.offset.tolist()})
            for turn in found.continuous
        ),
    )
