"""The Example of the TensorFlow object detection tools (Object Detection API, EfficientDet): the image is inside.

Edges are shares of the image's width and height; classes stand as text and as numbers from 1.
"""

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import numpy as np

from meshsight.core.tf_example import Feature
from meshsight.datasets.tfrecord.values import column, size_of
from meshsight.records.sample import Box, Sample

EDGES = ("xmin", "ymin", "xmax", "ymax")
FIRST_NUMBER = 1
_TEXT, _NUMBER, _CROWD = "image/object/class/text", "image/object/class/label", "image/object/is_crowd"
_FORMATS = {".jpg": b"jpeg", ".jpeg": b"jpeg"}


def od_features(sample: Sample, filename: str, written: Sequence[str]) -> dict[str, Feature]:
    """Returns the features of an image without its bytes."""
    height, width = sample.size_hw
    boxes = np.array([label.box for label in sample.objects], np.float64).reshape(-1, 4)
    shares = (boxes / (width, height, width, height)).astype(np.float32)
    sides = boxes[:, 2:] - boxes[:, :2]
    suffix = PurePosixPath(filename).suffix.lower()
    features: dict[str, Feature] = {
        "image/filename": (filename.encode(),),
        "image/source_id": (filename.encode(),),
        "image/format": (_FORMATS.get(suffix, suffix.lstrip(".").encode()),),
        "image/height": np.array([height], np.int64),
        "image/width": np.array([width], np.int64),
        "image/object/area": sides.prod(axis=1).astype(np.float32),
        _TEXT: tuple(written[label.class_id].encode() for label in sample.objects),
        _NUMBER: np.array([label.class_id + FIRST_NUMBER for label in sample.objects], np.int64),
        _CROWD: np.array([int(label.is_ignored) for label in sample.objects], np.int64),
    }
    edges: dict[str, Feature] = {f"image/object/bbox/{edge}": shares[:, i].copy() for i, edge in enumerate(EDGES)}
    return features | edges


def od_boxes(features: Mapping[str, Feature], where: str) -> list[tuple[Box, bool]]:
    """Returns the boxes in pixels, each with whether it is a crowd.

    Raises:
        DataError: a list is missing, of another type, or not as long as the others.
    """
    height, width = size_of(features, "image/", where)
    count = len(features.get("image/object/bbox/xmin", ()))
    edges = [column(features, f"image/object/bbox/{edge}", count, where) for edge in EDGES]
    boxes = (np.stack(edges, axis=1) * (width, height, width, height)).tolist()
    crowds = column(features, _CROWD, count, where, 0.0)
    return [((x1, y1, x2, y2), bool(crowd)) for (x1, y1, x2, y2), crowd in zip(boxes, crowds, strict=True)]


def od_classes(features: Mapping[str, Feature], where: str) -> list[tuple[int, str]]:
    """Returns each object's class as its number and its name, which is the number where there is no text.

    Raises:
        DataError: there is neither text nor number for each object.
    """
    count = len(features.get("image/object/bbox/xmin", ()))
    numbers = [int(number) for number in column(features, _NUMBER, count, where, 0.0)]
    texts = features.get(_TEXT, ())
    if isinstance(texts, tuple) and len(texts) == count:
        names = [text.decode("utf-8", errors="replace") for text in texts]
        return list(zip(numbers, names, strict=True))
    return [(int(number), str(int(number))) for number in column(features, _NUMBER, count, where)]


def label_map(classes: Sequence[str]) -> str:
    """Returns the `label_map.pbtxt` that the tools ask for beside the records."""
    names = (name.replace("\\", "\\\\").replace("'", "\\'") for name in classes)
    return "".join(f"item {{\n  id: {n}\n  name: '{name}'\n}}\n" for n, name in enumerate(names, start=FIRST_NUMBER))
