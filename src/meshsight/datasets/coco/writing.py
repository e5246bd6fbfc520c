"""Step 4 of the walk: the labels as a COCO file, for our own folders and for data sets that are converted.

Category and annotation ids begin at 1 (evaluators take annotation 0 for "no match"), image ids at 0. Boxes and masks
are those of the visible pixels. A file is written in one pass over the samples, annotation by annotation; only the
short rows of the images wait for the end.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from meshsight.core.files import dump_json
from meshsight.core.masks import RunLengthMask, mask_area
from meshsight.datasets.coco.extras import image_extras, object_extras
from meshsight.datasets.coco.keypoints import category_keypoints
from meshsight.datasets.coco.masks import draw_polygons
from meshsight.datasets.coco.rows import EXTRAS
from meshsight.datasets.foreign import photograph_of
from meshsight.datasets.image_names import path_within
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Polygon, Sample

_CUBOID = (
    "Nine keypoints are the corners of the model's box (x fastest, then y, then z; 0 low, 1 high) and its centre; "
    "v is 2 in the image, 1 outside the image, 0 unknown."
)
# Whole floats below this are integers exactly.
_EXACT_INTEGERS = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class _Style:
    """How a file is written.

    Attributes:
        description: what its `info` says.
        keypoint_digits: decimals of keypoints; None writes them exactly.
        with_extras: whether rows say what COCO has no field for.
    """

    description: str
    keypoint_digits: int | None
    with_extras: bool


_OWN = _Style(
    description=f"Rendered by meshsight. Boxes and masks cover the visible pixels. {_CUBOID}",
    keypoint_digits=3,
    with_extras=False,
)
_CONVERTED = _Style(
    description=f"Written by meshsight. {_CUBOID} The key `{EXTRAS}` of images and annotations holds what COCO has no "
    "field for: boxes of full silhouettes, pixel counts, poses (metres, camera with x right, y down, z forward), "
    "cameras (pixels, from the corner of the first), groups.",
    keypoint_digits=None,
    with_extras=True,
)


def coco_chunks(samples: Callable[[], Iterable[Sample]], classes: tuple[str, ...]) -> Iterator[bytes]:
    """Yields the COCO file of a folder of ours piece by piece; exact labels lie beside it.

    Args:
        samples: starts a pass over the samples.
        classes: names by class id.
    """
    return _chunks(((sample, sample.image) for sample in samples()), classes, _OWN)


def converted_chunks(dataset: Dataset, target: Target, split: str) -> Iterator[bytes]:
    """Yields a COCO file that says all there is to say of a data set, and places the images meanwhile.

    Args:
        dataset: what is written.
        target: takes the images, in a folder of the split's name, or `images`.
        split: name of the split, or WHOLE; the names of a split's images count from its folder.

    Raises:
        DataError: an image is missing, or two would get one name.
    """

    def placed() -> Iterator[tuple[Sample, str]]:
        for sample in dataset.samples():
            image = path_within(split or "images", sample.image)
            target.place_image(dataset.root / sample.image, image)
            yield sample, image.removeprefix(f"{split}/") if split else image

    return _chunks(placed(), dataset.classes, _CONVERTED)


def drawable(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Returns a label without the polygons that enclose nothing."""
    if label.polygons is None or all(len(points) >= 3 for points in label.polygons):
        return label
    return replace(label, polygons=tuple(points for points in label.polygons if len(points) >= 3) or None)


def _chunks(samples: Iterable[tuple[Sample, str]], classes: tuple[str, ...], style: _Style) -> Iterator[bytes]:
    images: list[bytes] = []
    num_keypoints = dict.fromkeys(range(len(classes)), 0)
    info = {"description": style.description, "version": "1"}
    yield f'{{"info":{dump_json(info)},"licenses":[],\n"annotations":[\n'.encode()
    number = 0
    for image_id, (sample, name) in enumerate(samples):
        images.append(_line(_image(sample, image_id, name, style)))
        for label in sample.objects:
            yield b",\n" if number else b""
            number += 1
            yield _line({"id": number, "image_id": image_id, **_annotation(label, sample.size_hw, style)})
            points = 0 if label.keypoints is None else len(label.keypoints)
            num_keypoints[label.class_id] = max(num_keypoints[label.class_id], points)
    yield b'\n],\n"images":[\n' + b",\n".join(images)
    categories = (_category(class_id, name, num_keypoints[class_id]) for class_id, name in enumerate(classes))
    yield b'\n],\n"categories":[\n' + b",\n".join(_line(category) for category in categories) + b"\n]}\n"


