"""A whole run: checks, data, network and loop put together."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import psutil
import torch

from meshsight.core.errors import CallError
from meshsight.core.images import write_image
from meshsight.execution.capacity import idle_cores
from meshsight.models.build import build_detector
from meshsight.models.start import start_from
from meshsight.records.dataset import Dataset
from meshsight.specs.learning import AnyTrainSpec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.specs.training import TrainSpec, num_steps
from meshsight.training.batch_picture import batch_picture
from meshsight.training.batches import BatchSource, Part
from meshsight.training.checkpoint import read_state
from meshsight.training.checks import (
    check_classes,
    check_objects,
    check_processes,
    check_recipe,
    check_resume,
    check_sources,
    check_validation,
)
from meshsight.training.effective import effective_settings, say_settings
from meshsight.training.events import Event, PicturesDrawn, Tracker, TrainingEnded, TrainingStarted
from meshsight.training.filtering import filter_labels, say_left_out
from meshsight.training.images import ImageStore
from meshsight.training.keeper import ManifestKeeper
from meshsight.training.labels import Detail, read_labels
from meshsight.training.loop import LoopInputs, TrainingLoop
from meshsight.training.metrics import MetricsFile, read_metrics
from meshsight.training.parts import RunParts
from meshsight.training.patches.preparing import prepare_patches
from meshsight.training.precision import MachineFacts, choose_device, find_machine
from meshsight.training.processes import ALONE, Processes
from meshsight.training.run_folder import RunFiles, RunManifest, SourceFacts, read_manifest
from meshsight.training.schedule import RunLength
from meshsight.training.validation import read_validation_set

log = logging.getLogger(__name__)

LARGEST_IMAGE_MEMORY = 4 << 30
PACKAGES = ("meshsight", "torch", "torchvision", "timm", "numpy", "opencv-python-headless", "hotcoco")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What of this machine a run may use; none of it changes the result except the device and the number of threads.

    Attributes:
        device: auto, cpu, cuda or cuda:N.
        threads: threads of one operation on the CPU; None: as many as the run had that goes on, or else
            OMP_NUM_THREADS, or else the cores that are idle at the start.
        workers: threads that make batches; None: one on a CPU, up to eight beside a GPU.
        image_memory_mib: memory for decoded images; None: a quarter of what is free, at most 4 GiB; 0: none.
    """

    device: str = "auto"
    threads: int | None = None
    workers: int | None = None
    image_memory_mib: int | None = None


DEFAULT_RESOURCES = Resources()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingRequest:
    """A run to be done.

    Attributes:
        spec: the recipe.
        data: sets to learn from, of equal classes.
        validation: sets to measure on; the first one decides what is best.
        out: the run's folder.
        is_resumed: continue the run that is there, if one is.
        is_rate_checked: try a range of learning rates first, and say if the recipe's is off.
        resources: what may be used.
        processes: who trains together.
    """

    spec: AnyTrainSpec
    data: tuple[Dataset, ...]
    validation: tuple[Dataset, ...]
    out: Path
    is_resumed: bool = False
    is_rate_checked: bool = False
    resources: Resources = DEFAULT_RESOURCES
    processes: Processes = ALONE


