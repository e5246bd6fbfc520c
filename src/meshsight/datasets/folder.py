"""Step 4 of the walk: our own data set folder, shard by shard.

manifest.json           what there is, with checksums; written last
coco.json               the labels for other programs
images/000007.png
labels/00000.jsonl      one sample a line
scenes/00000.jsonl      one scene a line; absent where the images were not rendered by us
.run/                   progress and logs of the making; no part of the data set
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

from meshsight.core.errors import StorageError
from meshsight.core.files import sha256_of, sha256_of_file, write_bytes, write_chunks
from meshsight.datasets.coco.writing import coco_chunks
from meshsight.datasets.manifest import COCO, Manifest, Shard, content_fingerprint, read_manifest, write_manifest
from meshsight.datasets.plan import FolderPlan
from meshsight.datasets.sample_json import read_samples
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

RUN = ".run"
DATA_FOLDERS = ("images", "labels", "scenes")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameLines:
    """What one frame leaves behind: its image on the disk, and its lines for the shard.

    Attributes:
        image: path of the image in the folder.
        image_sha256: its checksum.
        label, scene: JSON of the Sample and of the Scene, each on one line; scene is None for an image from elsewhere.
    """

    image: str
    image_sha256: str
    label: str
    scene: str | None


def shard_name(index: int) -> str:
    """Returns the name of a shard."""
    return f"{index:05d}"


def image_name(frame: int, suffix: str) -> str:
    """Returns a frame's image path in the folder; `suffix` begins with a dot."""
    return f"images/{frame:06d}{suffix}"


def write_shard(
    folder: Path,
    index: int,
    first_frame: int,
    frames: Sequence[FrameLines],
    missing: Mapping[int, str] = MappingProxyType({}),
) -> Shard:
    """Writes the labels of consecutive frames, whose images are there already, and the scenes if they have any.

    `missing` are those among them that could not be drawn, and why.

    Raises:
        StorageError: the disk is full.
    """
    labels = "".join(f"{frame.label}\n" for frame in frames).encode()
    drawn = [frame.scene for frame in frames if frame.scene is not None]
    scenes = "".join(f"{scene}\n" for scene in drawn).encode()
    shard = Shard(
        name=shard_name(index),
        first_frame=first_frame,
        num_frames=len(frames),
        images={frame.image: frame.image_sha256 for frame in frames},
        labels_sha256=sha256_of(labels),
        scenes_sha256=sha256_of(scenes) if drawn else None,
        missing=dict(missing),
    )
    write_bytes(folder / shard.labels_path, labels)
    if drawn:
        write_bytes(folder / shard.scenes_path, scenes)
    return shard


def finish_folder(folder: Path, plan: FolderPlan, shards: Sequence[Shard]) -> Manifest:
    """Writes `coco.json` and, last of all, the manifest.

    Raises:
        DataError: a shard written before cannot be read back.
        StorageError: the disk is full.
    """
    write_chunks(folder / COCO, coco_chunks(partial(_stream, folder, tuple(shards)), plan.classes))
    manifest = Manifest.model_validate(
        {
            "software": plan.software,
            "fingerprint": plan.fingerprint,
            "classes": plan.classes,
            "num_frames": sum(shard.num_frames for shard in shards),
            "spec": plan.spec,
            "shards": tuple(shards),
            "coco_sha256": sha256_of_file(folder / COCO),
        }
    )
    write_manifest(folder, manifest)
    return manifest


def open_folder(folder: Path) -> Dataset:
    """Opens a finished folder; its samples are read shard by shard on each pass.

    Raises:
        DataError: the folder is missing, unfinished or of another version.
    """
    manifest = read_manifest(folder)
    return Dataset(
        root=folder,
        classes=manifest.classes,
        num_samples=manifest.num_frames,
        samples=partial(_stream, folder, manifest.shards),
        name=folder.resolve().name,
        fingerprint=content_fingerprint(folder),
    )


def read_lines(folder: Path, shard: Shard) -> dict[int, FrameLines] | None:
    """Takes a shard apart again, by the numbers of its frames; None where its files are not those that were written.

    Raises:
        StorageError: a file cannot be read.
    """
    labels, scenes = _text(folder / shard.labels_path), _text(folder / shard.scenes_path)
    if sha256_of(labels) != shard.labels_sha256 or (shard.scenes_sha256 or "") != (sha256_of(scenes) if scenes else ""):
        return None
    scene_lines = scenes.decode().splitlines() or [None] * shard.num_frames
    rows = zip(shard.frames, shard.images.items(), labels.decode().splitlines(), scene_lines, strict=True)
    return {
        frame: FrameLines(image=image, image_sha256=digest, label=label, scene=scene)
        for frame, (image, digest), label, scene in rows
    }


def remove_torn_files(folder: Path) -> int:
    """Removes temporary files that killed processes left; returns how many."""
    torn = [path for place in ("", *DATA_FOLDERS) for path in (folder / place).glob(".*.tmp")]
    for path in torn:
        path.unlink(missing_ok=True)
    return len(torn)


def _text(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error


def _stream(folder: Path, shards: Sequence[Shard]) -> Iterator[Sample]:
    for shard in shards:
        yield from read_samples(folder / shard.labels_path)
