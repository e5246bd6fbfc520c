"""Measures a patch network on held-out patches."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from meshsight.datasets.patches.arrays import PatchArrays
from meshsight.evaluation.circles import centre_errors, circle_ious, radius_errors
from meshsight.evaluation.classification import (
    average_precision,
    confusion,
    roc_auc,
    score_curve,
    threshold_for_precision,
)
from meshsight.models.patch.learner import PatchLearner
from meshsight.models.patch.targets import PatchAnswers
from meshsight.specs.patch_training import PatchValidationSpec
from meshsight.training.held_out import Measured, ValidationInput
from meshsight.training.patches.source import collate
from meshsight.training.processes import ALONE, Processes

BATCH = 2048


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeldOutPatches:
    """Patches that weights are measured on.

    Attributes:
        patches: with their truth.
        spec: the wished precision, and beta.
    """

    patches: PatchArrays
    spec: PatchValidationSpec

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.patches.name

    @torch.inference_mode()
    def measure(
        self,
        network: PatchLearner,
        into: ValidationInput,
        should_stop: Callable[[], bool],
        processes: Processes = ALONE,
    ) -> Measured | None:
        """Looks at every patch once; None once told to stop."""
        loss = 0.0
        answers: list[PatchAnswers] = []
        for start in range(0, len(self.patches), BATCH):
            if should_stop():
                return None
            rows = slice(start, start + BATCH)
            batch = collate(self.patches.pixels[rows], self.patches.circles[rows], self.patches, rows)
            targets = type(batch.targets)(*(part.to(into.device) for part in batch.targets))
            raw = network(batch.images.to(into.device).float(), targets)
            loss += float(sum(network.loss(raw, targets).values())) * len(batch.images)
            answers.append(network.net.decode(raw))
        scores, circles = _joined([a.scores for a in answers]), _joined([a.circles for a in answers])
        return Measured(figures=figures_of(self.patches, scores, circles, self.spec), loss=loss / len(self.patches))


def _joined(parts: list[Tensor | None]) -> np.ndarray | None:
    known = [part.cpu() for part in parts if part is not None]
    return torch.cat(known).numpy() if known else None


def figures_of(
    patches: PatchArrays,
    scores: Float[np.ndarray, " n"] | None,
    circles: Float[np.ndarray, "n 3"] | None,
    spec: PatchValidationSpec,
) -> dict[str, float | None]:
    """Returns the figures of a validation, by name.

    Args:
        patches: the truth.
        scores: how sure the network is of a ball, or None where it does not say.
        circles: in pixels, or None.
        spec: the wished precision, and beta.
    """
    classes = {} if scores is None else _class_figures(scores, patches.balls > 0.5, spec)
    places = {} if circles is None else _circle_figures(circles, patches)
    parts = [found["average_precision"] for found in (classes,) if found]
    parts += [found["circle_iou"] for found in (places,) if found]
    known = [part for part in parts if part is not None]
    return {"score": float(np.prod(known)) if known else None, **classes, **places}


def _class_figures(
    scores: Float[np.ndarray, " n"], balls: np.ndarray, spec: PatchValidationSpec
) -> dict[str, float | None]:
    curve = score_curve(scores, balls)
    threshold = threshold_for_precision(curve, spec.precision)
    decided = confusion(scores, balls, threshold)
    return {
        "average_precision": average_precision(curve),
        "roc_auc": roc_auc(curve),
        "threshold": threshold,
        "precision": decided.precision,
        "recall": decided.recall,
        "f1": decided.f_beta(),
        "f_beta": decided.f_beta(spec.beta),
    }


def _circle_figures(circles: Float[np.ndarray, "n 3"], patches: PatchArrays) -> dict[str, float | None]:
    known = patches.has_circle
    if not known.any():
        return {"circle_iou": None, "centre_px": None, "radius_px": None}
    height, width = patches.pixels.shape[1:3]
    found, wanted = circles[known].astype(np.float64), patches.circles[known] * (width, width, height)
    return {
        "circle_iou": float(circle_ious(found, wanted).mean()),
        "centre_px": float(centre_errors(found, wanted).mean()),
        "radius_px": float(radius_errors(found, wanted).mean()),
    }
