"""WebDataset: tar shards of images with their labels, for sets too large for one file each (webdataset.github.io).

classes.json                  the class names in order
shard-000000.tar              or SPLIT/shard-000000.tar
    000012.png  000012.json   an image as it was, and its sample as in our own folders

An image keeps its suffix. The labels are exact; members carry no time, owner or mode, so equal data gives equal shards.
Reading holds the table of contents of one shard at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field

from meshsight.core.container import open_container
from meshsight.core.errors import DataError
from meshsight.core.files import write_chunks
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import CLASSES, read_class_list, write_class_list
from meshsight.datasets.format import WHOLE
from meshsight.datasets.sample_json import sample_from_json, sample_to_json
from meshsight.datasets.tar_shards import (
    END_OF_TAR,
    SHARDS,
    batches,
    first_member,
    read_image_bytes,
    shard_name,
    tar_member,
)
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.specs.base import VariantSpec

_KEY_DIGITS = 9


class Spec(VariantSpec):
    """WebDataset shards."""

    kind: Literal["webdataset"] = "webdataset"
    shard_images: int = Field(1000, ge=1)
    """Images in a shard that is written."""


class WebdatasetFormat:
    """Reads and writes WebDataset shards with our samples in them."""

    looks_for = f"a folder with {CLASSES} and {SHARDS}, or SPLIT/{SHARDS} (WebDataset)"
    capacity = Capacity(
        keeps=dict.fromkeys(Part, EXACT),
        needs=frozenset(),
        notes=("Images are named by their number; what they were called before is kept in the labels.",),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks for the list of classes and a shard."""
        return (path / CLASSES).is_file() and (_has_shards(path) or bool(self.splits(path)))

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the subfolders that hold shards."""
        return tuple(folder.name for folder in sorted(path.iterdir()) if folder.is_dir() and _has_shards(folder))

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a folder; samples are read shard by shard on each pass.

        Raises:
            DataError: no such split, no list of classes, or a damaged shard.
        """
        classes = read_class_list(path)
        folder = path if split is None else path / split
        shards = sorted(folder.glob(SHARDS))
        if classes is None or not shards:
            known = ", ".join(self.splits(path)) or "none"
            raise DataError(f"{folder}: no {SHARDS} with {CLASSES} (splits of {path.name}: {known})")
        return Dataset(
            root=folder,
            classes=tuple(one.name for one in classes),
            num_samples=sum(len(_label_names(shard)) for shard in shards),
            samples=partial(_stream, shards),
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes shards of each split into a folder of its own; images go into the shards whatever the target's mode.

        Raises:
            DataError: an image is missing.
            StorageError: the disk is full.
        """
        classes = next(iter(parts.values())).classes
        for split, dataset in parts.items():
            folder = target.folder / split if split != WHOLE else target.folder
            for index, batch in enumerate(batches(dataset.samples(), self._spec.shard_images)):
                first = index * self._spec.shard_images
                write_chunks(folder / shard_name(index), _shard_chunks(dataset.root, batch, first))
        write_class_list(target.folder, classes, classes)


def build(spec: Spec) -> WebdatasetFormat:
    """Returns the format."""
    return WebdatasetFormat(spec)


def _has_shards(folder: Path) -> bool:
    """Tells whether a folder holds our shards; the members of BOP's have two suffixes (`.rgb.png`)."""
    first = first_member(folder)
    return first is not None and len(PurePosixPath(first).suffixes) == 1


def _label_names(shard: Path) -> list[str]:
    return [name for name in open_container(shard).names() if name.endswith(".json")]


def _stream(shards: Sequence[Path]) -> Iterator[Sample]:
    for shard in shards:
        container = open_container(shard)
        images = {PurePosixPath(n).stem: n for n in container.names() if n.lower().endswith(IMAGE_SUFFIXES)}
        for name in _label_names(shard):
            yield _read_sample(shard, container.read(name), name, images)


def _read_sample(shard: Path, label: bytes, name: str, images: Mapping[str, str]) -> Sample:
    stem = PurePosixPath(name).stem
    if stem not in images:
        raise DataError(f"{shard}: no image beside '{name}'")
    sample = sample_from_json(label.decode(), f"{shard}, {name}")
    return replace(sample, image=f"{shard.name}/{images[stem]}")


def _shard_chunks(root: Path, samples: Sequence[Sample], first: int) -> Iterator[bytes]:
    for index, sample in enumerate(samples, start=first):
        key = f"{index:0{_KEY_DIGITS}d}"
        suffix = PurePosixPath(sample.image).suffix.lower()
        yield from tar_member(key + suffix, read_image_bytes(root / sample.image))
        yield from tar_member(f"{key}.json", sample_to_json(sample).encode())
    yield END_OF_TAR
