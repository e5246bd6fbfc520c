"""Patches and network of a run, read, built and checked against each other."""

import logging
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Bool, Float

from meshsight.core.errors import DataError, SpecError
from meshsight.core.rng import stream
from meshsight.datasets.patches.arrays import PatchArrays, in_words, joined, read_patches
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.learner import PatchLearner
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.spec import PatchSpec
from meshsight.records.dataset import Dataset
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.specs.training import num_steps
from meshsight.training.parts import RunParts
from meshsight.training.patches.source import PatchSource
from meshsight.training.patches.validation import HeldOutPatches
from meshsight.training.run_folder import SourceFacts

log = logging.getLogger(__name__)

HELD_OUT = "held out"
"""Name of the validation set that is taken out of the training data."""


def prepare_patches(spec: PatchTrainSpec, data: Sequence[Dataset], validation: Sequence[Dataset]) -> RunParts:
    """Reads the patches and builds the network.

    Raises:
        DataError: a set is bad, of other patches than the network takes, or has nothing to learn.
        SpecError: settings do not fit each other.
    """
    net_spec = _net_spec(spec)
    sets = [read_patches(one, spec.ball) for one in data]
    for one in sets:
        check_patches(net_spec, one)
    learnt, rest = part_patches(spec, joined(sets), has_validation=bool(validation))
    held = [rest] if rest is not None else [read_patches(one, spec.ball) for one in validation]
    for one in held:
        check_patches(net_spec, one)
    _check_truth(net_spec, learnt, held)
    if not hasattr(net_spec, "class_loss"):
        learnt = learnt.take(learnt.has_circle)  # the others have nothing to teach a network that only locates
    if not held and spec.needs_validation:
        raise SpecError("schedule 'plateau' and validation.patience need a validation set: give one with --val")
    torch.manual_seed(spec.seed)
    net = build_patch_net(net_spec)
    if spec.subtract_mean:
        net.entry.mean.copy_(torch.from_numpy(channel_means(learnt)))
    _say(net, learnt)
    source = PatchSource(labels=learnt, augmentation=spec.augmentation, batch_size=spec.batch_size, seed=spec.seed)
    return RunParts(
        network=PatchLearner(net),
        classes=(spec.ball,),
        num_steps=num_steps(spec, len(learnt)),
        source=source,
        validation=tuple(HeldOutPatches(patches=one, spec=spec.validation) for one in held),
        data=tuple(_facts(one, _place_of(each)) for one, each in zip(sets, data, strict=True)),
        validation_data=tuple(_facts(one, _place_of(each)) for one, each in zip(held, validation, strict=False)),
    )


def _net_spec(spec: PatchTrainSpec) -> PatchSpec:
    assert isinstance(spec.net, PatchSpec)
    return spec.net


def check_patches(net: PatchSpec, patches: PatchArrays) -> None:
    """Refuses patches that a network cannot take.

    Raises:
        DataError: of another size or colour mode, or their places are needed and unknown.
    """
    found, expected = patches.pixels.shape[1:], (*net.input_hw, net.channels)
    if found != expected:
        raise DataError(
            f"{patches.name}: {in_words(found)}; the network takes {in_words(expected)}. Change net.input_hw and "
            "net.channels in the recipe, or make other patches with `meshsight patches make`"
        )
    if net.has_position and patches.places is None:
        raise DataError(
            f"{patches.name}: does not say where its patches were cut (array 'place'), which net.has_position needs"
        )


def _check_truth(net: PatchSpec, learnt: PatchArrays, held: Sequence[PatchArrays]) -> None:
    is_classifying, is_locating = hasattr(net, "class_loss"), hasattr(net, "circle_loss")
    for patches in (learnt, *held):
        balls = int((patches.balls > 0.5).sum())
        if is_classifying and balls in (0, len(patches)):
            raise DataError(f"{patches.name}: {balls} of {len(patches)} patches show a ball; both kinds are needed")
        if is_locating and not patches.has_circle.any():
            raise DataError(
                f"{patches.name}: no circle in it, only classes; a network of kind 'classifier' learns from those"
            )


def part_patches(
    spec: PatchTrainSpec, patches: PatchArrays, *, has_validation: bool
) -> tuple[PatchArrays, PatchArrays | None]:
    """Returns the patches to learn from, and those held out where the recipe wants it and no set is given for it.

    Raises:
        DataError: there are too few groups.
    """
    if has_validation or spec.validation.share == 0:
        return patches, None
    learnt, rest = hold_out(patches, spec.validation.share, spec.seed)
    log.info("no validation set given: %d of %d patches are held out", len(rest), len(patches))
    return learnt, rest


def channel_means(patches: PatchArrays) -> Float[np.ndarray, " c"]:
    """Returns the mean of each channel in 0..1."""
    sums = patches.pixels.sum(axis=(0, 1, 2), dtype=np.float64)
    return (sums / (patches.pixels[..., 0].size * 255)).astype(np.float32)


def hold_out(patches: PatchArrays, share: float, seed: int) -> tuple[PatchArrays, PatchArrays]:
    """Parts patches into those to learn from and those held out, whole groups, with and without balls alike.

    Raises:
        DataError: there are too few groups.
    """
    balls = np.bincount(patches.groups, weights=patches.balls, minlength=int(patches.groups.max()) + 1)
    is_held: Bool[np.ndarray, " g"] = np.zeros(len(balls), dtype=bool)
    rng = stream(seed, 0, "held out")
    for stratum in (balls > 0, balls == 0):
        members = rng.permutation(np.flatnonzero(stratum))
        is_held[members[: round(share * len(members))]] = True
    rows = is_held[patches.groups]
    if not rows.any() or rows.all():
        raise DataError(
            f"{patches.name}: {len(np.unique(patches.groups))} groups are too few to hold {share:.0%} out; give a "
            "validation set with --val, or set validation.share to 0"
        )
    return patches.take(~rows), replace(patches.take(rows), name=HELD_OUT)


def _say(net: PatchNet, learnt: PatchArrays) -> None:
    log.info(
        "%s of %d parameters; %d patches to learn from, %d with a ball, %d with its circle",
        net.spec.kind,
        net.num_parameters,
        len(learnt),
        int((learnt.balls > 0.5).sum()),
        int(learnt.has_circle.sum()),
    )


def _place_of(dataset: Dataset) -> str:
    """Returns what opens the data set again: its folder, or its one file, with the split if it is one."""
    name, _, split = dataset.name.partition("#")
    path = dataset.root / name if (dataset.root / name).is_file() else dataset.root
    return f"{path}#{split}" if split else str(path)


def _facts(patches: PatchArrays, root: str) -> SourceFacts:
    return SourceFacts(
        name=patches.name,
        root=root,
        num_images=len(patches),
        num_objects=int((patches.balls > 0.5).sum()),
        fingerprint=patches.fingerprint(),
    )
