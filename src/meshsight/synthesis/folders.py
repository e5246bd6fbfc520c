"""Folders in a recipe become the files in them, once and before anything is drawn.

From then on the recipe says which files there are: drawing lists no folder, and a file added later moves no frame.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from meshsight.assets.places import folder_environments, folder_images, folder_meshes
from meshsight.specs.base import parse_spec
from meshsight.specs.scene import ObjectSpec, SceneSpec

Lister = Callable[[Path], tuple[str, ...]]


def expand_folders(spec: SceneSpec, root: Path) -> SceneSpec:
    """Returns a recipe in which every folder is replaced by the sorted list of its files.

    Args:
        spec: the recipe.
        root: what its relative paths are relative to.

    Raises:
        AssetError: a folder holds no file that can be used.
        SpecError: the files do not make a recipe, for instance because a mesh of a folder is also named by itself.
    """
    plain: dict[str, Any] = spec.model_dump(mode="json")
    plain = {
        # What a bundle names depends on the path that it sets; see below.
        key: value if key == "bundles" else _expand_pictures(value, root, _LISTERS.get(key, folder_images))
        for key, value in plain.items()
    }
    plain["objects"] = [part for entry in spec.objects for part in _expand_object(entry, root)]
    plain["distractors"]["meshes"] = _expand(spec.distractors.meshes, root, folder_meshes)
    if spec.occluders is not None:
        plain["occluders"]["meshes"] = _expand(spec.occluders.meshes, root, folder_meshes)
    plain["bundles"] = [
        {**bundle, "settings": {path: _expand_setting(path, value, root) for path, value in bundle["settings"].items()}}
        for bundle in plain["bundles"]
    ]
    return parse_spec(SceneSpec, plain, f"recipe with the folders of {root}")


_LISTERS: dict[str, Lister] = {"environment": folder_environments}


def _expand_object(entry: ObjectSpec, root: Path) -> list[dict[str, Any]]:
    """Returns an entry for each mesh; together they keep the weight."""
    meshes = _expand((entry.mesh,), root, folder_meshes)
    plain = _expand_pictures(entry.model_dump(mode="json"), root, folder_images)
    return [{**plain, "mesh": mesh, "weight": entry.weight / len(meshes)} for mesh in meshes]


def _expand_setting(path: str, value: Any, root: Path) -> Any:
    """Expands what one setting of a bundle names: meshes, files of a source, or sources within a value."""
    head, leaf = path.split(".")[0], path.rsplit(".", maxsplit=1)[-1]
    lister = folder_meshes if leaf == "meshes" else _LISTERS.get(head, folder_images)
    if leaf in ("meshes", "files") and isinstance(value, list):
        return _expand(value, root, lister)
    return _expand_pictures(value, root, lister)


def _expand_pictures(node: Any, root: Path, lister: Lister) -> Any:
    """Expands every source of picture files within plain data."""
    if isinstance(node, list):
        return [_expand_pictures(item, root, lister) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("kind") == "files":
        return {**node, "files": _expand(node["files"], root, lister)}
    return {key: _expand_pictures(value, root, lister) for key, value in node.items()}


def _expand(refs: Iterable[str], root: Path, lister: Lister) -> list[str]:
    return [file for ref in refs for file in _files_of(ref, root, lister)]


def _files_of(ref: str, root: Path, lister: Lister) -> list[str]:
    folder = root / ref
    if not folder.is_dir():
        return [ref]
    return [(Path(ref) / name).as_posix() for name in lister(folder)]
