"""Step 9 of the walk: what an exported detector says about itself.

An artifact is a folder with a graph and `manifest.json`. The manifest tells a stranger how to feed the graph and what
comes out, so that no code of ours is needed to run it.
"""

import json
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import Field

from meshsight.core.errors import ArtifactError, SpecError
from meshsight.core.files import write_json
from meshsight.specs.base import Spec, parse_spec
from meshsight.specs.decoding import DecodeSpec

MANIFEST = "manifest.json"
FORMAT = "meshsight-artifact"
VERSION = 1
HOW_TO_EXPORT = "`meshsight export RUN --to onnx --out DIR` makes one."


class InputSignature(Spec):
    """The graph's input."""

    name: str = "images"
    """Name of the tensor."""
    dtype: Literal["uint8"] = "uint8"
    """RGB in 0..255; the graph normalises by itself."""
    layout: Literal["b3hw"] = "b3hw"
    """Images, channels, rows, columns; any number of images."""
    size_hw: tuple[int, int]
    """Height and width of the input."""


class Preprocessing(Spec):
    """How an image of any size becomes the input; boxes are mapped back the same way."""

    resize: Literal["letterbox"] = "letterbox"
    """Scaled to fit with its aspect kept, up or down."""
    anchor: Literal["top_left"] = "top_left"
    """Where the scaled image lies in the input."""
    pad_value: Literal[114] = 114
    """What fills the rest, in all three channels."""
    shrink_by: Literal["area"] = "area"
    """Interpolation when the image becomes smaller."""
    grow_by: Literal["bilinear"] = "bilinear"
    """Interpolation when it becomes larger."""


class OutputSignature(Spec):
    """The graph's outputs: k candidates an image before suppression."""

    boxes: str = "boxes"
    """(b, k, 4) float32: xyxy in pixels of the input."""
    scores: str = "scores"
    """(b, k) float32 in 0..1; 0 fills up."""
    class_ids: str = "class_ids"
    """(b, k) int64 from 0."""


class Parity(Spec):
    """How far the graph's candidates lie from the trained network's, over both directions of matching."""

    num_frames: int = Field(ge=1)
    """Real images compared, besides one of noise."""
    num_candidates: int = Field(ge=0)
    """Candidates compared, of either side; near ties at the cut after the best k are left out."""
    max_box_px: float = Field(ge=0)
    """Largest difference of a coordinate, in pixels of the input."""
    max_score: float = Field(ge=0)
    """Largest difference of a score."""


class Fingerprints(Spec):
    """Where the artifact comes from, by content."""

    recipe: str
    """Of the training recipe."""
    weights: str
    """SHA-256 of the run's weights."""
    data: tuple[str | None, ...] = ()
    """Of the training data sets; none for a foreign folder."""


class ArtifactManifest(Spec):
    """Everything needed to run an exported detector, and to trust it."""

    format: Literal["meshsight-artifact"] = FORMAT
    version: Literal[1] = VERSION
    kind: str
    """The export format, which is also the runtime backend."""
    model: str = Field("model.onnx", pattern=r"^[\w\-][\w.\-]*$")
    """File name of the graph beside the manifest."""
    model_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Checksum of the graph."""
    classes: tuple[str, ...] = Field(min_length=1)
    """Names by class id."""
    input: InputSignature
    preprocessing: Preprocessing = Preprocessing()
    outputs: OutputSignature = OutputSignature()
    decode: DecodeSpec
    """Thresholds from candidates to detections."""
    parity: Parity
    fingerprints: Fingerprints
    made_with: dict[str, str]
    """Versions of the packages that made it."""


def write_manifest(folder: Path, manifest: ArtifactManifest) -> None:
    """Writes `manifest.json`; last, so that a folder with a manifest is whole."""
    write_json(folder / MANIFEST, manifest.model_dump(mode="json"))


def read_manifest(folder: Path) -> ArtifactManifest:
    """Reads and checks an artifact's manifest.

    Raises:
        ArtifactError: there is none, it is of something else or newer than this program, or it is damaged.
    """
    path = folder / MANIFEST
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ArtifactError(f"{folder}: no artifact, for it holds no {MANIFEST}. {HOW_TO_EXPORT}") from error
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: cannot be read as JSON ({error}). {HOW_TO_EXPORT}") from error
    fields = cast(dict[str, Any], data) if isinstance(data, dict) else {}
    if fields.get("format") != FORMAT:
        raise ArtifactError(f"{path}: the manifest of something else, not of an exported detector. {HOW_TO_EXPORT}")
    _check_version(fields.get("version"), path)
    try:
        return parse_spec(ArtifactManifest, fields, str(path))
    except SpecError as error:
        raise ArtifactError(f"{error}. The manifest was changed or damaged. {HOW_TO_EXPORT}") from error


def _check_version(version: object, path: Path) -> None:
    if isinstance(version, int) and version > VERSION:
        raise ArtifactError(
            f"{path}: artifact of version {version}, made by a newer meshsight; this one reads up to {VERSION}. "
            "Upgrade meshsight: pip install --upgrade meshsight"
        )
