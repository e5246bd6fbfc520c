"""COCO: one JSON file of images, annotations and categories (cocodataset.org, "Data format").

A data set is the JSON file itself, or a folder that holds it: in the folder, in `annotations/`, or in one subfolder for
each split. A split is asked for by the end of the file's name (`instances_val2017.json` is `val2017`) or the subfolder.
Class ids follow the sorted category ids, so gaps close. Crowds and `ignore` become regions to ignore.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from pycocotools import mask as coco_mask

from meshsight.core.errors import DataError
from meshsight.core.images import read_size_hw
from meshsight.core.masks import RunLengthMask, decode_mask, tight_box
from meshsight.datasets.coco_tables import (
    AnnotationRow,
    CocoTables,
    ImageRow,
    RunLengthRow,
    Segmentation,
    describe,
    looks_like_coco,
    read_tables,
)
from meshsight.datasets.foreign import BoxCheck, ForeignSpec, find_image_root, photograph_of
from meshsight.datasets.manifest import MANIFEST
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Box, ObjectLabel, Sample


class Spec(ForeignSpec):
    """COCO files and the folders that hold them."""

    kind: Literal["coco"] = "coco"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    class_id: int
    box: Box
    row: AnnotationRow


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    image: str
    size_hw: tuple[int, int]
    things: list[_Thing]


class CocoFormat:
    """Reads COCO files."""

    looks_for = "a COCO file, or a folder with one (*.json, annotations/*.json or SPLIT/*.json)"

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks into the heads of the JSON files in the usual places."""
        return bool(_label_files(path))

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the names of its splits."""
        files = _label_files(path) if path.is_dir() else []
        return tuple(_split_name(file, path) for file in files) if len(files) > 1 else ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Reads and checks the labels; images are only looked for, and masks made when a sample is asked for.

        Raises:
            DataError: a label or image is missing or bad, or there is no such split.
        """
        file = _choose_file(path, split)
        tables = read_tables(file)
        if not tables.images:
            raise DataError(f"{file}: no images; the data set is empty")
        names = [row.file_name.replace("\\", "/") for row in tables.images]
        root = find_image_root(names, _image_places(path, file), file)
        check = BoxCheck(self._spec)
        pages = _fill_pages(file, tables, root, check)
        check.report(file)

        def samples() -> Iterator[Sample]:
            return (_sample(index, page, file) for index, page in enumerate(pages))

        return Dataset(
            root=root,
            classes=tuple(row.name for row in _sorted_categories(tables)),
            num_samples=len(pages),
            samples=samples,
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )


def build(spec: Spec) -> CocoFormat:
    """Returns the reader."""
    return CocoFormat(spec)


def _label_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path] if path.suffix == ".json" and looks_like_coco(path) else []
    found = (file for pattern in ("*.json", "*/*.json") for file in sorted(path.glob(pattern)))
    return [file for file in found if _is_offered(file, path) and looks_like_coco(file)]


def _is_offered(file: Path, path: Path) -> bool:
    """Leaves out manifests, hidden folders, and the COCO files within data sets of our own further in."""
    is_inside = file.parent != path
    is_ours = file.name == MANIFEST or (is_inside and (file.parent / MANIFEST).is_file())
    return not is_ours and not (is_inside and file.parent.name.startswith("."))


def _split_name(file: Path, path: Path) -> str:
    return file.stem.rpartition("_")[2] if file.parent in (path, path / "annotations") else file.parent.name


def _choose_file(path: Path, split: str | None) -> Path:
    files = _label_files(path)
    if split is not None:
        chosen = [file for file in files if file.stem == split or file.stem.endswith(f"_{split}")]
        chosen = chosen or [file for file in files if file.parent != path and file.parent.name == split]
    else:
        chosen = files
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(file.relative_to(path).as_posix() for file in files if file != path)
    if split is not None:
        raise DataError(f"{path}: split '{split}' fits {len(chosen)} COCO files; there are: {names or 'none'}")
    if not files:
        raise DataError(f"{path}: no COCO file (a JSON object with images, annotations and categories)")
    raise DataError(f"{path}: several COCO files ({names}); name one of them, or a split as in '{path}#train'")


