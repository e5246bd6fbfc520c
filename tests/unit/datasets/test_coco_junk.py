"""COCO files with junk anywhere: they are read, or refused in one line; nothing else ever happens."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from meshsight.core.errors import MeshsightError
from meshsight.core.images import write_image
from meshsight.core.masks import decode_mask, encode_mask
from meshsight.datasets.formats import coco

MASK = encode_mask(np.random.default_rng(0).random((20, 30)) < 0.5)
POSE = {"T_cam_object": np.eye(4).tolist(), "scale": 1.0, "box_low_m": [0, 0, 0], "box_high_m": [1, 1, 1]}
SOUND = {
    "info": {"camera matrix K": {"fx": -3, "fy": 3, "cx": 1, "cy": 1}},
    "licenses": [],
    "images": [
        {"id": 0, "file_name": "0.png", "width": 30, "height": 20},
        {
            "id": 1,
            "file_name": "1.png",
            "width": 30,
            "height": 20,
            "meshsight": {
                "group": "g",
                "source": "s",
                "camera": {"fx": 1.0, "fy": 1.0, "cx": 1.0, "cy": 1.0, "distortion": [0, 0, 0, 0, 0]},
                "T_world_cam": np.eye(4).tolist(),
                "hidden": [{"full": 1, "inside": 1, "visible": 0, "instance_id": 3}],
            },
        },
    ],
    "categories": [{"id": 1, "name": "a", "keypoints": ["x"]}, {"id": 2, "name": "b"}],
    "annotations": [
        {"id": 1, "image_id": 0, "category_id": 1, "bbox": [1, 2, 3, 4], "segmentation": [[1, 1, 5, 1, 5, 5]]},
        {
            "id": 2,
            "image_id": 1,
            "category_id": 2,
            "bbox": [1, 2, 3, 4],
            "iscrowd": 1,
            "segmentation": {"size": [20, 30], "counts": MASK.counts},
            "keypoints": [[1, 2, 2]] * 9,
            "meshsight": {"full_box": [1.0, 2, 3, 4], "full_mask": MASK.counts, "pose": POSE, "is_cut": True},
        },
        {"image_id": 1, "category_id": 2, "segmentation": {"size": [20, 30], "counts": [10, 20, 570]}},
    ],
}
JUNK: list[Any] = [
    *(None, True, 0, -1, 1.5, 1e308, -1e308, float("nan"), float("inf"), 2**70, "", "x", "..", "/etc/passwd", "\ud800"),
    *([], [[]], [None], [[1, 2]], [1] * 7, ["a"] * 4, {}, {"a": 1}, [{}], [[1e9] * 6], [[float("nan")] * 6]),
    *({"size": [20, 30], "counts": "d3"}, {"size": [0, 0], "counts": []}, {"size": [20, 30], "counts": [-5, 605]}),
]
SETTINGS = ({}, {"bad_boxes": "keep", "missing_images": "keep"}, {"bad_boxes": "drop", "sizes": "check"})


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the way to every value within a value."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*way, key)
        yield from places(value[key], (*way, key))


def spoilt(rng: np.random.Generator) -> dict[str, Any]:
    """Replaces or removes a few values."""
    content = copy.deepcopy(SOUND)
    for _ in range(int(rng.integers(1, 4))):
        ways = list(places(content))
        if not ways:
            break
        *way, last = ways[int(rng.integers(len(ways)))]
        holder: Any = content
        for key in way:
            holder = holder[key]
        if rng.random() < 0.15:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(JUNK[int(rng.integers(len(JUNK)))])
    return content


@pytest.mark.parametrize("settings", SETTINGS)
def test_junk_is_read_or_refused_in_one_line(tmp_path: Path, settings: dict[str, Any]) -> None:
    rng = np.random.default_rng(7)
    for name in ("0.png", "1.png"):
        write_image(tmp_path / name, np.zeros((20, 30, 3), np.uint8))
    outcomes = {"read": 0, "refused": 0}
    for _ in range(150):
        (tmp_path / "labels.json").write_text(json.dumps(spoilt(rng)))
        try:
            samples = list(coco.build(coco.Spec(**settings)).open(tmp_path, None).samples())
            masks = [mask for s in samples for label in s.objects for mask in (label.mask, label.full_mask)]
            assert all(mask is None or decode_mask(mask).shape == mask.size_hw for mask in masks)
            outcomes["read"] += 1
        except MeshsightError as error:
            assert "\n" not in str(error)
            outcomes["refused"] += 1
    assert min(outcomes.values()) >= 10
