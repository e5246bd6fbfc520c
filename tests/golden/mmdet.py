"""The stored numbers of mmdetection, and what the tests of every head and neck do with them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from meshsight.core.boxes import class_wise_nms
from meshsight.models.batch import PADDING, Targets
from meshsight.models.detector import Candidates
from meshsight.models.importing.renaming import Rule, rename_all
from meshsight.specs.decoding import DecodeSpec

SIZE_HW = (128, 128)
NUM_IMAGES = 2


class Golden:
    def __init__(self, name: str):
        with np.load(Path(__file__).parent / f"{name}.npz") as file:
            self.arrays = {key: torch.from_numpy(file[key]) for key in file.files}

    def series(self, prefix: str) -> list[Tensor]:
        count = sum(key.startswith(prefix) for key in self.arrays)
        return [self.arrays[f"{prefix}{i}"] for i in range(count)]

    def load_into(self, module: nn.Module, rules: Sequence[Rule]) -> None:
        """Loads every weight, renamed as the importer of checkpoints renames it."""
        module.load_state_dict(self.state(rules))

    def state(self, rules: Sequence[Rule]) -> dict[str, Tensor]:
        """Returns every weight under our names."""
        weights = {key.removeprefix("w."): value for key, value in self.arrays.items() if key.startswith("w.")}
        return rename_all(weights, rules)


def assert_near(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.abs().max().item())


def golden_targets(golden: Golden) -> Targets:
    """Returns the boxes that mmdetection's losses were computed for."""
    most = max(len(golden.arrays[f"gt_boxes{image}"]) for image in range(NUM_IMAGES))
    boxes = torch.zeros(NUM_IMAGES, most, 4)
    class_ids = torch.full((NUM_IMAGES, most), PADDING)
    for image in range(NUM_IMAGES):
        count = len(golden.arrays[f"gt_boxes{image}"])
        boxes[image, :count] = golden.arrays[f"gt_boxes{image}"]
        class_ids[image, :count] = golden.arrays[f"gt_labels{image}"]
    return Targets(boxes, class_ids, torch.zeros(NUM_IMAGES, most, dtype=torch.bool))


def assert_predictions_near(golden: Golden, candidates: Candidates, spec: DecodeSpec) -> None:
    """Compares what is left after thresholds and class-wise suppression, best first."""
    for image in range(NUM_IMAGES):
        boxes, scores, class_ids = (part[image].numpy() for part in candidates)
        kept = np.flatnonzero(scores > spec.score_threshold)
        kept = kept[class_wise_nms(boxes[kept], scores[kept], class_ids[kept], spec.nms_iou)][: spec.max_detections]
        theirs = [golden.arrays[f"pred.{image}.{field}"].numpy() for field in ("bboxes", "scores", "labels")]
        np.testing.assert_allclose(scores[kept], theirs[1], rtol=1e-4)
        np.testing.assert_array_equal(class_ids[kept], theirs[2])
        np.testing.assert_allclose(boxes[kept], theirs[0], rtol=1e-4, atol=0.0128)