def _image_places(path: Path, file: Path) -> list[Path]:
    folder = path if path.is_dir() else file.parent
    split = file.stem.rpartition("_")[2]
    bases = [file.parent, folder] if file.parent.name != "annotations" else [file.parent.parent, file.parent]
    return [place for base in bases for place in (base, base / "images", base / split, base / "images" / split)]


def _sorted_categories(tables: CocoTables) -> list[Any]:
    return sorted(tables.categories, key=lambda row: (isinstance(row.id, str), row.id))


def _fill_pages(file: Path, tables: CocoTables, root: Path, check: BoxCheck) -> list[_Page]:
    pages = {str(row.id): _page(row, root) for row in tables.images}
    class_ids = {str(row.id): class_id for class_id, row in enumerate(_sorted_categories(tables))}
    for index, row in enumerate(tables.annotations):
        page = pages[str(row.image_id)]
        where = f"{file}: image '{page.image}', {describe(row, index)}"
        box = check.check(_box(row, page.size_hw, where), page.size_hw, where)
        if box is not None:
            page.things.append(_Thing(class_id=class_ids[str(row.category_id)], box=box, row=row))
    return list(pages.values())


def _page(row: ImageRow, root: Path) -> _Page:
    image = row.file_name.replace("\\", "/")
    size_hw = (row.height, row.width) if row.height and row.width else read_size_hw(root / image)
    return _Page(image=image, size_hw=size_hw, things=[])


def _box(row: AnnotationRow, size_hw: tuple[int, int], where: str) -> Box:
    if row.bbox:
        if len(row.bbox) != 4:
            raise DataError(f"{where}: bbox needs x, y, width, height, found {row.bbox}")
        x, y, width, height = row.bbox
        return x, y, x + width, y + height
    mask = _mask(row.segmentation, size_hw, where)
    tight = None if mask is None else tight_box(decode_mask(mask))
    if tight is None:
        raise DataError(f"{where}: neither bbox nor segmentation says where the object is")
    x1, y1, x2, y2 = tight.tolist()
    return x1, y1, x2, y2


def _mask(segmentation: Segmentation | None, size_hw: tuple[int, int], where: str) -> RunLengthMask | None:
    """Returns the mask of polygons or runs; a polygon needs three points."""
    height, width = size_hw
    if isinstance(segmentation, RunLengthRow):
        if segmentation.size != size_hw:
            raise DataError(f"{where}: a mask of size {segmentation.size} in an image of {size_hw} (height, width)")
        if isinstance(segmentation.counts, str):
            return RunLengthMask(counts=segmentation.counts, size_hw=size_hw)
        merged = coco_mask.frPyObjects(cast("Any", segmentation.model_dump()), height, width)
    else:
        polygons = [polygon for polygon in segmentation or () if len(polygon) >= 6]
        if not polygons:
            return None
        merged = coco_mask.merge(coco_mask.frPyObjects(cast("Any", polygons), height, width))
    return RunLengthMask(counts=cast("dict[str, bytes]", merged)["counts"].decode("ascii"), size_hw=size_hw)


def _sample(index: int, page: _Page, file: Path) -> Sample:
    return Sample(
        image=page.image,
        size_hw=page.size_hw,
        objects=tuple(_label(thing, page, file) for thing in page.things),
        frame=index,
        group=photograph_of(page.image),
    )


def _label(thing: _Thing, page: _Page, file: Path) -> ObjectLabel:
    row = thing.row
    keypoints = row.keypoints
    return ObjectLabel(
        class_id=thing.class_id,
        box=thing.box,
        mask=_mask(row.segmentation, page.size_hw, f"{file}: image '{page.image}', annotation {row.id}"),
        keypoints=np.array(keypoints).reshape(-1, 3) if keypoints and len(keypoints) % 3 == 0 else None,
        is_ignored=bool(row.iscrowd or row.ignore),
    )