def fit(request: TrainingRequest, trackers: Sequence[Tracker], should_stop: Callable[[], bool]) -> RunManifest:
    """Trains a network from a recipe.

    Args:
        request: what to do.
        trackers: told every event, after the run's own files.
        should_stop: asked at each step; once it says so, the state is saved and the run ends as `stopped`.

    Raises:
        SpecError, DataError, TrainingError, ArtifactError: refused before the first step, or given up later; the run's
            manifest then says `failed`.
    """
    _use_threads(request)
    prepared = _prepare(request)
    keeper = prepared.keeper
    listeners: tuple[Tracker, ...] = (keeper, MetricsFile(keeper.files.metrics), *trackers)

    def emit(event: Event) -> None:
        # One process talks for all.
        for listener in listeners if request.processes.is_first else ():
            listener.record(event)

    loop = TrainingLoop(_loop_inputs(request, prepared, emit, should_stop), prepared.parts.network)
    if prepared.is_continued:
        loop.restore(read_state(keeper.files.last))
        loop.gaps.remember(read_metrics(keeper.files.metrics), loop.step)
    rate_check = loop.check_rate() if request.is_rate_checked and not prepared.is_continued else None
    settings = effective_settings(request.spec, loop.length, loop.stepper, request.processes.count)
    say_settings(request.spec, settings)
    keeper.manifest = keeper.manifest.model_copy(update={"effective": settings, "rate_check": rate_check})
    manifest = keeper.manifest
    started = TrainingStarted(
        run=request.out,
        spec=request.spec,
        classes=manifest.classes,
        machine=manifest.machine,
        first_step=loop.step,
        num_steps=manifest.num_steps,
        data=manifest.data,
        validation=manifest.validation,
    )
    try:
        emit(started)
        _show_first_batch(request, loop, keeper.files, emit)
        is_finished = loop.run()
    except BaseException as error:
        emit(TrainingEnded(status="failed", step=loop.step, message=f"{type(error).__name__}: {error}"))
        raise
    emit(_ending(loop, is_finished, manifest.num_steps))
    return keeper.manifest


