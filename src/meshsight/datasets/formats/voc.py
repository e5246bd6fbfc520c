"""Pascal VOC: one XML file an image, boxes 1-based and inclusive (VOC2012 development kit, section 9).

Accepted are `Annotations/` with `JPEGImages/` and, if there are any, the split lists `ImageSets/Main/NAME.txt`; also a
folder (or one for each split) of XML files beside their images. A split is asked for by name; without one, all
annotations are read. `difficult` objects become regions to ignore. Class ids follow the sorted names of all annotations
of the folder, so that they are the same in each of its splits.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.core.images import IMAGE_SUFFIXES, read_size_hw
from meshsight.datasets.foreign import BoxCheck, ForeignSpec, photograph_of
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Box, ObjectLabel, Sample

CORNERS = ("xmin", "ymin", "xmax", "ymax")


class Spec(ForeignSpec):
    """Pascal VOC folders."""

    kind: Literal["voc"] = "voc"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    name: str
    box: Box
    is_difficult: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    image: str
    size_hw: tuple[int, int]
    things: tuple[_Thing, ...]


class VocFormat:
    """Reads Pascal VOC folders."""

    looks_for = "a folder with Annotations/*.xml, or *.xml beside the images (Pascal VOC)"

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks for an XML file in the usual places."""
        places = (path / "Annotations", path, *(p for p in path.glob("*") if p.is_dir())) if path.is_dir() else ()
        return any(next(place.glob("*.xml"), None) is not None for place in places)

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the names of its splits."""
        lists = path / "ImageSets" / "Main"
        if lists.is_dir():
            return tuple(file.stem for file in sorted(lists.glob("*.txt")))
        folders = (folder for folder in sorted(path.glob("*")) if next(folder.glob("*.xml"), None) is not None)
        return tuple(folder.name for folder in folders if folder.name != "Annotations")

    def open(self, path: Path, split: str | None) -> Dataset:
        """Reads every annotation; images are only looked for.

        Raises:
            DataError: an annotation, box, image or split is missing or bad.
        """
        root, annotations = _annotations(path, split)
        check = BoxCheck(self._spec)
        pages = [_read_page(file, root, check) for file in annotations]
        check.report(path)
        classes = _class_names(path)
        ids = {name: class_id for class_id, name in enumerate(classes)}

        def samples() -> Iterator[Sample]:
            return (_sample(index, page, ids) for index, page in enumerate(pages))

        return Dataset(
            root=root,
            classes=classes,
            num_samples=len(pages),
            samples=samples,
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )


def build(spec: Spec) -> VocFormat:
    """Returns the reader."""
    return VocFormat(spec)


def _annotations(path: Path, split: str | None) -> tuple[Path, list[Path]]:
    """Returns the folder that image paths are relative to, and the annotation files in order."""
    lists = path / "ImageSets" / "Main"
    if split is not None and not (lists / f"{split}.txt").is_file() and (path / split).is_dir():
        path, split = path / split, None
    folder = path / "Annotations" if (path / "Annotations").is_dir() else path
    if split is None:
        files = sorted(folder.glob("*.xml"))
    else:
        files = [folder / f"{stem}.xml" for stem in _listed(lists, split, path)]
    if not files:
        raise DataError(f"{folder}: no annotation (*.xml){f' in split {split}' if split else ''}; is this Pascal VOC?")
    absent = [file for file in files if not file.is_file()]
    if absent:
        raise DataError(f"{lists / f'{split}.txt'}: {len(absent)} listed annotations are missing, first {absent[0]}")
    return path, files


def _class_names(path: Path) -> tuple[str, ...]:
    """Gathers the class names of a whole folder with all its splits."""
    files = (file for pattern in ("*.xml", "*/*.xml") for file in path.glob(pattern))
    return tuple(sorted({_name(e, str(file)) for file in files for e in _parse(file).findall("object")}))


def _parse(file: Path) -> ET.Element:
    try:
        return ET.parse(file).getroot()
    except (ET.ParseError, OSError) as error:
        raise DataError(f"{file}: cannot be read as XML: {error}") from error


def _listed(lists: Path, split: str, path: Path) -> list[str]:
    try:
        lines = (lists / f"{split}.txt").read_text(encoding="utf-8").splitlines()
    except OSError as error:
        known = [file.stem for file in sorted(lists.glob("*.txt"))] if lists.is_dir() else []
        raise DataError(
            f"{path}: no split '{split}' (looked for {lists / f'{split}.txt'}); there are: {', '.join(known) or 'none'}"
        ) from error
    return [line.split()[0] for line in lines if line.strip()]


def _read_page(file: Path, root: Path, check: BoxCheck) -> _Page:
    page = _parse(file)
    image = _find_image(file, page.findtext("filename", ""), root)
    size_hw = _size_hw(page, root / image)
    things: list[_Thing] = []
    for number, element in enumerate(page.findall("object"), start=1):
        where = f"{file}: object {number}"
        box = check.check(_box(element, where), size_hw, where)
        if box is not None:
            is_difficult = element.findtext("difficult", "0").strip() == "1"
            things.append(_Thing(name=_name(element, where), box=box, is_difficult=is_difficult))
    return _Page(image=image, size_hw=size_hw, things=tuple(things))


def _find_image(file: Path, filename: str, root: Path) -> str:
    """Returns the image's path in the folder: the name in the XML if there is such a file, else the XML's own name."""
    named = PurePosixPath(filename.strip().replace("\\", "/")).name
    folders: Sequence[Path] = (root / "JPEGImages", file.parent, root / "images", root)
    names = [named] * bool(named) + [file.stem + suffix for suffix in IMAGE_SUFFIXES]
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                return (folder / name).relative_to(root).as_posix()
    looked = ", ".join(str(folder) for folder in folders)
    raise DataError(f"{file}: no image '{named or file.stem}' (looked in {looked})")


def _size_hw(page: ET.Element, image: Path) -> tuple[int, int]:
    height, width = page.findtext("size/height", "0").strip(), page.findtext("size/width", "0").strip()
    if height.isdigit() and width.isdigit() and int(height) > 0 and int(width) > 0:
        return int(height), int(width)
    return read_size_hw(image)


def _name(element: ET.Element, where: str) -> str:
    name = element.findtext("name", "").strip()
    if not name:
        raise DataError(f"{where}: no class name in <name>")
    return name


def _box(element: ET.Element, where: str) -> Box:
    try:
        xmin, ymin, xmax, ymax = (float(element.findtext(f"bndbox/{corner}", "")) for corner in CORNERS)
    except ValueError as error:
        raise DataError(f"{where}: <bndbox> needs the four numbers {', '.join(CORNERS)}") from error
    return xmin - 1, ymin - 1, xmax, ymax


def _sample(index: int, page: _Page, ids: dict[str, int]) -> Sample:
    return Sample(
        image=page.image,
        size_hw=page.size_hw,
        objects=tuple(
            ObjectLabel(class_id=ids[thing.name], box=thing.box, is_ignored=thing.is_difficult) for thing in page.things
        ),
        frame=index,
        group=photograph_of(page.image),
    )
