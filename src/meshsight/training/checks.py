"""What is refused before the first step, each with one line that says what would work."""

import difflib
import logging

from meshsight.core.errors import DataError, SpecError, TrainingError
from meshsight.models.detector import Detector
from meshsight.specs.training import TrainSpec
from meshsight.training.labels import LabelTable
from meshsight.training.run_folder import RunManifest
from meshsight.training.schedule import RunLength, warm_up_steps
from meshsight.training.validation import WORST, ValidationSet

log = logging.getLogger(__name__)


def check_classes(spec: TrainSpec, classes: tuple[str, ...], where: str) -> None:
    """Refuses data whose classes are not the recipe's: training would go on and end at AP 0.

    Raises:
        DataError: names or their order differ.
    """
    if spec.classes is None or spec.classes == classes:
        return
    if sorted(spec.classes) == sorted(classes):
        raise DataError(
            f"{where}: the classes stand in another order than in the recipe: found {', '.join(classes)}; expected "
            f"{', '.join(spec.classes)}. Put the recipe's `classes` in the data's order, or leave it out."
        )
    changes = [line for line in difflib.ndiff(spec.classes, classes) if line[0] in "+-"]
    missing = ", ".join(line[2:] for line in changes if line[0] == "-") or "none"
    extra = ", ".join(line[2:] for line in changes if line[0] == "+") or "none"
    raise DataError(
        f"{where}: the classes are not the recipe's: missing here: {missing}; not in the recipe: {extra}. "
        "Correct the recipe's `classes`, or leave it out to take those of the data."
    )


def check_objects(labels: LabelTable) -> None:
    """Refuses data with nothing to learn, and names what is thin.

    Raises:
        DataError: no image has an object to find.
    """
    counts = labels.objects_per_class()
    if not any(counts.values()):
        raise DataError(
            f"{len(labels)} training images have no object to find (ignore regions and objects below min_visibility do "
            "not count). Look at the labels with `meshsight show`."
        )
    absent = [name for name, count in counts.items() if count == 0]
    if absent:
        log.warning("no object of %s in the training data: it cannot be learnt", ", ".join(absent))
    log.info("objects to learn: %s", ", ".join(f"{name} {count}" for name, count in counts.items()))
    num_empty = int((labels.first[1:] == labels.first[:-1]).sum())
    if num_empty:
        log.info("%d of %d training images have no labels: they teach background alone", num_empty, len(labels))


def check_validation(sets: tuple[ValidationSet, ...], classes: tuple[str, ...], spec: TrainSpec) -> None:
    """Refuses validation sets that cannot measure this run.

    Raises:
        DataError: a set has no image or no object to find, or other classes.
        SpecError: the recipe needs a validation set and there is none.
    """
    if not sets and spec.needs_validation:
        raise SpecError("schedule 'plateau' and validation.patience need a validation set: give one with --val")
    names = [data.dataset.name for data in sets]
    wanted = spec.validation.best_on
    if wanted is not None and wanted not in (*names, WORST):
        raise SpecError(
            f"validation.best_on: no validation set is called '{wanted}'; there are {', '.join(names) or 'none'} "
            f"(--val NAME=FOLDER), and '{WORST}'"
        )
    if len(set(names)) < len(names):
        raise DataError(f"validation sets: two have one name ({', '.join(names)}). Name them with --val NAME=FOLDER")
    for data in sets:
        where = f"validation set {data.dataset.name}"
        if data.dataset.classes != classes:
            raise DataError(
                f"{where}: its classes ({', '.join(data.dataset.classes)}) are not those of the training data "
                f"({', '.join(classes)}). Names and order must be equal."
            )
        if data.num_to_find() == 0:
            raise DataError(f"{where}: {len(data.samples)} images and no object to find in them")


def check_recipe(spec: TrainSpec, network: Detector, length: RunLength, has_masks: bool) -> None:
    """Refuses settings that do not fit each other.

    Raises:
        SpecError: the input is no multiple of the stride, or the warm-up is as long as the run.
    """
    stride = network.stride
    if any(side % stride for side in spec.input_hw):
        low, high = (tuple(max(1, side // stride + up) * stride for side in spec.input_hw) for up in (0, 1))
        raise SpecError(
            f"input_hw {list(spec.input_hw)}: both sides must be multiples of the detector's stride {stride}; "
            f"{list(low)} or {list(high)} would work"
        )
    rise = warm_up_steps(spec.warm_up, length)
    if rise >= length.num_steps:
        raise SpecError(
            f"warm_up: {rise:g} steps, and the run has only {length.num_steps} steps. Shorten it or train longer."
        )
    scales = spec.augmentation.multi_scale
    if scales is not None and scales.step % stride:
        raise SpecError(f"augmentation.multi_scale.step {scales.step}: expected a multiple of the stride {stride}")
    if spec.augmentation.copy_paste is not None and not has_masks:
        raise SpecError("augmentation.copy_paste: no object of the training data has a mask to be cut out along")


def check_sources(spec: TrainSpec, sources: tuple[str, ...]) -> None:
    """Refuses shares for other sources than those given.

    Raises:
        SpecError: a name of `data.mix` is unknown, missing, or stands for two sources.
    """
    mix = spec.data.mix
    if mix is None:
        return
    if len(set(sources)) < len(sources) or set(mix.start) != set(sources):
        raise SpecError(
            f"data.mix: it gives shares to {', '.join(mix.start)}; the training data are {', '.join(sources)}. Name "
            "each once with --data NAME=FOLDER"
        )


def check_processes(spec: TrainSpec, count: int) -> None:
    """Refuses a batch that cannot be shared out evenly.

    Raises:
        SpecError: the batch is no multiple of the number of processes.
    """
    if spec.batch_size % count:
        raise SpecError(
            f"batch_size {spec.batch_size}: it is shared out among {count} processes and must be a multiple"
        )


MAY_CHANGE = ("steps", "epochs", "validation", "checkpoints")
"""What a resumed run may do differently: last longer or shorter, and look more or less often."""


def check_resume(before: RunManifest, now: RunManifest) -> None:
    """Refuses to continue a run as if it were another.

    Raises:
        TrainingError: recipe, classes or data differ in more than what may change.
    """
    old, new = before.spec.model_dump(mode="json"), now.spec.model_dump(mode="json")
    changed = [key for key in new if key not in MAY_CHANGE and old.get(key) != new[key]]
    if changed:
        raise TrainingError(
            f"--resume: the recipe differs from the run's in {', '.join(changed)}; only {', '.join(MAY_CHANGE)} may "
            "change. Resume with the run's recipe, or start a new run in another folder."
        )
    old_data, new_data = ([source.fingerprint for source in m.data] for m in (before, now))
    if before.classes != now.classes or old_data != new_data:
        raise TrainingError(
            "--resume: the training data are not those that the run began with "
            f"({', '.join(source.name for source in before.data)}). Give the same folders, or start a new run."
        )
    if before.num_steps != now.num_steps:
        log.warning(
            "the run now has %d steps, not %d: the learning rate goes on along the new schedule",
            now.num_steps,
            before.num_steps,
        )
    if before.machine != now.machine:
        log.warning("resumed under other conditions (%s; now %s): losses may differ", before.machine, now.machine)
