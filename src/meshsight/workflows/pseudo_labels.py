"""Detections become labels: a data set of photographs that nobody has labelled, to train on (Lee, 2013).

What is surely found is a label; what is doubtful is a region to ignore, so that training neither learns nor unlearns
it.
"""

import logging
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from meshsight.core.errors import CallError
from meshsight.core.kinds import did_you_mean
from meshsight.datasets.format import WHOLE
from meshsight.records.dataset import Dataset
from meshsight.records.detections import Detections
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.specs.base import VariantSpec
from meshsight.specs.inference import PseudoLabelSpec
from meshsight.workflows.format_specs import writer_of
from meshsight.workflows.writing import Writing, refuse_within, write_dataset

SILENT = Writing(progress=False)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudoLabels:
    """A data set to be made of detections.

    Attributes:
        out: the folder to make.
        to: the format to write.
        spec: which detections become labels.
        writing: how images get into the folder.
    """

    out: Path
    to: VariantSpec
    spec: PseudoLabelSpec
    writing: Writing = SILENT


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FoundInImage:
    """What was found in one image of a size in pixels."""

    size_hw: tuple[int, int]
    detections: Detections


def check_pseudo_labels(wanted: PseudoLabels, classes: tuple[str, ...]) -> None:
    """Refuses early what would fail after a long prediction.

    Raises:
        CallError: a threshold names no class of the detector, the format cannot be written, or the folder is there.
    """
    for name in wanted.spec.by_class:
        if name not in classes:
            hint = did_you_mean(name, classes) or f"; there are: {', '.join(classes)}"
            raise CallError(f"threshold of '{name}': the detector knows no such class{hint}")
    writer_of(wanted.to)
    if wanted.out.exists():
        raise CallError(f"{wanted.out}: is there already. Name a new folder for the labels.")


def write_pseudo_labels(
    wanted: PseudoLabels, found: Mapping[Path, FoundInImage], classes: tuple[str, ...]
) -> dict[str, int]:
    """Writes what was found as a data set.

    Args:
        wanted: the data set.
        found: the detections of each image file.
        classes: names by class id.

    Returns:
        How many labels each class has, by name.

    Raises:
        CallError: there is something at the folder already, or no image was given.
        StorageError: the disk is full; nothing is left behind.
    """
    if not found:
        raise CallError(f"{wanted.out}: no image could be read, so there is nothing to label")
    root = _common_folder(list(found))
    refuse_within(wanted.out, root)
    samples: list[Sample] = []
    for path, one in found.items():
        sample = _label(
            path.resolve().relative_to(root).as_posix(), len(samples), one, _thresholds(wanted, classes), wanted
        )
        if wanted.spec.keeps_empty or any(not label.is_ignored for label in sample.objects):
            samples.append(sample)
    dataset = Dataset(
        root=root,
        classes=classes,
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name=wanted.out.name,
        fingerprint=None,
    )
    write_dataset({WHOLE: dataset}, wanted.out, writer_of(wanted.to), wanted.writing)
    counts = Counter(classes[label.class_id] for s in samples for label in s.objects if not label.is_ignored)
    labels = {name: counts[name] for name in classes}
    log.info("%s: %d labels in %d images", wanted.out, sum(labels.values()), len(samples))
    return labels


def _thresholds(wanted: PseudoLabels, classes: tuple[str, ...]) -> np.ndarray:
    return np.array([wanted.spec.by_class.get(name, wanted.spec.threshold) for name in classes])


def _label(image: str, frame: int, one: FoundInImage, thresholds: np.ndarray, wanted: PseudoLabels) -> Sample:
    found, ignore_from = one.detections, wanted.spec.ignore_from
    is_sure = found.scores >= thresholds[found.class_ids]
    is_doubtful = ~is_sure & (found.scores >= (np.inf if ignore_from is None else ignore_from))
    objects = tuple(
        ObjectLabel(
            class_id=int(found.class_ids[row]), box=_as_box(found.boxes[row]), is_ignored=bool(is_doubtful[row])
        )
        for row in np.flatnonzero(is_sure | is_doubtful)
    )
    return Sample(image=image, size_hw=one.size_hw, objects=objects, frame=frame, group=image)


def _as_box(corners: np.ndarray) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = corners.tolist()
    return x1, y1, x2, y2


def _common_folder(paths: list[Path]) -> Path:
    return Path(os.path.commonpath([path.resolve().parent for path in paths]))
