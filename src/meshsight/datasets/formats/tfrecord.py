"""TFRecord as NVIDIA's TAO makes it from KITTI labels, or as TensorFlow's object detection tools read it.

    classes.json                                            the class names in order and case
    images/                                                 the pictures, unless they are embedded
    tfrecords/data-fold-000-of-002-shard-00000-of-00010     fold 0 is for validation
    tfrecords/data_warning.json                             boxes that were left out, if there are any

In TAO's specs: `tfrecords_path: DIR/tfrecords/data-fold-*`, `image_directory_path: DIR`, `validation_fold: 0`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field, model_validator

from meshsight.core.errors import CallError, DataError
from meshsight.core.files import write_text
from meshsight.core.tfrecord import record_offsets
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import ANY_NAME, NameRule, read_class_list, write_class_list, written_names
from meshsight.datasets.format import WHOLE
from meshsight.datasets.kitti.terms import DONT_CARE, KittiTermsSpec, in_kitti_terms, kitti_name
from meshsight.datasets.target import Target
from meshsight.datasets.tfrecord.files import WHOLE_NAME, Shard, as_folds, by_split, find_shards, root_of
from meshsight.datasets.tfrecord.folds import random_folds, sequence_folds, sequences_from
from meshsight.datasets.tfrecord.od import label_map
from meshsight.datasets.tfrecord.reading import ImageFinder, Reading, examples, found_classes, is_embedded, listed_ids
from meshsight.datasets.tfrecord.writing import Entry, RecordKind, Writing
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

LABEL_MAP = "label_map.pbtxt"

_TAO_NAMES = NameRule(
    rule="lower case, white space becomes '_', and dontcare is no class",
    write=lambda name: kitti_name(name).lower(),
    reserved=frozenset({DONT_CARE.lower()}),
)
_FLOAT32_PX = 1e-3


class Spec(KittiTermsSpec):
    """TFRecord files."""

    kind: Literal["tfrecord"] = "tfrecord"
    flavour: Literal["tao", "tf_od"] = "tao"
    """Whose files to write: TAO's, or those of TensorFlow's detection tools. Reading knows them by their keys."""
    embed_images: bool = False
    """Put the pictures into TAO's records, as its DALI loader reads them; `tf_od` always does."""
    partition_mode: Literal["as_given", "random", "sequence"] = "as_given"
    """How folds are made: from the splits `val` and `train`; or, of a data set without splits, as TAO does."""
    val_split: float = Field(14.0, ge=0, le=100)
    """Percentage of images for validation (fold 0) with `random`."""
    num_partitions: int = Field(2, ge=2)
    """Number of folds with `sequence`."""
    sequence_map: str | None = None
    """JSON file of sequences and their image names, without suffix, for `sequence`; None takes the groups."""
    num_shards: int = Field(10, ge=1)
    """Files of a fold, at most."""
    image_dir_name: str = Field("images", pattern=r"^[^/\\.][^/\\]*$")
    """Folder of the pictures, and the first part of each frame's id."""
    image_root: str | None = None
    """When reading: the folder that the records' image names are relative to; None is the data set's own."""

    @model_validator(mode="after")
    def _check(self) -> "Spec":
        if self.flavour == "tf_od" and self.partition_mode != "as_given":
            raise ValueError("flavour 'tf_od' has no folds: leave partition_mode as_given")
        return self


