"""The stored scenes of a data set folder: what each of its images was drawn from."""

import json
from itertools import islice
from pathlib import Path

from meshsight.core.errors import CallError, DataError
from meshsight.datasets.manifest import Manifest, Shard
from meshsight.datasets.sample_json import sample_from_json
from meshsight.records.sample import Sample
from meshsight.records.scene import Scene
from meshsight.records.scene_json import scene_from_json


def read_frame(folder: Path, manifest: Manifest, frame: int) -> tuple[Scene, Sample]:
    """Returns the scene and the labels of one frame.

    Raises:
        CallError: there is no such frame.
        DataError: the set was not rendered by us, so it has no scenes, or a file is missing or damaged.
    """
    shard = _shard_of(folder, manifest, frame)
    if shard.scenes_sha256 is None:
        raise DataError(f"{folder}: was not rendered by meshsight, so it has no scenes; use a folder of `generate`")
    row = shard.frames.index(frame)
    scenes, labels = folder / shard.scenes_path, folder / shard.labels_path
    try:
        content = json.loads(_line(scenes, row))
    except ValueError as error:
        raise DataError(
            f"{scenes}, line {row + 1}: no JSON ({error}); `meshsight verify` says what is damaged"
        ) from error
    scene = scene_from_json(content, f"{scenes}, line {row + 1}")
    return scene, sample_from_json(_line(labels, row), f"{labels}, line {row + 1}")


def _shard_of(folder: Path, manifest: Manifest, frame: int) -> Shard:
    for shard in manifest.shards:
        if frame in shard.missing:
            raise CallError(f"{folder}: frame {frame} is missing: {shard.missing[frame]}")
        if shard.first_frame <= frame < shard.stop_frame:
            return shard
    last = max((shard.stop_frame for shard in manifest.shards), default=0) - 1
    raise CallError(f"{folder}: no frame {frame}; it has frames 0 to {last}")


def _line(path: Path, row: int) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            line = next(islice(file, row, None), None)
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}; `meshsight verify` says what is damaged") from error
    if line is None:
        raise DataError(f"{path}: ends before line {row + 1}; `meshsight verify` says what is damaged")
    return line