def _show_first_batch(
    request: TrainingRequest, loop: TrainingLoop, files: RunFiles, emit: Callable[[Event], None]
) -> None:
    """Draws what the network is about to see, of a run that begins."""
    if request.processes.is_first and loop.step == 0 and isinstance(loop.source, BatchSource):
        write_image(files.first_batch, batch_picture(loop.source, loop.classes))
        emit(PicturesDrawn(step=0, paths=(files.first_batch,)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Prepared:
    parts: RunParts
    keeper: ManifestKeeper
    is_continued: bool


def _use_threads(request: TrainingRequest) -> None:
    """Sets how many threads compute; a resumed run keeps its number, without which its losses would differ."""
    before = _manifest_before(RunFiles(request.out), request.is_resumed)
    if request.resources.threads is not None:
        torch.set_num_threads(request.resources.threads)
    elif before is not None:
        torch.set_num_threads(before.machine.threads)
    elif "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, idle_cores() // request.processes.count))
    # One sample is too small to share out; OpenCV's own threads would only fight with torch's.
    cv2.setNumThreads(1)


def _prepare(request: TrainingRequest) -> _Prepared:
    """Reads labels, builds the network and checks that all fit together; nothing is written."""
    spec, files = request.spec, RunFiles(request.out)
    before = _manifest_before(files, request.is_resumed)
    is_continued = before is not None and files.last.exists()
    if isinstance(spec, PatchTrainSpec):
        if request.processes.count > 1:
            raise CallError("patch networks are trained by one process; leave --processes out")
        parts = prepare_patches(spec, request.data, request.validation)
    else:
        parts = _prepare_detector(spec, request, is_continued)
    manifest = RunManifest(
        status="running",
        spec=spec,
        classes=parts.classes,
        data=parts.data,
        validation=parts.validation_data,
        machine=find_machine(spec.precision, _device(request), parts.network),
        num_steps=parts.num_steps,
        versions=package_versions(),
    )
    if before is not None and is_continued:
        check_resume(before, manifest)
        manifest = manifest.evolve(best=before.best, cpu_seconds=before.cpu_seconds)
    return _Prepared(parts=parts, keeper=ManifestKeeper(files, manifest), is_continued=is_continued)


def _prepare_detector(spec: TrainSpec, request: TrainingRequest, is_continued: bool) -> RunParts:
    labels, left_out = filter_labels(read_labels(request.data, spec.min_visibility, _detail(spec)), spec.data)
    say_left_out(labels.sources, left_out)
    check_classes(spec, labels.classes, request.data[0].name)
    check_objects(labels)
    images = ImageStore(_image_memory(request.resources) // request.processes.count)
    validation = tuple(read_validation_set(data, images, spec.validation.min_visibility) for data in request.validation)
    check_validation(validation, labels.classes, spec)
    torch.manual_seed(spec.seed)
    network = build_detector(
        spec.detector, len(labels.classes), is_pretrained=not is_continued and spec.weights is None
    )
    if request.processes.rank:
        torch.manual_seed(spec.seed + request.processes.rank)  # what follows is drawn by each process for itself
    if spec.weights is not None and not is_continued:
        start_from(network, labels.classes, Path(spec.weights))
    steps = num_steps(spec, len(labels))
    length = RunLength(num_steps=steps, steps_per_epoch=len(labels) / (spec.batch_size * spec.accumulate))
    check_recipe(spec, network, length, any(mask is not None for mask in labels.masks))
    check_sources(spec, labels.sources)
    check_processes(spec, request.processes.count)
    facts = _source_facts(request.data, spec.min_visibility)
    source = BatchSource(
        labels=labels,
        images=images,
        augmentation=spec.augmentation,
        data=spec.data,
        input_hw=spec.input_hw,
        batch_size=spec.batch_size,
        num_batches=steps * spec.accumulate,
        seed=spec.seed,
        part=Part(request.processes.rank, request.processes.count),
    )
    return RunParts(
        network=network,
        classes=labels.classes,
        num_steps=steps,
        source=source,
        validation=validation,
        data=tuple(each.evolve(left_out=counts) for each, counts in zip(facts, left_out, strict=True)),
        validation_data=_source_facts(request.validation, spec.validation.min_visibility),
    )


def _detail(spec: TrainSpec) -> Detail:
    """What of the labels the recipe needs besides boxes."""
    augmentation = spec.augmentation
    return Detail(has_masks=augmentation.copy_paste is not None, has_hulls=not augmentation.is_affine_upright)


def _device(request: TrainingRequest) -> torch.device:
    """The device of this process; of several CUDA devices, the one of its number."""
    device = choose_device(request.resources.device)
    is_shared = device.type == "cuda" and request.processes.count > 1
    return torch.device("cuda", request.processes.local_rank) if is_shared else device


def _manifest_before(files: RunFiles, is_resumed: bool) -> RunManifest | None:
    if not files.manifest.exists():
        return None
    if not is_resumed:
        raise CallError(f"{files.folder} holds a run already. Continue it with --resume, or name another folder.")
    return read_manifest(files)


def _loop_inputs(
    request: TrainingRequest, prepared: _Prepared, emit: Callable[[Event], None], should_stop: Callable[[], bool]
) -> LoopInputs:
    parts, manifest = prepared.parts, prepared.keeper.manifest
    return LoopInputs(
        spec=request.spec,
        classes=parts.classes,
        num_steps=parts.num_steps,
        source=parts.source,
        validation=parts.validation,
        machine=manifest.machine,
        files=prepared.keeper.files,
        workers=_num_workers(request.resources, manifest.machine),
        emit=emit,
        should_stop=should_stop,
        processes=request.processes,
    )


def _num_workers(resources: Resources, machine: MachineFacts) -> int:
    if resources.workers is not None:
        return resources.workers
    return 1 if machine.device == "cpu" else max(1, min(8, (psutil.cpu_count() or 2) - 1))


def _image_memory(resources: Resources) -> int:
    if resources.image_memory_mib is not None:
        return resources.image_memory_mib << 20
    return min(LARGEST_IMAGE_MEMORY, psutil.virtual_memory().available // 4)


def _source_facts(datasets: Sequence[Dataset], min_visibility: float) -> tuple[SourceFacts, ...]:
    tables = [(data, read_labels([data], min_visibility)) for data in datasets]
    return tuple(
        SourceFacts(
            name=data.name,
            root=str(data.root),
            num_images=len(table),
            num_objects=sum(table.objects_per_class().values()),
            fingerprint=table.fingerprint(),
        )
        for data, table in tables
    )


def package_versions() -> dict[str, str]:
    """Returns the versions of the packages that a run depends on, as far as they are installed."""
    found: dict[str, str] = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _ending(loop: TrainingLoop, is_finished: bool, steps: int) -> TrainingEnded:
    if not is_finished:
        return TrainingEnded(
            status="stopped", step=loop.step, message=f"told to stop after {loop.step} of {steps} steps"
        )
    if loop.step < steps:
        return TrainingEnded(
            status="finished",
            step=loop.step,
            message=f"stopped early after {loop.step} of {steps} steps: no better validation since step "
            f"{loop.progress.best_step}",
        )
    return TrainingEnded(status="finished", step=loop.step, message=f"all {steps} steps done")