def _line(row: dict[str, object]) -> bytes:
    return dump_json(row).encode()


def _category(class_id: int, name: str, num_keypoints: int) -> dict[str, object]:
    row: dict[str, object] = {"id": class_id + 1, "name": name, "supercategory": "object"}
    return {**row, **category_keypoints(num_keypoints)} if num_keypoints else row


def _image(sample: Sample, image_id: int, name: str, style: _Style) -> dict[str, object]:
    height, width = sample.size_hw
    row: dict[str, object] = {"id": image_id, "file_name": name, "width": width, "height": height}
    extras = image_extras(sample, photograph_of(name)) if style.with_extras else {}
    return {**row, EXTRAS: extras} if extras else row


def _annotation(label: ObjectLabel, size_hw: tuple[int, int], style: _Style) -> dict[str, object]:
    outline = _outline(label, size_hw)
    x1, y1, x2, y2 = label.box
    bbox = [_number(side) for side in (x1, y1, _side(x1, x2), _side(y1, y2))]
    row: dict[str, object] = {
        "category_id": label.class_id + 1,
        "bbox": bbox,
        "area": _number((x2 - x1) * (y2 - y1)) if outline.mask is None else mask_area(outline.mask),
        "iscrowd": int(label.is_ignored),
    }
    if label.is_ignored:
        row["ignore"] = 1
    if outline.segmentation is not None:
        row["segmentation"] = outline.segmentation
    row.update(_keypoints(label, style.keypoint_digits))
    if label.pixels is not None:
        row["visibility"] = round(label.pixels.visibility, 6)
        row["truncation"] = round(label.pixels.truncation, 6)
        row["occlusion"] = round(label.pixels.occlusion, 6)
    extras = object_extras(label, outline.polygons_apart) if style.with_extras else {}
    return {**row, EXTRAS: extras} if extras else row


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Outline:
    """What `segmentation` holds, the mask that it means, and the polygons if they found no place there."""

    segmentation: object = None
    mask: RunLengthMask | None = None
    polygons_apart: tuple[Polygon, ...] | None = None


def _outline(label: ObjectLabel, size_hw: tuple[int, int]) -> _Outline:
    """Says polygons as they are where the mask, if there is one, is what they draw; else the mask as runs."""
    mask, polygons = label.mask, label.polygons
    if polygons:
        drawn = draw_polygons(polygons, size_hw)
        if mask is None or drawn == mask:
            return _Outline(segmentation=[_flat(points) for points in polygons], mask=drawn)
    if mask is None:
        return _Outline()
    runs = {"size": list(size_hw), "counts": mask.counts}
    return _Outline(segmentation=runs, mask=mask, polygons_apart=polygons)


def _keypoints(label: ObjectLabel, digits: int | None) -> dict[str, object]:
    if label.keypoints is None:
        return {}
    flat: list[float] = []
    for x, y, v in label.keypoints.tolist():
        flat += [
            _number(x if digits is None else round(x, digits)),
            _number(y if digits is None else round(y, digits)),
            _number(v),
        ]
    return {"keypoints": flat, "num_keypoints": int((label.keypoints[:, 2] > 0).sum())}


def _flat(points: Polygon) -> list[float] | list[int]:
    """Returns x, y, x, y, ...; without a point in any number where all are whole."""
    is_whole = bool(np.all(np.rint(points) == points) and np.abs(points).max() < _EXACT_INTEGERS)
    return points.astype(np.int64).ravel().tolist() if is_whole else points.ravel().tolist()


def _side(low: float, high: float) -> float:
    """Returns the length that, added to `low`, gives back `high` to the bit, preferably one of few digits.

    There is always one when 0 <= low <= high; elsewhere it may miss by the last bit.
    """
    length = high - low
    near = (round(length, 9), length, math.nextafter(length, 0), math.nextafter(length, math.inf))
    return next((candidate for candidate in near if low + candidate == high), length)


def _number(value: float) -> float | int:
    """Returns a whole number as an integer, which JSON says without a point."""
    return int(value) if float(value).is_integer() and abs(value) < _EXACT_INTEGERS else value
