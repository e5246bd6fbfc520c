"""Small data sets made by hand or by a generator, for the tests of evaluation."""

import numpy as np

from meshsight.records.detections import Detections
from meshsight.records.sample import Box, ObjectLabel, PixelCounts, Sample


def label(class_id: int, box: Box, visibility: float | None = None, is_ignored: bool = False) -> ObjectLabel:
    pixels = None if visibility is None else PixelCounts(full=1000, inside=1000, visible=round(1000 * visibility))
    return ObjectLabel(class_id=class_id, box=box, pixels=pixels, is_ignored=is_ignored)


def sample(index: int, *objects: ObjectLabel) -> Sample:
    return Sample(image=f"images/{index}.jpg", size_hw=(320, 320), objects=objects, frame=index, group=str(index))


def detections(*rows: tuple[int, float, Box]) -> Detections:
    """Rows of class id, score, box."""
    return Detections(
        boxes=np.array([box for _, _, box in rows], np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in rows], np.float32),
        class_ids=np.array([class_id for class_id, _, _ in rows], np.int64),
    )


def random_box(rng: np.random.Generator) -> Box:
    """A box on a coarse grid, so that equal overlaps and exact thresholds happen."""
    x, y = (int(v) for v in rng.integers(0, 20, 2) * 4)
    width, height = (int(v) for v in rng.integers(1, 16, 2) * 4)
    return float(x), float(y), float(x + width), float(y + height)


def near(rng: np.random.Generator, box: Box) -> Box:
    shifted = np.array(box) + rng.integers(-2, 3, 4) * 2
    low, high = np.minimum(shifted[:2], shifted[2:]), np.maximum(shifted[:2], shifted[2:])
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def random_data(seed: int, num_images: int = 6, num_classes: int = 3) -> tuple[list[Sample], list[Detections]]:
    """Images with crowds, ignored and hidden objects, none at all, equal scores, and classes that occur nowhere."""
    rng = np.random.default_rng(seed)
    present = rng.choice(num_classes, size=max(1, num_classes - 1), replace=False)
    samples: list[Sample] = []
    results: list[Detections] = []
    for index in range(num_images):
        labels: list[ObjectLabel] = []
        rows: list[tuple[int, float, Box]] = []
        for _ in range(int(rng.integers(0, 7))):
            class_id, box = int(rng.choice(present)), random_box(rng)
            visibility = None if rng.random() < 0.3 else float(rng.uniform(0.05, 1))
            labels.append(label(class_id, box, visibility, is_ignored=bool(rng.random() < 0.15)))
            for _ in range(int(rng.integers(0, 3))):
                named = class_id if rng.random() < 0.8 else int(rng.integers(num_classes))
                rows.append((named, float(rng.integers(1, 9)) / 8, near(rng, box)))
        for _ in range(int(rng.integers(0, 5))):
            rows.append((int(rng.integers(num_classes)), float(rng.integers(1, 9)) / 8, random_box(rng)))
        samples.append(sample(index, *labels))
        results.append(detections(*rows))
    return samples, results
