"""Step 9 of the walk: a trained detector becomes an artifact, proven equal to the network that it was made from."""

import platform
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from meshsight.core.errors import StorageError
from meshsight.core.files import sha256_of_file
from meshsight.core.images import RgbImage
from meshsight.exporting.graph import decoding_network
from meshsight.exporting.kinds import EXPORTER_KINDS
from meshsight.exporting.parity import prove_parity
from meshsight.records.artifact import ArtifactManifest, Fingerprints, InputSignature, write_manifest
from meshsight.specs.base import VariantSpec
from meshsight.training.predictor import TorchDetector

PACKAGES = ("meshsight", "torch", "onnx", "onnxscript", "onnxruntime")


def export_detector(
    spec: VariantSpec, detector: TorchDetector, frames: Sequence[RgbImage], fingerprints: Fingerprints, out: Path
) -> ArtifactManifest:
    """Writes an artifact, after proving that it equals the trained network.

    Args:
        spec: of a kind in `EXPORTER_KINDS`.
        detector: what was trained.
        frames: real images to compare on.
        fingerprints: where the detector comes from.
        out: folder of the artifact; an artifact that is there is replaced, and stays if this fails.

    Raises:
        ArtifactError: the network cannot be exported, or the graph differs from it.
        MissingExtraError: the format's library is not installed.
        StorageError: the folder cannot be written.
    """
    build, file_name = EXPORTER_KINDS.builder(spec.kind), EXPORTER_KINDS.module(spec.kind).FILE
    network = decoding_network(detector)
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".export-", dir=out) as staging:
            staged = Path(staging) / file_name
            parity = prove_parity(network, build(spec, network, staged), frames)
            staged.replace(out / file_name)
    except OSError as error:
        raise StorageError(
            f"{out}: cannot hold an artifact: {error.strerror or error}. Name another folder."
        ) from error
    manifest = ArtifactManifest(
        kind=spec.kind,
        model=file_name,
        model_sha256=sha256_of_file(out / file_name),
        classes=detector.classes,
        input=InputSignature(size_hw=detector.input_hw),
        decode=detector.network.decode_spec,
        parity=parity,
        fingerprints=fingerprints,
        made_with={"python": platform.python_version()} | {name: metadata.version(name) for name in PACKAGES},
    )
    write_manifest(out, manifest)
    return manifest
