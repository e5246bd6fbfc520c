"""Step 4 of the walk: `coco.json`, the labels as the world reads them.

Category and annotation ids begin at 1 (evaluators take annotation 0 for "no match"); an image's id is its frame. Boxes
and masks are those of the visible pixels. The file is written in pieces: a large data set never lies in memory.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import count

from meshsight.core.files import dump_json
from meshsight.core.masks import mask_area
from meshsight.records.sample import ObjectLabel, Sample

KEYPOINT_NAMES = (*(f"corner_{x}{y}{z}" for z in "01" for y in "01" for x in "01"), "centre")
# The twelve edges of the cuboid: pairs of corners, numbered from 1, that differ in one axis.
SKELETON = [[a + 1, a + 1 + step] for a in range(8) for step in (1, 2, 4) if not a & step]
INFO = {
    "description": "Rendered by meshsight. Boxes and masks cover the visible pixels. Keypoints are the corners of the "
    "model's box (x fastest, then y, then z; 0 low, 1 high) and its centre: v = 2 in the image, "
    "1 outside the image, 0 unknown.",
    "version": "1",
}


def coco_chunks(samples: Callable[[], Iterable[Sample]], classes: tuple[str, ...]) -> Iterator[bytes]:
    """Yields a COCO file piece by piece.

    Args:
        samples: starts a pass over the samples; called twice.
        classes: names by class id.
    """
    yield f'{{"info":{dump_json(INFO)},"licenses":[],\n"categories":[\n'.encode()
    yield from _joined(_category(class_id, name) for class_id, name in enumerate(classes))
    yield b'],\n"images":[\n'
    yield from _joined(_image(sample) for sample in samples())
    yield b'],\n"annotations":[\n'
    ids = count(1)
    yield from _joined(_annotation(next(ids), sample, label) for sample in samples() for label in sample.objects)
    yield b"]}\n"


def _joined(rows: Iterable[dict[str, object]]) -> Iterator[bytes]:
    separator = ""
    for row in rows:
        yield f"{separator}{dump_json(row)}".encode()
        separator = ",\n"
    yield b"\n"


def _category(class_id: int, name: str) -> dict[str, object]:
    return {
        "id": class_id + 1,
        "name": name,
        "supercategory": "object",
        "keypoints": KEYPOINT_NAMES,
        "skeleton": SKELETON,
    }


def _image(sample: Sample) -> dict[str, object]:
    height, width = sample.size_hw
    return {"id": sample.frame, "file_name": sample.image, "width": width, "height": height}


def _annotation(annotation_id: int, sample: Sample, label: ObjectLabel) -> dict[str, object]:
    x1, y1, x2, y2 = label.box
    row: dict[str, object] = {
        "id": annotation_id,
        "image_id": sample.frame,
        "category_id": label.class_id + 1,
        "bbox": [x1, y1, x2 - x1, y2 - y1],
        "area": (x2 - x1) * (y2 - y1) if label.mask is None else mask_area(label.mask),
        "iscrowd": int(label.is_ignored),
    }
    if label.mask is not None:
        row["segmentation"] = {"size": list(sample.size_hw), "counts": label.mask.counts}
    if label.keypoints is not None:
        row["keypoints"] = [
            value for x, y, v in label.keypoints.tolist() for value in (round(x, 3), round(y, 3), int(v))
        ]
        row["num_keypoints"] = int((label.keypoints[:, 2] > 0).sum())
    if label.pixels is not None:
        row["visibility"] = round(label.pixels.visibility, 6)
        row["truncation"] = round(label.pixels.truncation, 6)
        row["occlusion"] = round(label.pixels.occlusion, 6)
    return row
