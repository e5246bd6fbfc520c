"""`export`: a trained run becomes an artifact that needs no torch, proven equal to it on real frames."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from meshsight.core.errors import CallError, DataError
from meshsight.core.files import sha256_of_file
from meshsight.core.images import RgbImage, read_image
from meshsight.exporting.export import export_detector
from meshsight.exporting.kinds import EXPORTER_KINDS
from meshsight.records.artifact import ArtifactManifest, Fingerprints
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec, fingerprint
from meshsight.training.run import load_detector
from meshsight.training.run_folder import RunFiles, RunManifest, read_manifest
from meshsight.workflows.sources import open_source

NUM_FRAMES = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """A finished artifact."""

    artifact: Path
    manifest: ArtifactManifest


def export(
    run: Path, *, out: Path, to: str | VariantSpec = "onnx", data: str | Path | Dataset | None = None
) -> ExportResult:
    """Exports the best weights of a run.

    Args:
        run: the run's folder.
        out: folder of the artifact.
        to: the export format: its kind, or its spec.
        data: data set whose images the artifact is compared on; None takes the run's own validation set, or else its
            training set.

    Raises:
        ArtifactError: the folder is no run, or the artifact would differ from it.
        CallError: `out` is no folder, there is no such format, or the run's data sets are gone and none is given.
        MissingExtraError: the format's library is not installed.
        StorageError: the folder cannot be written.
    """
    spec = EXPORTER_KINDS.module(to).Spec() if isinstance(to, str) else to
    if out.suffix in (".onnx", ".json") or out.is_file():
        raise CallError(f"--out {out}: an artifact is a folder with a graph and its manifest; try --out {out.stem}")
    files = RunFiles(run)
    manifest = read_manifest(files)
    if manifest.status != "finished":
        log.warning("%s: the run is %s; exporting its best weights so far", run, manifest.status)
    frames = list(islice(_spread_frames(_frames_source(manifest, data)), NUM_FRAMES))
    log.info("writing %s and comparing it with the run on %d frames", spec.kind, len(frames))
    fingerprints = Fingerprints(
        recipe=fingerprint(manifest.spec),
        weights=sha256_of_file(files.weights),
        data=tuple(source.fingerprint for source in manifest.data),
    )
    artifact = export_detector(spec, load_detector(run, "cpu"), frames, fingerprints, out)
    return ExportResult(artifact=out, manifest=artifact)


def _frames_source(manifest: RunManifest, data: str | Path | Dataset | None) -> Dataset:
    """Opens what the caller names, or the first data set of the run that is still there."""
    if data is not None:
        return open_source(data)
    for source in (*manifest.validation, *manifest.data):
        try:
            return open_source(Path(source.root))
        except DataError as error:
            log.debug("%s", error)
    raise CallError("none of the run's data sets can be opened any more; name one to compare on: --data DIR")


def _spread_frames(dataset: Dataset) -> Iterator[RgbImage]:
    """Yields images spread evenly over a data set."""
    step = max(1, dataset.num_samples // NUM_FRAMES)
    for sample in islice(dataset.samples(), 0, None, step):
        yield read_image(dataset.root / sample.image)
