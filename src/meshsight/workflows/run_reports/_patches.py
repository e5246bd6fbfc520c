"""The report of a patch network, on its validation sets or on what was held out."""

from collections.abc import Sequence
from pathlib import Path

from meshsight.datasets.patches.arrays import PatchArrays, joined, read_patches
from meshsight.records.dataset import Dataset
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.patches.preparing import part_patches
from meshsight.training.tracking import GuardedTracker
from meshsight.workflows.patches_evaluate import evaluate_patches
from meshsight.workflows.patches_track import record_report


def build(
    spec: PatchTrainSpec,
    data: Sequence[Dataset],
    validation: Sequence[Dataset],
    out: Path,
    tracker: GuardedTracker | None,
) -> None:
    """Measures the weights that were kept, and sends the report to the tracker.

    Args:
        spec: the recipe.
        data: sets that were learnt from, a part of which is held out where there is no other validation.
        validation: sets that were measured on.
        out: the run's folder.
        tracker: told of the report, if there is one.
    """
    measured: list[PatchArrays] = [read_patches(one, spec.ball) for one in validation]
    if not measured:
        _, held_out = part_patches(spec, joined([read_patches(one, spec.ball) for one in data]), has_validation=False)
        measured = [] if held_out is None else [held_out]
    if not measured:
        return
    result = evaluate_patches(out, data=measured, out=out / "evaluation", beta=spec.validation.beta, device="cpu")
    if tracker is not None:
        record_report(tracker, out, result)
