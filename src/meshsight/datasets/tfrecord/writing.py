"""Samples into TFRecord shards."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.container import read_path
from meshsight.core.errors import ImageError
from meshsight.core.files import write_chunks, write_json
from meshsight.core.tf_example import encode_entries, encode_example
from meshsight.core.tfrecord import framed
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.kitti.labels import row_of
from meshsight.datasets.kitti.rows import KittiRow
from meshsight.datasets.kitti.terms import DONT_CARE
from meshsight.datasets.target import Target
from meshsight.datasets.tfrecord.files import SHARDS
from meshsight.datasets.tfrecord.od import od_features
from meshsight.datasets.tfrecord.tao import dali_features, is_left_out, tao_features
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

RecordKind = Literal["tao", "dali", "tf_od"]
_ENCODED: Mapping[RecordKind, str] = {"dali": "frame/encoded", "tf_od": "image/encoded"}
_DONT_CARE = DONT_CARE.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record that is not yet a record: its image is read only when it is written.

    Attributes:
        name: stem of the image.
        group: of the sample.
        labels: encoded features.
        image: to go into the record, or None.
    """

    name: str
    group: str
    labels: bytes
    image: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What all folds of one data set share.

    Attributes:
        kind: of record.
        image_folder: where pictures that are not in the records go.
        written: names by class id as they stand in the records.
        target: the folder in the making.
        names: of images so far.
        left_out: boxes that the converter leaves out, by label file and row.
    """

    kind: RecordKind
    image_folder: str
    written: Sequence[str]
    target: Target
    names: FlatNames = field(default_factory=FlatNames)
    left_out: dict[str, list[float]] = field(default_factory=dict[str, list[float]])

    def entries(self, dataset: Dataset) -> Iterator[Entry]:
        """Yields the entries of a data set, and places the pictures that are not in them.

        Raises:
            DataError: an image is missing.
            StorageError: the disk is full.
        """
        for sample in dataset.samples():
            stem = self.names.stem(sample.image)
            source, suffix = dataset.root / sample.image, PurePosixPath(sample.image).suffix.lower()
            is_beside = self.kind == "tao"
            if is_beside:
                self.target.place_image(source, f"{self.image_folder}/{stem}{suffix}")
            yield Entry(
                name=stem,
                group=sample.group,
                labels=self._labels(sample, stem, suffix),
                image=None if is_beside else source,
            )

    def write_shards(self, name: str, entries: Iterator[Entry], count: int, num_shards: int) -> None:
        """Writes one fold.

        Args:
            name: of its files, to which their numbers are added.
            entries: all of the fold.
            count: how many these are.
            num_shards: at most; none is left empty.

        Raises:
            DataError: an image is missing.
            StorageError: the disk is full.
        """
        number = max(1, min(num_shards, count))
        for index in range(number):
            size = (index + 1) * count // number - index * count // number
            path = self.target.folder / SHARDS / f"{name}-{index:05d}-of-{number:05d}"
            write_chunks(path, (self._record(entry) for entry in islice(entries, size)))
        assert next(entries, None) is None, "more samples than the data set says"

    def write_warnings(self, name: str) -> None:
        """Writes which boxes were left out, if any were.

        Raises:
            StorageError: the disk is full.
        """
        if self.left_out:
            write_json(self.target.folder / SHARDS / f"{name}_warning.json", self.left_out)

    def _labels(self, sample: Sample, stem: str, suffix: str) -> bytes:
        if self.kind == "tf_od":
            return encode_entries(od_features(sample, stem + suffix, self.written))
        rows, frame_id = self._rows(sample, stem), f"{self.image_folder}/{stem}"
        if self.kind == "tao":
            return encode_entries(tao_features(rows, frame_id, sample.size_hw))
        ids = {name: index for index, name in enumerate(self.written)}
        return encode_entries(dali_features(rows, frame_id, sample.size_hw, ids))

    def _rows(self, sample: Sample, stem: str) -> list[KittiRow]:
        rows: list[KittiRow] = []
        for number, label in enumerate(sample.objects):
            if is_left_out(label.box):
                self.target.notes["boxes within one row or column of pixels left out, as TAO's converter does"] += 1
                self.left_out[f"{stem}.txt_{number}"] = list(label.box)
            else:
                rows.append(row_of(label, _DONT_CARE if label.is_ignored else self.written[label.class_id]))
        return rows

    def _record(self, entry: Entry) -> bytes:
        if entry.image is None:
            return framed(encode_example(entry.labels))
        try:
            image = read_path(entry.image)
        except OSError as error:
            raise ImageError(f"{entry.image}: cannot be read: {error.strerror or error}") from error
        return framed(encode_example(encode_entries({_ENCODED[self.kind]: (image,)}) + entry.labels))
