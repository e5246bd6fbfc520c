"""A detector over a whole data set, batch by batch; labels and detections are held, images are not."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from meshsight.core.images import read_image
from meshsight.datasets.classes import with_classes
from meshsight.records.dataset import Dataset
from meshsight.records.detections import Detections, ObjectDetector
from meshsight.records.sample import Sample
from meshsight.workflows.class_matching import ClassMatch, match_classes

Item = TypeVar("Item")
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DetectedDataset:
    """A data set with what a detector found in it.

    Attributes:
        dataset: its class ids are the detector's.
        match: which classes both have.
        samples, detections: in the data set's order.
    """

    dataset: Dataset
    match: ClassMatch
    samples: list[Sample]
    detections: list[Detections]


def detect(detector: ObjectDetector, dataset: Dataset, batch_size: int = 16) -> DetectedDataset:
    """Runs a detector over a data set.

    Raises:
        DataError: the classes do not fit, or an image is bad.
    """
    match = match_classes(detector.classes, dataset.classes, dataset.name)
    dataset = with_classes(dataset, detector.classes, drop_others=True)
    measured = np.array([name in match.shared for name in detector.classes])
    samples: list[Sample] = []
    detections: list[Detections] = []
    is_off = None if log.isEnabledFor(logging.INFO) else True
    bar = tqdm(total=dataset.num_samples, desc=dataset.name, unit="image", disable=is_off, dynamic_ncols=True)
    with bar, ThreadPoolExecutor(max_workers=2) as readers:
        for batch in _in_batches(dataset.samples(), batch_size):
            images = list(readers.map(read_image, [dataset.root / sample.image for sample in batch]))
            found = detector.predict(images)
            samples += batch
            detections += [_only(one, measured[one.class_ids]) for one in found]
            bar.update(len(batch))
    return DetectedDataset(dataset=dataset, match=match, samples=samples, detections=detections)


def _in_batches(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    while batch := list(islice(items, size)):
        yield batch


def _only(found: Detections, keep: np.ndarray) -> Detections:
    return replace(found, boxes=found.boxes[keep], scores=found.scores[keep], class_ids=found.class_ids[keep])


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """Returns up to `count` items, evenly spread over a sequence, the first one among them."""
    step = max(1.0, len(items) / count) if count else 1.0
    return [items[int(i * step)] for i in range(min(count, len(items)))]
