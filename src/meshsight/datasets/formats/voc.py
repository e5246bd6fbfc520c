"""Pascal VOC: one XML file an image, boxes 1-based and inclusive (VOC2012 development kit, section 9).

Annotations/NAME.xml          size, and for each object: name, flags, xmin, ymin, xmax, ymax
JPEGImages/NAME.jpg
ImageSets/Main/SPLIT.txt      the names of a split; `trainval` without splits
classes.json                  the classes in order, also those without an object

Read are also folders (or one for each split) of XML files beside their images, as labelling tools leave them. A split
is asked for by name; without one, all annotations are read. `difficult` objects become regions to ignore. Without
`classes.json`, class ids follow the sorted names of all annotations, so that they are the same in each split.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.core.files import write_text
from meshsight.core.images import read_size_hw
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import CLASSES, NameRule, read_class_list, write_class_list, written_names
from meshsight.datasets.foreign import BoxCheck, ForeignSpec, photograph_of
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.label_folders import checked_samples
from meshsight.datasets.target import Target
from meshsight.datasets.voc.folders import (
    ANNOTATIONS,
    BOTH,
    IMAGES,
    LISTS,
    ImageFinder,
    annotation_files,
    data_folder,
    is_voc,
    split_names,
)
from meshsight.datasets.voc.pages import VocObject, VocPage, page_text, read_names, read_page, with_flags
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Box, ObjectLabel, Sample


class Spec(ForeignSpec):
    """Pascal VOC folders."""

    kind: Literal["voc"] = "voc"


def _one_line(name: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", name).split())


class VocFormat:
    """Reads and writes Pascal VOC folders."""

    looks_for = f"a folder with {ANNOTATIONS}/*.xml, or *.xml beside the images (Pascal VOC)"
    capacity = Capacity(
        keeps={Part.BOX: EXACT, Part.STATED: EXACT, Part.IGNORED: EXACT, Part.SOURCE: EXACT},
        names=NameRule(rule="one line of text, without spaces at its ends or several in a row", write=_one_line),
        in_its_words=with_flags,
        notes=(
            "Regions to ignore are `difficult` objects.",
            "`truncated` and `occluded` say whether any pixel is cut off or hidden; where that is not known, they are "
            "left out.",
            "Spaces in the names of images become underscores: the lists of a split are parted at spaces.",
        ),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks for an annotation in the usual places."""
        return is_voc(path)

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the names of its lists or folders that do not overlap."""
        return split_names(path)

    def open(self, path: Path, split: str | None) -> Dataset:
        """Lists the annotations and learns the class names; boxes and images are looked at when a sample is asked for.

        Raises:
            DataError: there is no such split, an annotation of it is missing, or a file is no annotation.
        """
        files = annotation_files(path, split)
        classes, ids = _classes(path)
        root = data_folder(path, split)
        return Dataset(
            root=root,
            classes=classes,
            num_samples=len(files),
            samples=checked_samples(files, _PageReader(self._spec, root, ids).sample, self._spec, path),
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes images, annotations and lists.

        Raises:
            DataError: a class name cannot be written, or an image is missing.
            StorageError: the disk is full.
        """
        classes = next(iter(parts.values())).classes
        written = written_names(classes, self.capacity.names)
        names = FlatNames()
        for split, dataset in parts.items():
            stems = [_write_sample(sample, dataset.root, names, written, target) for sample in dataset.samples()]
            write_text(target.folder / LISTS / f"{split or BOTH}.txt", "".join(f"{stem}\n" for stem in stems))
        write_class_list(target.folder, classes, written)


def build(spec: Spec) -> VocFormat:
    """Returns the format."""
    return VocFormat(spec)


class _PageReader:
    """Makes samples of annotation files."""

    def __init__(self, spec: Spec, root: Path, ids: Mapping[str, int]) -> None:
        self._spec = spec
        self._root = root
        self._ids = ids
        self._finder = ImageFinder(root)

    def sample(self, index: int, file: Path, check: BoxCheck) -> Sample:
        """Reads one annotation and finds its image."""
        page = read_page(file)
        image = self._image(file, page)
        size_hw = page.size_hw or read_size_hw(self._root / image)
        labels = (
            self._label(thing, check.check(thing.box, size_hw, where), where)
            for thing, where in ((thing, f"{file}: object {number}") for number, thing in enumerate(page.objects, 1))
        )
        return Sample(
            image=image,
            size_hw=size_hw,
            objects=tuple(label for label in labels if label is not None),
            frame=index,
            group=photograph_of(image),
            source=page.source,
        )

    def _image(self, file: Path, page: VocPage) -> str:
        image = self._finder.find(file, page.image_names)
        if image is not None:
            return image
        name = next(iter(page.image_names), file.stem)
        if self._spec.missing_images == "keep" and page.size_hw is not None:
            return f"{IMAGES}/{name}"
        raise DataError(f"{file}: no image '{name}' (looked in {self._finder.looked_in(file)})")

    def _label(self, thing: VocObject, box: Box | None, where: str) -> ObjectLabel | None:
        if thing.name not in self._ids:
            raise DataError(f"{where}: class '{thing.name}' is not in {CLASSES}; add it there, or remove {CLASSES}")
        if box is None:
            return None
        return ObjectLabel(class_id=self._ids[thing.name], box=box, stated=thing.stated, is_ignored=thing.is_difficult)


def _classes(path: Path) -> tuple[tuple[str, ...], dict[str, int]]:
    """Returns the class names, and class ids by the name in the annotations."""
    listed = read_class_list(path)
    if listed is not None:
        return tuple(one.name for one in listed), {one.written: index for index, one in enumerate(listed)}
    names = sorted({name for file in annotation_files(path, None) for name in read_names(file)})
    return tuple(names), {name: index for index, name in enumerate(names)}


def _write_sample(sample: Sample, root: Path, names: FlatNames, written: Sequence[str], target: Target) -> str:
    image = PurePosixPath(sample.image)
    stem = names.stem("_".join(sample.image.split()))
    name = f"{stem}{image.suffix.lower()}"
    target.place_image(root / sample.image, f"{IMAGES}/{name}")
    write_text(target.folder / ANNOTATIONS / f"{stem}.xml", page_text(sample, name, written))
    return stem
