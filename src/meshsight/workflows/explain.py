"""`meshsight explain`: every sampled value of a frame, and the randomiser that drew it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshsight.core.errors import DataError
from meshsight.datasets.manifest import read_manifest
from meshsight.datasets.scenes import read_frame
from meshsight.records.scene_json import scene_to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One value of a scene.

    Attributes:
        path: where it stands in the scene, such as `objects[0].scale`.
        value: what was drawn, as plain data.
        origin: the randomiser in the recipe, with its distribution.
    """

    path: str
    value: Any
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What is known of a frame's making.

    Attributes:
        folder: the data set.
        frame: index of the frame.
        image: its picture, relative to the folder.
        values: every sampled value, in the order of drawing.
    """

    folder: Path
    frame: int
    image: str
    values: tuple[Sampled, ...]


def explain(folder: Path, frame: int) -> Explained:
    """Tells where each number of a rendered frame comes from.

    Raises:
        CallError: there is no such frame.
        DataError: the folder is missing, unfinished or damaged, or was not rendered by us.
    """
    scene, sample = read_frame(folder, read_manifest(folder), frame)
    plain = scene_to_json(scene)
    values = (
        Sampled(path=path, value=_value_at(plain, path, folder), origin=origin)
        for path, origin in scene.origins.items()
    )
    return Explained(folder=folder, frame=frame, image=sample.image, values=tuple(values))


def _value_at(plain: Any, path: str, folder: Path) -> Any:
    """Follows a path such as `objects[0].material.tint` through plain data; a list stands for its length."""
    node = plain
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            node = node[int(index)] if index else node[key]
        except (KeyError, IndexError, TypeError) as error:
            raise DataError(
                f"{folder}: the scene has no '{path}', though its origins name it; it is damaged"
            ) from error
    return len(node) if isinstance(node, list) and node and isinstance(node[0], dict) else node
