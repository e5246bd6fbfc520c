"""`manifest.json`: what a finished data set folder holds, with the checksums that prove it.

It is written last, so a folder without one is unfinished. It holds no clock time, host, path or worker count: equal
recipes give equal manifests.
"""

import json
from pathlib import Path
from typing import Literal

from pydantic import Field, JsonValue

from meshsight.core.errors import DataError, SpecError, StorageError
from meshsight.core.files import sha256_of, write_json
from meshsight.datasets.plan import FolderPlan
from meshsight.specs.base import Spec, parse_spec

FORMAT = "meshsight-dataset"
VERSION = 3
MANIFEST = "manifest.json"
COCO = "coco.json"


class Shard(Spec):
    """A run of consecutive frames, kept in `labels/NAME.jsonl` and `scenes/NAME.jsonl`."""

    name: str = Field(pattern=r"^\d{5,}$")
    first_frame: int = Field(ge=0)
    num_frames: int = Field(ge=0)
    """Those that are there; 0 only where all of a shard are missing."""
    images: dict[str, str]
    """SHA-256 of each image by its path in the folder, in the order of the frames."""
    labels_sha256: str
    scenes_sha256: str | None
    """None where the images were not rendered by us: there are no scenes."""
    missing: dict[int, str] = Field(default_factory=dict)
    """Frames of the run that could not be drawn, and why; they have no image and no line."""

    @property
    def stop_frame(self) -> int:
        """The number after that of the last frame, which may be missing."""
        return self.first_frame + self.num_frames + len(self.missing)

    @property
    def frames(self) -> tuple[int, ...]:
        """The numbers of the frames that are there, in the order of the lines."""
        return tuple(frame for frame in range(self.first_frame, self.stop_frame) if frame not in self.missing)

    @property
    def labels_path(self) -> str:
        """Path of the labels relative to the folder."""
        return f"labels/{self.name}.jsonl"

    @property
    def scenes_path(self) -> str:
        """Path of the scenes relative to the folder."""
        return f"scenes/{self.name}.jsonl"


class Manifest(FolderPlan):
    """A finished data set folder.

    `software` drew the images; `fingerprint` names what was asked for: the recipe and the content of its files; `spec`
    is the fully resolved recipe.
    """

    format: Literal["meshsight-dataset"] = FORMAT
    version: Literal[3] = VERSION
    num_frames: int = Field(ge=0)
    shards: tuple[Shard, ...]
    coco_sha256: str

    @property
    def missing(self) -> dict[int, str]:
        """The frames that could not be drawn, and why."""
        return {frame: reason for shard in self.shards for frame, reason in shard.missing.items()}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes the file that ends a data set.

    Raises:
        StorageError: it cannot be written.
    """
    head = {"format": manifest.format, "version": manifest.version}
    write_json(folder / MANIFEST, {**head, **manifest.model_dump(mode="json")})


def read_manifest(folder: Path) -> Manifest:
    """Reads and checks a folder's manifest; an older version is upgraded.

    Raises:
        DataError: the folder is missing, unfinished, damaged, or of a version we cannot read.
    """
    return _parse(_read(folder / MANIFEST), folder / MANIFEST)


def content_fingerprint(folder: Path) -> str:
    """Returns 16 hexadecimal digits that name a finished folder by its content, through the manifest's checksums."""
    return sha256_of(_read(folder / MANIFEST))[:16]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        if not path.parent.is_dir():
            raise DataError(f"{path.parent}: no such data set folder") from error
        raise DataError(
            f"{path.parent}: no {MANIFEST}, so this is no finished data set. If its making was broken off, "
            "`meshsight generate RECIPE --out FOLDER --resume` finishes it."
        ) from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error


def _parse(data: bytes, path: Path) -> Manifest:
    try:
        content = json.loads(data)
    except ValueError as error:
        raise DataError(f"{path}: no JSON ({error}); the file was damaged") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{path}: no manifest of a {FORMAT}; name a folder that `meshsight generate` made")
    try:
        return parse_spec(Manifest, upgrade_manifest(content, path), str(path))
    except SpecError as error:
        raise DataError(f"{str(error).splitlines()[0]}; the file was changed or damaged") from error


def upgrade_manifest(content: dict[str, JsonValue], path: Path) -> dict[str, JsonValue]:
    """Returns a manifest's content in the present version.

    Version 2 added fields to the samples and allows shards without scenes, version 3 allows frames to be missing; all
    of the earlier versions is valid in it.

    Raises:
        DataError: a version that this program does not know.
    """
    if content.get("version") in (1, 2):
        return {**content, "version": VERSION}
    if content.get("version") != VERSION:
        raise DataError(
            f"{path}: format version {content.get('version')!r}, this program reads {VERSION}; "
            "install the meshsight that wrote it, or a newer one"
        )
    return content
