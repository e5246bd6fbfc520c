"""Measures a network on held-out data: the same figures as `meshsight evaluate`, and the loss beside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from meshsight.core.letterbox import Letterbox, apply_letterbox, boxes_to_input, fit_letterbox
from meshsight.evaluation.evaluate import headline_metrics
from meshsight.models.batch import Batch
from meshsight.models.detector import Detector
from meshsight.records.dataset import Dataset
from meshsight.records.detections import Detections
from meshsight.records.sample import Sample
from meshsight.training.batches import collate
from meshsight.training.held_out import Measured, ValidationInput
from meshsight.training.images import ImageStore
from meshsight.training.labels import is_not_asked_for
from meshsight.training.predictor import PREDICT_BATCH, select_batch, turned
from meshsight.training.processes import ALONE, Processes
from meshsight.training.sample import BoxCounts, TrainingSample

WORST = "worst"
"""What `validation.best_on` calls the set with the lowest value."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ValidationSet:
    """Held-out samples.

    Attributes:
        dataset: where they come from.
        samples: the truth, without the masks and poses that measuring boxes does not need.
        images: memory for the images.
        min_visibility: objects known to be less visible need not be found.
    """

    dataset: Dataset
    samples: tuple[Sample, ...]
    images: ImageStore
    min_visibility: float

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.dataset.name

    def measure(
        self,
        network: Detector,
        into: ValidationInput,
        should_stop: Callable[[], bool],
        processes: Processes = ALONE,
    ) -> Measured | None:
        """Measures a detector; see `validate`."""
        return validate(network, self, into, should_stop, processes)

    def num_to_find(self) -> int:
        """Counts the objects that have to be found."""
        labels = (label for sample in self.samples for label in sample.objects)
        return sum(not is_not_asked_for(label, self.min_visibility) for label in labels)


def read_validation_set(dataset: Dataset, images: ImageStore, min_visibility: float) -> ValidationSet:
    """Reads the truth of a data set once."""
    samples = tuple(
        replace(sample, objects=tuple(replace(o, mask=None, keypoints=None, pose=None) for o in sample.objects))
        for sample in dataset.samples()
    )
    return ValidationSet(dataset=dataset, samples=samples, images=images, min_visibility=min_visibility)


def deciding_set(best_on: str | None, values: Mapping[str, float]) -> str:
    """Returns the name of the validation set that says which weights are best."""
    if best_on == WORST:
        return min(values, key=lambda name: values[name])
    return next(iter(values)) if best_on is None else best_on


def validate(
    network: Detector,
    data: ValidationSet,
    into: ValidationInput,
    should_stop: Callable[[], bool],
    processes: Processes = ALONE,
) -> Measured | None:
    """Predicts every sample in float32, the batches shared out among the processes, and measures the detections.

    Args:
        network: in evaluation mode, on the device.
        data: what to predict.
        into: the network's input.
        should_stop: asked before each batch; None is returned once it says so to any process.
        processes: who predicts.

    Raises:
        ImageError: an image is missing or truncated.
    """
    parts = processes.gather(_predict(network, data, into, should_stop, processes))
    if any(part is None for part in parts):
        return None
    found: list[Detections | None] = [None] * len(data.samples)
    for index, detections in (item for part in parts if part is not None for item in part.found):
        found[index] = detections
    headline = None
    if processes.is_first:
        every = [each for each in found if each is not None]
        headline = headline_metrics(data.samples, every, data.dataset.classes, data.min_visibility)
    headline = processes.gather(headline)[0]
    assert headline is not None
    loss = sum(part.loss for part in parts if part is not None)
    figures = {"ap": headline.ap, "ap50": headline.ap50, "ap75": headline.ap75}
    return Measured(figures=figures, loss=loss / len(data.samples))


class _Part(NamedTuple):
    """What one process found: detections by the sample's index, and the sum over its images of the loss."""

    found: list[tuple[int, Detections]]
    loss: float


@torch.inference_mode()
def _predict(
    network: Detector,
    data: ValidationSet,
    into: ValidationInput,
    should_stop: Callable[[], bool],
    processes: Processes,
) -> _Part | None:
    found: list[tuple[int, Detections]] = []
    loss = 0.0
    devices = [into.device] if into.device.type == "cuda" else []
    batches = _index_batches(data, into)
    for indices, input_hw in batches[processes.rank :: processes.count]:
        if should_stop():
            return None
        batch, letterboxes = _batch(data, indices, input_hw)
        raw = network(batch.images.to(into.device).float())
        targets = type(batch.targets)(*(part.to(into.device) for part in batch.targets))
        with torch.random.fork_rng(devices):  # what a loss draws here is not missing in training
            loss += float(sum(network.loss(raw, targets, input_hw).values())) * len(letterboxes)
        detections = select_batch(network.decode(raw, input_hw), network.decode_spec, letterboxes)
        found += list(zip(indices, detections, strict=True))
    return _Part(found, loss)


def _index_batches(data: ValidationSet, into: ValidationInput) -> list[tuple[list[int], tuple[int, int]]]:
    """Indices of the samples of each batch, with the size of its input."""
    sizes = [turned(sample.size_hw, into.input_hw, into.is_turned) for sample in data.samples]
    result: list[tuple[list[int], tuple[int, int]]] = []
    for size in dict.fromkeys(sizes):
        indices = [index for index, each in enumerate(sizes) if each == size]
        result += [(indices[at : at + PREDICT_BATCH], size) for at in range(0, len(indices), PREDICT_BATCH)]
    return result


def _batch(data: ValidationSet, indices: list[int], input_hw: tuple[int, int]) -> tuple[Batch, list[Letterbox]]:
    samples = [data.samples[index] for index in indices]
    letterboxes = [fit_letterbox(sample.size_hw, input_hw) for sample in samples]
    fitted = [_fit(data, sample, box, input_hw) for sample, box in zip(samples, letterboxes, strict=True)]
    return collate(fitted)[0], letterboxes


def _fit(data: ValidationSet, sample: Sample, letterbox: Letterbox, input_hw: tuple[int, int]) -> TrainingSample:
    image = data.images.load(data.dataset.root / sample.image)
    boxes: Float[np.ndarray, "n 4"] = np.array([label.box for label in sample.objects], np.float32).reshape(-1, 4)
    return TrainingSample(
        image=apply_letterbox(letterbox, image),
        boxes=boxes_to_input(letterbox, boxes),
        class_ids=np.array([label.class_id for label in sample.objects], dtype=np.int64),
        is_ignored=np.array([is_not_asked_for(o, data.min_visibility) for o in sample.objects], dtype=bool),
        counts=BoxCounts(),
    )
