"""Samples out of TFRecord shards, one record at a time."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from meshsight.core.containers.tfrecord import MemberNames, image_of
from meshsight.core.errors import DataError
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.core.kinds import did_you_mean
from meshsight.core.tf_example import Feature, decode_example
from meshsight.core.tfrecord import read_records
from meshsight.datasets.class_names import CLASSES, NamedClass
from meshsight.datasets.foreign import BoxCheck, ForeignSpec, photograph_of
from meshsight.datasets.kitti.folders import files_by_stem
from meshsight.datasets.kitti.labels import label_of
from meshsight.datasets.kitti.terms import NO_CLASS, is_dont_care
from meshsight.datasets.tfrecord.files import Shard
from meshsight.datasets.tfrecord.od import FIRST_NUMBER, od_boxes, od_classes
from meshsight.datasets.tfrecord.tao import CLASS_NUMBERS, rows_of
from meshsight.datasets.tfrecord.values import size_of, text_of
from meshsight.records.sample import ObjectLabel, Sample

log = logging.getLogger(__name__)

_TAO_KEY = "frame/id"
Features = Mapping[str, Feature]


class ImageFinder:
    """Finds the files of images that records name without their suffix."""

    def __init__(self, root: Path, keeps_missing: bool) -> None:
        self._root = root
        self._keeps_missing = keeps_missing
        self._files: dict[str, dict[str, str]] = {}

    def find(self, name: str, where: str) -> str:
        """Returns an image's path in the folder.

        Raises:
            DataError: the name leads out of the folder, or there is no such image.
        """
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise DataError(f"{where}: the image name '{name}' leads out of the data set's folder")
        files = self._files_of(path.parent.as_posix())
        has_suffix = path.suffix.lower() in IMAGE_SUFFIXES
        found = files.get(path.stem if has_suffix else path.name)
        if found is not None:
            return (path.parent / found).as_posix()
        if self._keeps_missing:
            return name if has_suffix else f"{name}.png"
        raise DataError(
            f"{where}: no image '{name}' in {self._root}; open the data set with `image_root` set to the folder that "
            "such names are relative to"
        )

    def _files_of(self, folder: str) -> dict[str, str]:
        if folder not in self._files:
            place = self._root / folder
            self._files[folder] = files_by_stem(place, IMAGE_SUFFIXES) if place.is_dir() else {}
        return self._files[folder]


@dataclass(slots=True, kw_only=True)
class Reading:
    """What a pass over the samples needs; only the first one says what was tolerated.

    Attributes:
        root: the folder that image paths are relative to.
        shards: in order.
        ids: class ids by what stands in the records, a name or a number.
        spec: how forgiving to be.
        finder: of images that are not in the records.
    """

    root: Path
    shards: Sequence[Shard]
    ids: Mapping[str, int]
    spec: ForeignSpec
    finder: ImageFinder
    is_first: bool = True
    check: BoxCheck = field(init=False)
    oddities: Counter[str] = field(init=False)

    def samples(self) -> Iterator[Sample]:
        """Yields every sample, in the order of the files.

        Raises:
            DataError: a record is damaged, or an image is missing.
        """
        self.check, self.oddities = BoxCheck(self.spec), Counter()
        index = 0
        for shard in self.shards:
            members = MemberNames()
            for where, features in examples(shard.path):
                image = self._image(features, shard.path, members, where)
                yield self._sample(index, image, features, where)
                index += 1
        if self.is_first:
            self.is_first = False
            self.check.report(self.root)
            for what, count in self.oddities.items():
                log.warning("%s: %d %s", self.root, count, what)

    def _image(self, features: Features, shard: Path, members: MemberNames, where: str) -> str:
        """Returns the path of an image: within its shard, or beside by the name in the record."""
        member = members.next(features)
        if member is not None:
            return f"{shard.relative_to(self.root).as_posix()}/{member}"
        key = _TAO_KEY if _TAO_KEY in features else "image/filename"
        return self.finder.find(text_of(features, key, where), where)

    def _sample(self, index: int, image: str, features: Features, where: str) -> Sample:
        is_tao = _TAO_KEY in features
        size_hw = size_of(features, "frame/" if is_tao else "image/", where)
        labels = self._tao_labels if is_tao else self._od_labels
        return Sample(
            image=image,
            size_hw=size_hw,
            objects=tuple(labels(features, size_hw, where)),
            frame=index,
            group=photograph_of(image),
        )

    def _tao_labels(self, features: Features, size_hw: tuple[int, int], where: str) -> Iterator[ObjectLabel]:
        for number, row in enumerate(rows_of(features, where, self.oddities), start=1):
            there = f"{where}, object {number}"
            box = self.check.check(row.box, size_hw, there)
            if box is not None:
                yield label_of(row, NO_CLASS if is_dont_care(row.name) else self._id(row.name, there), box)

    def _od_labels(self, features: Features, size_hw: tuple[int, int], where: str) -> Iterator[ObjectLabel]:
        classes = od_classes(features, where)
        for number, (edges, is_crowd) in enumerate(od_boxes(features, where)):
            there = f"{where}, object {number + 1}"
            box = self.check.check(edges, size_hw, there)
            if box is not None:
                yield ObjectLabel(class_id=self._id(classes[number][1], there), box=box, is_ignored=is_crowd)

    def _id(self, name: str, where: str) -> int:
        if name not in self.ids:
            raise DataError(f"{where}: class '{name}' is not in {CLASSES}{did_you_mean(name, self.ids)}")
        return self.ids[name]


def examples(path: Path) -> Iterator[tuple[str, dict[str, Feature]]]:
    """Streams the Examples of a shard, each with its place for messages.

    Raises:
        DataError: the file is damaged.
    """
    for number, record in enumerate(read_records(path)):
        where = f"{path}, record {number}"
        yield where, decode_example(record, where)


def is_embedded(features: Features) -> bool:
    """Tells whether a record holds its picture."""
    return image_of(features) is not None


def listed_ids(listed: Sequence[NamedClass], first: Features) -> dict[str, int]:
    """Returns class ids by name, and by number as the kind of record counts them."""
    is_dali, is_tao = CLASS_NUMBERS in first, _TAO_KEY in first
    offset = 0 if is_tao else FIRST_NUMBER
    numbers = {str(index + offset): index for index in range(len(listed))}
    names = {one.written: index for index, one in enumerate(listed)}
    return numbers if is_dali else names if is_tao else numbers | names


def found_classes(shards: Sequence[Shard]) -> tuple[str, ...]:
    """Gathers the classes of all records: by number where they have one, else by name.

    Raises:
        DataError: a file is damaged.
    """
    classes = {one for shard in shards for where, features in examples(shard.path) for one in _classes(features, where)}
    return tuple(dict.fromkeys(name for _, name in sorted(classes)))


def _classes(features: Features, where: str) -> list[tuple[int, str]]:
    if _TAO_KEY not in features:
        return od_classes(features, where)
    names = [row.name for row in rows_of(features, where, Counter()) if not is_dont_care(row.name)]
    if CLASS_NUMBERS in features:
        return [(int(name), name) for name in names]
    return [(0, name) for name in names]
