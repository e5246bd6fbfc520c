"""`weights import`: what another library trained becomes a folder that every verb opens as a run."""

import logging
from dataclasses import dataclass
from pathlib import Path

import torch

from meshsight.core.errors import CallError
from meshsight.core.files import write_text
from meshsight.models.build import build_detector
from meshsight.models.importing.checkpoint import read_checkpoint
from meshsight.models.importing.class_names import KNOWN
from meshsight.models.importing.convert import Imported, convert, convert_published
from meshsight.models.weights import write_weights
from meshsight.specs.commented import dump_commented
from meshsight.specs.training import TrainSpec
from meshsight.training.fit import package_versions
from meshsight.training.precision import find_machine
from meshsight.training.run_folder import RunFiles, RunManifest, write_manifest

EPOCHS = 12
"""Length of the recipe that the imported run holds; nothing but a training from it reads it."""

CONFIG, SAFETENSORS = "config.json", ".safetensors"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """Imported weights.

    Attributes:
        folder: a run without a history, or, for a backbone, the folder of its weights.
        weights: the file of weights, for `weights:` of a recipe, or `weights:` of its backbone.
        recipe: a recipe that trains on from them.
        source: the program that trained them.
        model: what they are, in words.
        is_backbone: whether they are a backbone alone.
        classes: names by class id.
        num_parameters: numbers in all tensors.
        notes: what was assumed, changed or left out, in a line each.
    """

    folder: Path
    weights: Path
    recipe: Path
    source: str
    model: str
    is_backbone: bool
    classes: tuple[str, ...]
    num_parameters: int
    notes: tuple[str, ...]


def import_weights(file: Path, *, out: Path, classes: str | None = None, head: str | None = None) -> ImportResult:
    """Imports weights of mmdetection, mmpretrain, torchvision, timm or YOLOX, recognised by their tensors.

    Models of transformers are recognised by the `config.json` beside them.

    Args:
        file: a file of torch or of safetensors; a folder of transformers, or a name on the Hugging Face hub.
        out: folder to be made; a run, if the file holds a detector.
        classes: `coco`, `voc`, a file with a name in each line, or names with commas between; None: those in the file.
        head: retina, freeanchor or pisa, whose tensors look the same.

    Raises:
        ArtifactError: the file is missing, unsafe, damaged or nothing that is known here.
        CallError: the folder holds a run already, or the classes or the head do not fit.
        StorageError: the folder cannot be written.
    """
    files = RunFiles(out)
    if files.manifest.exists() or files.weights.exists():
        raise CallError(f"{out} holds a run or weights already; name another folder")
    published, names = _published(file), _parse_classes(classes)
    if published is None:
        imported = convert(read_checkpoint(file), classes=names, head=head)
    else:
        imported = convert_published(published, classes=names)
    write_weights(files.weights, imported.state, imported.classes)
    recipe = out / ("backbone.yaml" if imported.is_backbone else "recipe.yaml")
    if imported.is_backbone:
        spec = imported.spec.evolve(pretrained=True, weights=str(files.weights))
        write_text(recipe, dump_commented(spec, "For `backbone:` of a recipe."))
    else:
        run = TrainSpec(detector=imported.spec, input_hw=imported.input_hw, epochs=EPOCHS)
        write_text(recipe, dump_commented(run.evolve(weights=str(files.weights)), f"Trains {imported.model} further."))
        _write_run(files, imported, run, file)
    return ImportResult(
        folder=out,
        weights=files.weights,
        recipe=recipe,
        source=imported.source,
        model=imported.model,
        is_backbone=imported.is_backbone,
        classes=imported.classes,
        num_parameters=sum(tensor.numel() for tensor in imported.state.values()),
        notes=imported.notes,
    )


def _published(file: Path) -> str | None:
    """Returns where a model of transformers is: a folder with a configuration, or a name on the hub."""
    folder = file if file.is_dir() else file.parent
    if (folder / CONFIG).is_file() and (file.is_dir() or file.suffix == SAFETENSORS):
        return str(folder)
    is_name = len(file.parts) == len(("owner", "name")) and not file.suffix and not file.exists()
    return file.as_posix() if is_name and not file.parent.exists() else None


def _write_run(files: RunFiles, imported: Imported, spec: TrainSpec, file: Path) -> None:
    """Writes the manifest of a run that is finished, and saw no data here."""
    with torch.device("meta"):
        network = build_detector(imported.spec, len(imported.classes), is_pretrained=False)
    manifest = RunManifest(
        status="finished",
        message=f"imported from {file.name}, {imported.source}: {imported.model}",
        spec=spec.evolve(classes=imported.classes),
        classes=imported.classes,
        data=(),
        validation=(),
        machine=find_machine("float32", torch.device("cpu"), network),
        versions=package_versions(),
        num_steps=0,
    )
    write_manifest(files, manifest)


def _parse_classes(text: str | None) -> tuple[str, ...] | None:
    """Returns the names that a word, a file or a list stands for."""
    if text is None:
        return None
    if text.lower() in KNOWN:
        return KNOWN[text.lower()]
    path = Path(text)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else text.split(",")
    names = tuple(line.strip() for line in lines if line.strip())
    if len(set(names)) != len(names) or not names:
        raise CallError(f"--classes {text}: expected coco, voc, a file with a name in each line, or different names")
    return names
