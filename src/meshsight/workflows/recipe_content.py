"""What a recipe stands for: its values and the content of every file that it names."""

from collections.abc import Iterator
from pathlib import Path

import meshsight
from meshsight.assets.checks.named_files import named_files
from meshsight.assets.places import find_file
from meshsight.core.files import dump_json, sha256_of, sha256_of_file
from meshsight.datasets.plan import FolderPlan
from meshsight.specs.scene import SceneSpec, classes_of, imports_of, variants_of
from meshsight.workflows.blender_environments import PREFIX, blender_environment

BUILTIN = "builtin:"


def plan_of(spec: SceneSpec, root: Path) -> FolderPlan:
    """Returns the plan of a recipe's data set; its fingerprint changes with the recipe and with its files.

    Args:
        spec: the recipe, its folders expanded.
        root: what its relative paths are relative to.

    Raises:
        AssetError: a file that the recipe names is missing.
    """
    plain = spec.model_dump(mode="json")
    files: dict[str, str] = {}
    for ref, noun in sorted(set(_files(spec))):
        prefix, _, name = ref.partition(":")
        path = blender_environment(name) if prefix == PREFIX else find_file(ref, root, noun)
        files[ref] = sha256_of_file(path)
        files |= {f"{ref}: {name}": digest for name, digest in _beside(path)}
    return FolderPlan(
        software=f"meshsight {meshsight.__version__}",
        fingerprint=sha256_of(dump_json([plain, files]).encode())[:16],
        classes=classes_of(spec),
        spec=plain,
    )


def _files(spec: SceneSpec) -> Iterator[tuple[str, str]]:
    """Yields what a recipe and its bundles name: reference and noun."""
    for mesh in imports_of(spec):
        if not mesh.startswith(BUILTIN):
            yield mesh, "mesh file"
    for variant in variants_of(spec):
        for picture in _pictures(variant.model_dump(mode="json")):
            yield picture, "picture"


def _beside(path: Path) -> Iterator[tuple[str, str]]:
    """Yields the names and checksums of what a model shows from other files: material libraries, textures, buffers."""
    for named in named_files(path):
        if named.is_needed and named.path is not None:
            yield named.name, sha256_of_file(named.path)


def _pictures(node: object) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from _pictures(child)
    if isinstance(node, dict) and node.get("kind") == "files" and isinstance(files := node.get("files"), list):
        yield from (str(file) for file in files)