class TfrecordFormat:
    """Reads and writes TFRecord files."""

    looks_for = "*-of-NNNNN, *.tfrecord or *.record in the folder or its tfrecords/ (TFRecord)"

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    @property
    def capacity(self) -> Capacity:
        """What KITTI can say, in single precision; or boxes only."""
        if self._spec.flavour == "tf_od":
            return Capacity(
                keeps={Part.BOX: _FLOAT32_PX, Part.IGNORED: EXACT},
                names=ANY_NAME,
                notes=("Pictures are in the records; label_map.pbtxt numbers the classes from 1.",),
            )
        return Capacity(
            keeps={Part.BOX: _FLOAT32_PX, Part.STATED: EXACT, Part.POSE: 1e-4, Part.IGNORED: EXACT},
            names=_TAO_NAMES,
            in_its_words=self._in_tao_words,
            notes=(
                "Classes are written in lower case; classes.json beside brings their names back.",
                "Boxes whose edges, cut down to whole numbers, hold no pixel are left out as TAO's converter does, "
                "and listed in NAME_warning.json.",
                "Truncation, occlusion and poses are KITTI's; numbers are in single precision.",
                "Regions to ignore are of the class dontcare (-1 where classes are numbers), and come back with the "
                "first class.",
            ),
        )

    def recognises(self, path: Path) -> bool:
        """Looks for names of shards."""
        return bool(find_shards(path))

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the names of its folds or files."""
        return tuple(name for name in _splits(path) if name != WHOLE)

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a data set after a pass over its records' lengths; without `classes.json`, over its records.

        Raises:
            DataError: a file or image is missing or damaged, or there is no such split.
        """
        splits, root = _splits(path), root_of(path)
        if not splits or (split is not None and split not in splits):
            known = ", ".join(name for name in splits if name != WHOLE) or "none"
            raise DataError(f"{path}: no TFRecord files of split '{split}' (splits: {known})")
        shards = [one for name, group in splits.items() if split in (None, name) for one in group]
        every = [shard for group in splits.values() for shard in group]
        first = next((features for shard in every for _, features in examples(shard.path)), {})
        listed = read_class_list(root)
        classes = found_classes(every) if listed is None else tuple(one.name for one in listed)
        names = {name: index for index, name in enumerate(classes)}
        if self._spec.image_root is not None and not is_embedded(first):
            root = Path(self._spec.image_root)
        reading = Reading(
            root=root,
            shards=shards,
            ids=names if listed is None else listed_ids(listed, first),
            spec=self._spec,
            finder=ImageFinder(root, keeps_missing=self._spec.missing_images == "keep"),
        )
        return Dataset(
            root=root,
            classes=classes,
            num_samples=sum(1 for shard in shards for _ in record_offsets(shard.path)),
            samples=reading.samples,
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes shards, and the pictures beside or into them.

        Raises:
            CallError: splits are to be made of a data set that has splits.
            DataError: class names that become one, or an image is missing.
            StorageError: the disk is full.
        """
        classes = next(iter(parts.values())).classes
        written = written_names(classes, self.capacity.names)
        writing = Writing(
            kind=self._kind,
            image_folder=self._spec.image_dir_name,
            written=written,
            target=target,
        )
        if self._spec.partition_mode != "as_given":
            self._write_partition(writing, parts)
        else:
            for split, name in self._file_names(parts).items():
                part = parts[split]
                writing.write_shards(name, writing.entries(part), part.num_samples, self._spec.num_shards)
        writing.write_warnings(WHOLE_NAME)
        write_class_list(target.folder, classes, written)
        if self._spec.flavour == "tf_od":
            write_text(target.folder / LABEL_MAP, label_map(classes))

    @property
    def _kind(self) -> RecordKind:
        if self._spec.flavour == "tf_od":
            return "tf_od"
        return "dali" if self._spec.embed_images else "tao"

    def _in_tao_words(self, label: ObjectLabel, sample: Sample) -> ObjectLabel:
        """KITTI's terms in single precision."""
        said = in_kitti_terms(label, self._spec)
        if said.stated is None or said.stated.truncation is None:
            return said
        return replace(said, stated=replace(said.stated, truncation=float(np.float32(said.stated.truncation))))

    def _file_names(self, splits: Iterable[str]) -> dict[str, str]:
        if self._spec.flavour == "tf_od":
            return {split: f"{split or WHOLE_NAME}.tfrecord" for split in splits}
        return {split: _fold_name(*fold) for split, fold in as_folds(splits).items()}

    def _write_partition(self, writing: Writing, parts: Mapping[str, Dataset]) -> None:
        if set(parts) != {WHOLE}:
            raise CallError(
                f"partition_mode '{self._spec.partition_mode}' makes splits, but the data set has splits already "
                f"({', '.join(parts)}): leave it as_given"
            )
        entries = list(writing.entries(parts[WHOLE]))
        folds = self._folds(entries)
        for fold, indices in enumerate(folds):
            chosen = iter([entries[index] for index in indices])
            name = _fold_name(WHOLE_NAME, fold, len(folds))
            writing.write_shards(name, chosen, len(indices), self._spec.num_shards)

    def _folds(self, entries: list[Entry]) -> list[list[int]]:
        names = [entry.name for entry in entries]
        if self._spec.partition_mode == "random":
            return random_folds(names, self._spec.val_split)
        if self._spec.sequence_map is not None:
            return sequence_folds(sequences_from(Path(self._spec.sequence_map), names), self._spec.num_partitions)
        return sequence_folds([entry.group for entry in entries], self._spec.num_partitions)


def build(spec: Spec) -> TfrecordFormat:
    """Returns the format."""
    return TfrecordFormat(spec)


def _fold_name(name: str, fold: int, num_folds: int) -> str:
    return f"{name}-fold-{fold:03d}-of-{num_folds:03d}-shard"


def _splits(path: Path) -> dict[str, list[Shard]]:
    shards = find_shards(path)
    return {WHOLE: shards} if path.is_file() and shards else by_split(shards)
