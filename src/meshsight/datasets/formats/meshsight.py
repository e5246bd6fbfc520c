"""Our own folder, as `generate` writes it: exact labels in shards, with the checksums of everything.

manifest.json           what there is; written last
coco.json               the labels for other programs
images/NAME             images under their own names
labels/00000.jsonl      one sample a line
scenes/00000.jsonl      one scene a line, where the images were rendered by us

A folder that is converted to this kind holds no scenes: they describe how images were made, not what is in them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Literal

from pydantic import Field

import meshsight
from meshsight.core.container import read_path
from meshsight.core.errors import DataError
from meshsight.core.files import dump_json, sha256_of
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.folder import RUN, FrameLines, finish_folder, open_folder, write_shard
from meshsight.datasets.image_names import path_within
from meshsight.datasets.manifest import MANIFEST, Shard
from meshsight.datasets.plan import FolderPlan
from meshsight.datasets.sample_json import sample_to_json
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Our own folder."""

    kind: Literal["meshsight"] = "meshsight"
    shard_images: int = Field(100, ge=1)
    """Images in a shard that is written."""


class MeshsightFormat:
    """Reads and writes our own folder."""

    looks_for = f"a folder with {MANIFEST} (made by `meshsight generate` or `meshsight convert`)"
    capacity = Capacity(
        keeps=dict.fromkeys(Part, EXACT),
        needs=frozenset(),
        keeps_splits=False,
        notes=("Images keep their folders, within `images/`.", "Frames are numbered anew, from 0."),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Accepts finished folders, and unfinished ones so that they are refused with the right words."""
        return (path / MANIFEST).is_file() or (path / RUN).is_dir()

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns (): a folder is one set."""
        return ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a folder; it has no named splits.

        Raises:
            DataError: the folder is unfinished or damaged, or a split is asked for.
        """
        if split is not None:
            raise DataError(f"{path}: no split '{split}'; a folder of ours is one set")
        return open_folder(path)

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes one part, shard by shard; each image is read once for its checksum.

        Raises:
            DataError: an image is missing or labelled twice, or two would get one name.
            StorageError: the disk is full.
        """
        (dataset,) = parts.values()
        frames = _place_images(dataset, target)
        shards = list(_write_shards(target.folder, frames, self._spec.shard_images))
        content = dump_json([dataset.classes, [shard.model_dump(mode="json") for shard in shards]])
        plan = FolderPlan(
            software=f"meshsight {meshsight.__version__}",
            fingerprint=sha256_of(content.encode())[:16],
            classes=dataset.classes,
            spec={},
        )
        finish_folder(target.folder, plan, shards)


def build(spec: Spec) -> MeshsightFormat:
    """Returns the format."""
    return MeshsightFormat(spec)


def _place_images(dataset: Dataset, target: Target) -> Iterator[FrameLines]:
    seen: set[str] = set()
    for frame, sample in enumerate(dataset.samples()):
        source, image = dataset.root / sample.image, path_within("images", sample.image)
        target.place_image(source, image)
        if image in seen:
            raise DataError(f"{source}: two samples label this image; join them into one")
        seen.add(image)
        label = sample_to_json(replace(sample, image=image, frame=frame))
        yield FrameLines(image=image, image_sha256=_checksum(source), label=label, scene=None)


def _checksum(image: Path) -> str:
    try:
        return sha256_of(read_path(image))
    except OSError as error:
        raise DataError(f"{image}: the image cannot be read: {error.strerror or error}") from error


def _write_shards(folder: Path, frames: Iterator[FrameLines], size: int) -> Iterator[Shard]:
    first = 0
    while batch := list(islice(frames, size)):
        yield write_shard(folder, first // size, first, batch)
        first += len(batch)
