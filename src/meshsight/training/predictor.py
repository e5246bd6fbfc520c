"""Steps 6 and 7 of the walk for a trained network: images of any size in, detections in their own pixels out."""

from collections.abc import Sequence

import numpy as np
import torch

from meshsight.core.images import RgbImage
from meshsight.core.letterbox import Letterbox, apply_letterbox, fit_letterbox
from meshsight.models.detector import Candidates, Detector
from meshsight.records.detections import Detections, select_detections
from meshsight.specs.decoding import DecodeSpec
from meshsight.training.precision import place

PREDICT_BATCH = 16


class TorchDetector:
    """A trained detector on one device, in float32 whatever it was trained in.

    Attributes:
        network: the network; in evaluation mode.
        input_hw: height and width of its input.
        device: where it computes.
        decode_spec: thresholds; the network's own unless others are given.
        is_turned: whether upright images are given the input turned, as a training in batches of one orientation does.
    """

    def __init__(
        self,
        network: Detector,
        classes: tuple[str, ...],
        input_hw: tuple[int, int],
        device: torch.device,
        decode: DecodeSpec | None = None,
        is_turned: bool = False,
    ):
        self.network = place(network, device).eval()
        self.input_hw = input_hw
        self.device = device
        self.decode_spec = decode or network.decode_spec
        self.is_turned = is_turned
        self._classes = classes

    def with_decode(self, decode: DecodeSpec) -> "TorchDetector":
        """Returns the same detector with other thresholds."""
        return TorchDetector(self.network, self._classes, self.input_hw, self.device, decode, self.is_turned)

    def with_scale(self, scale: float) -> "TorchDetector":
        """Returns the same detector with an input that many times as high and wide, to multiples of its stride."""
        stride = self.network.stride
        height, width = (max(1, round(side * scale / stride)) * stride for side in self.input_hw)
        return TorchDetector(
            self.network, self._classes, (height, width), self.device, self.decode_spec, self.is_turned
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Names by class id."""
        return self._classes

    def predict(self, images: Sequence[RgbImage]) -> list[Detections]:
        """Detects objects in images of any sizes; one result for each image, in order."""
        found: dict[int, Detections] = {}
        sizes = [turned((image.shape[0], image.shape[1]), self.input_hw, self.is_turned) for image in images]
        for size in dict.fromkeys(sizes):
            indices = [index for index, each in enumerate(sizes) if each == size]
            for start in range(0, len(indices), PREDICT_BATCH):
                part = indices[start : start + PREDICT_BATCH]
                found.update(zip(part, self._predict_batch([images[index] for index in part], size), strict=True))
        return [found[index] for index in range(len(images))]

    @torch.inference_mode()
    def _predict_batch(self, images: Sequence[RgbImage], input_hw: tuple[int, int]) -> list[Detections]:
        letterboxes = [fit_letterbox((image.shape[0], image.shape[1]), input_hw) for image in images]
        fitted = [apply_letterbox(box, image) for box, image in zip(letterboxes, images, strict=True)]
        raw = self.network(to_input(fitted, self.device))
        return select_batch(self.network.decode(raw, input_hw), self.decode_spec, letterboxes)


def turned(image_hw: tuple[int, int], input_hw: tuple[int, int], is_turned: bool) -> tuple[int, int]:
    """Returns the input for one image: as it is, or with its longer side along the image's."""
    if not is_turned:
        return input_hw
    long, short = max(input_hw), min(input_hw)
    return (long, short) if image_hw[0] > image_hw[1] else (short, long)


def to_input(fitted: Sequence[RgbImage], device: torch.device) -> torch.Tensor:
    """Stacks images of one size into the network's input: RGB in 0..255, channels last in memory."""
    return torch.from_numpy(np.stack(fitted)).permute(0, 3, 1, 2).to(device).float()


def select_batch(candidates: Candidates, spec: DecodeSpec, letterboxes: Sequence[Letterbox]) -> list[Detections]:
    """Turns a batch of candidates into the detections of each image."""
    arrays = [field.cpu().numpy() for field in candidates]
    return [
        select_detections(boxes, scores, class_ids, spec, letterbox)
        for boxes, scores, class_ids, letterbox in zip(*arrays, letterboxes, strict=True)
    ]
