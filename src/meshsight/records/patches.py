"""What a patch network says of patches, and what its exported form says of itself.

Shapes: n patches of height h, width w and c channels.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, cast, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from meshsight.core.errors import ArtifactError, SpecError
from meshsight.core.files import write_json
from meshsight.records.artifact import Fingerprints
from meshsight.specs.base import Spec, parse_spec

PATCH_MANIFEST = "patch_manifest.json"

Pixels = UInt8[np.ndarray, "n h w c"]
Places = Float32[np.ndarray, "n 4"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PatchGuesses:
    """What a network says of each patch.

    Attributes:
        scores: how sure it is of a ball, 0..1; None from one that only locates.
        circles: radius, centre x and y in pixels of the patch; None from one that only classifies.
    """

    scores: Float32[np.ndarray, " n"] | None
    circles: Float32[np.ndarray, "n 3"] | None


class PatchSignature(Spec):
    """How a patch network is fed and used."""

    input_hw: tuple[int, int]
    """Height and width of a patch."""
    channels: int
    """1 for luminance, 2 for Y and UV, 3 for RGB; bytes in 0..255."""
    has_position: bool
    """Whether it is also told where each patch was cut: x1, y1, x2, y2 as shares of the camera's image."""
    outputs: tuple[Literal["scores", "circles"], ...]
    """What it says: `scores` (n) in 0..1, `circles` (n, 3) of radius, centre x and y in pixels of the patch."""
    ball: str
    """The class that the score is of."""
    threshold: float | None
    """From this score on a patch counts as a ball; None where it was not chosen on a validation set."""


class PatchParity(Spec):
    """How far the exported network is from the trained one."""

    num_patches: int
    max_score: float | None
    """Largest difference of a score."""
    max_circle_px: float | None
    """Largest difference of a radius or coordinate, in pixels of the patch."""


class PatchFlavour(Spec):
    """One file of an artifact that holds the network in several precisions."""

    file: str
    """Its name, beside the manifest."""
    sha256: str
    size_bytes: int
    input: Literal["float32", "int8"]
    """What it takes: bytes of a patch as floats in 0..255, rows by columns by channels; or those quantised."""
    input_scale: float
    """Of an int8 input: value = scale * (number - zero)."""
    input_zero: int
    float_operations: tuple[str, ...]
    """Operations that are computed in float32, of a network whose weights are whole numbers."""
    parity: PatchParity
    """To the trained network."""
    figures: dict[str, float | None]
    """On the data that was compared on."""


class PatchArtifact(Spec):
    """Everything needed to run an exported patch network."""

    format: Literal["meshsight-patch-artifact"] = "meshsight-patch-artifact"
    version: Literal[1] = 1
    kind: str
    """The export format."""
    model: str
    """File name of the graph, or of the C header, beside the manifest."""
    model_sha256: str
    signature: PatchSignature
    parity: PatchParity | None
    """To the trained network; None where it was not compared."""
    parity_to_onnxruntime: PatchParity | None = None
    """Of C code: to onnxruntime with the same network, on the same patches."""
    not_compared: str | None = None
    """Why it was not compared; a null parity has a reason."""
    figures_before: dict[str, float | None] = {}  # noqa: RUF012 - pydantic copies it
    """Of the trained network on the data that was compared on."""
    figures_after: dict[str, float | None] = {}  # noqa: RUF012
    """Of the exported network on the same; empty where it was not run."""
    flavours: dict[str, PatchFlavour] = {}  # noqa: RUF012
    """Further precisions of the network, by name."""
    fingerprints: Fingerprints
    made_with: dict[str, str]
    """Versions of the packages, and of the C compiler, that took part."""


@runtime_checkable
class PatchModel(Protocol):
    """A patch network, trained or exported, ready to look."""

    @property
    def signature(self) -> PatchSignature:
        """How it is fed and used."""
        ...

    def look(self, pixels: Pixels, places: Places | None) -> PatchGuesses:
        """Looks at patches; places are needed where the signature says so."""
        ...


def write_patch_manifest(folder: Path, manifest: PatchArtifact) -> None:
    """Writes the manifest; last, so that a folder with one is whole."""
    write_json(folder / PATCH_MANIFEST, manifest.model_dump(mode="json"))


def read_patch_manifest(folder: Path) -> PatchArtifact:
    """Reads an exported patch network's manifest.

    Raises:
        ArtifactError: there is none, or it is damaged.
    """
    path = folder / PATCH_MANIFEST
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path}: cannot be read as JSON ({error}). Export the run again.") from error
    try:
        return parse_spec(PatchArtifact, cast("dict[str, Any]", data), str(path))
    except SpecError as error:
        raise ArtifactError(f"{error}. The manifest was changed or damaged; export the run again.") from error
