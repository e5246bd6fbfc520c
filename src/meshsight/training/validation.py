"""Measures a network on held-out data: the same figures as `meshsight evaluate`, and the loss beside them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

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
from meshsight.training.held_out import Measured
from meshsight.training.images import ImageStore
from meshsight.training.labels import is_not_asked_for
from meshsight.training.predictor import PREDICT_BATCH, select_batch
from meshsight.training.sample import BoxCounts, TrainingSample


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
        self, network: Detector, input_hw: tuple[int, int], device: torch.device, should_stop: Callable[[], bool]
    ) -> Measured | None:
        """Measures a detector; see `validate`."""
        return validate(network, self, input_hw, device, should_stop)

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


@torch.inference_mode()
def validate(
    network: Detector,
    data: ValidationSet,
    input_hw: tuple[int, int],
    device: torch.device,
    should_stop: Callable[[], bool],
) -> Measured | None:
    """Predicts every sample in float32 and measures the detections.

    Args:
        network: in evaluation mode, on `device`.
        data: what to predict.
        input_hw: the network's input.
        device: where to compute.
        should_stop: asked before each batch; None is returned once it says so.

    Raises:
        ImageError: an image is missing or truncated.
    """
    found: list[Detections] = []
    loss = 0.0
    for batch, letterboxes in _batches(data, input_hw):
        if should_stop():
            return None
        raw = network(batch.images.to(device).float())
        targets = type(batch.targets)(*(part.to(device) for part in batch.targets))
        loss += float(sum(network.loss(raw, targets, input_hw).values())) * len(letterboxes)
        found += select_batch(network.decode(raw, input_hw), network.decode_spec, letterboxes)
    headline = headline_metrics(data.samples, found, data.dataset.classes, data.min_visibility)
    figures = {"ap": headline.ap, "ap50": headline.ap50, "ap75": headline.ap75}
    return Measured(figures=figures, loss=loss / len(data.samples))


def _batches(data: ValidationSet, input_hw: tuple[int, int]) -> Iterator[tuple[Batch, list[Letterbox]]]:
    for start in range(0, len(data.samples), PREDICT_BATCH):
        samples = data.samples[start : start + PREDICT_BATCH]
        letterboxes = [fit_letterbox(sample.size_hw, input_hw) for sample in samples]
        fitted = [_fit(data, sample, box, input_hw) for sample, box in zip(samples, letterboxes, strict=True)]
        yield collate(fitted)[0], letterboxes


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
