"""From a checkpoint of another library to tensors of ours, complete and strict."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError, CallError
from meshsight.models.build import build_detector
from meshsight.models.importing import mmdet, plain_backbones, torchvision, yolox
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.class_names import COCO
from meshsight.models.importing.libraries import transformers
from meshsight.models.importing.mmdet_yolo import yolox_plan
from meshsight.models.importing.plan import Plan
from meshsight.models.kinds import BACKBONE_KINDS, LIBRARY_KINDS
from meshsight.models.weights import misfits
from meshsight.specs.base import VariantSpec


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Imported:
    """Weights under our names.

    Attributes:
        source: the program that trained them.
        model: what they are, in words.
        spec: the detector that they fit, or the backbone.
        is_backbone: whether they are a backbone alone.
        classes: names by class id; empty for a backbone.
        input_hw: the size that the source's reference recipe trains on.
        state: the tensors.
        notes: what was assumed, changed or left out, in a line each.
    """

    source: str
    model: str
    spec: VariantSpec
    is_backbone: bool
    classes: tuple[str, ...]
    input_hw: tuple[int, int]
    state: dict[str, Tensor]
    notes: tuple[str, ...]


def convert(checkpoint: Checkpoint, *, classes: tuple[str, ...] | None = None, head: str | None = None) -> Imported:
    """Recognises a checkpoint and renames its tensors; none is left over and none is missing.

    Args:
        checkpoint: as read.
        classes: names by class id, in place of those that the checkpoint tells.
        head: retina, freeanchor or pisa, whose tensors look the same.

    Raises:
        ArtifactError: nothing that is known here, or a variant of it that is not.
        CallError: not as many names as the weights have classes, or no such head.
    """
    if head is not None and head not in mmdet.RETINA_KIN:
        raise CallError(f"--head {head}: expected one of {', '.join(mmdet.RETINA_KIN)}")
    return _convert(lambda: _recognise(checkpoint, head), checkpoint, classes)


def convert_published(where: str, *, classes: tuple[str, ...] | None = None) -> Imported:
    """Converts a model of transformers.

    Args:
        where: a folder with `config.json` and `model.safetensors`, or a name on the Hugging Face hub.
        classes: names by class id, in place of those that the configuration tells.

    Raises:
        ArtifactError: nothing is there, or a model that is not known here.
        CallError: not as many names as the weights have classes.
        MissingExtraError: transformers is not installed.
    """
    build = LIBRARY_KINDS.builder("transformers")
    return _convert(lambda: build(transformers.Spec(where=where)), Checkpoint(name=where, state={}), classes)


def _convert(recognise: Callable[[], Plan], checkpoint: Checkpoint, classes: tuple[str, ...] | None) -> Imported:
    try:
        plan = recognise()
        state = plan.convert()
        _check(plan, state)
    except ArtifactError as error:
        raise ArtifactError(f"{checkpoint.name}: {error}") from error
    except (KeyError, IndexError) as error:
        raise ArtifactError(f"{checkpoint.name}: a tensor is missing that such a model has: {error}") from error
    names, class_notes = _name_classes(plan, checkpoint, classes) if plan.num_classes else ((), ())
    return Imported(
        source=plan.source,
        model=plan.model,
        spec=plan.spec,
        is_backbone=plan.num_classes == 0,
        classes=names,
        input_hw=plan.input_hw,
        state=state,
        notes=(*checkpoint.notes, *plan.notes, *class_notes),
    )


def _recognise(checkpoint: Checkpoint, head: str | None) -> Plan:
    if yolox.MARK in checkpoint.state:
        return yolox_plan(yolox.to_mmdet_names(checkpoint.state), "YOLOX")
    plan = (
        mmdet.recognise(checkpoint, head) or torchvision.recognise(checkpoint) or plain_backbones.recognise(checkpoint)
    )
    if plan is None:
        first = ", ".join(list(checkpoint.state)[:3])
        raise ArtifactError(
            f"weights of no model that is known here (they begin with {first}). Known are "
            "detectors of mmdetection, torchvision, YOLOX and (with config.json) transformers, and ResNets, ResNeXts "
            "and ConvNeXts"
        )
    return plan


def _name_classes(
    plan: Plan, checkpoint: Checkpoint, given: tuple[str, ...] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for names in (given, checkpoint.classes, plan.classes):
        if names is None:
            continue
        if len(names) != plan.num_classes:
            raise CallError(
                f"{checkpoint.name}: the weights have {plan.num_classes} classes, but {len(names)} are named; give all "
                "of them with --classes"
            )
        return names, ()
    if plan.num_classes == len(COCO):
        return COCO, ("80 classes without names: taken for COCO's",)
    numbers = tuple(f"class_{number}" for number in range(plan.num_classes))
    return numbers, ("the file does not name its classes: give them with --classes",)


def _check(plan: Plan, state: dict[str, Tensor]) -> None:
    """Compares with the network that the plan describes."""
    with torch.device("meta"):
        if plan.num_classes:
            network = build_detector(plan.spec, plan.num_classes, is_pretrained=False)
        else:
            network = BACKBONE_KINDS.builder(plan.spec.kind)(plan.spec, False).network
    expected = network.state_dict()
    # A pyramid of timm joins the first parts of some names with "_".
    flat = {name if name in expected else name.replace(".", "_", 1): tensor for name, tensor in state.items()}
    problems = misfits(flat if plan.num_classes == 0 else state, expected)
    if problems:
        raise ArtifactError(f"looks like {plan.model}, of {plan.source}, but does not fit it: {'; '.join(problems)}")
