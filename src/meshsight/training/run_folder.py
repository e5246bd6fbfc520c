"""The folder of a run: what was asked for, on what data and machine, how far it got, and its weights.

run.json                     the manifest: recipe, classes, data, machine, status, best
weights.safetensors          the best weights (the moving average), or the newest without validation
metrics.jsonl                one line for each event of the run
run.log                      what was said meanwhile
run.html                     curves and settings, to be looked at
first_batch.jpg              the first images that the network saw, with their targets
checkpoints/last.pt          the state that a killed run resumes from
checkpoints/step_*.safetensors   weights kept on wish
"""

from pathlib import Path
from typing import Any, Literal, NamedTuple

from pydantic import Field, ValidationError

from meshsight.core.errors import ArtifactError
from meshsight.core.files import write_json
from meshsight.specs.base import Spec
from meshsight.specs.learning import TaggedTrainSpec
from meshsight.training.effective import EffectiveSettings
from meshsight.training.filtering import LeftOut
from meshsight.training.precision import MachineFacts
from meshsight.training.rate_check import RateCheck

VERSION = 1


class RunFiles(NamedTuple):
    """The files of a run."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """The manifest, which makes a folder a run."""
        return self.folder / "run.json"

    @property
    def weights(self) -> Path:
        """The best weights so far; without validation, the newest."""
        return self.folder / "weights.safetensors"

    @property
    def metrics(self) -> Path:
        """One line for each event."""
        return self.folder / "metrics.jsonl"

    @property
    def first_batch(self) -> Path:
        """A picture of the first images that the network saw, with their targets."""
        return self.folder / "first_batch.jpg"

    @property
    def page(self) -> Path:
        """The run's curves and settings, to be looked at."""
        return self.folder / "run.html"

    @property
    def log(self) -> Path:
        """What was said meanwhile."""
        return self.folder / "run.log"

    @property
    def last(self) -> Path:
        """The state to resume from."""
        return self.folder / "checkpoints" / "last.pt"

    def kept(self, step: int) -> Path:
        """The weights after one step, kept on wish."""
        return self.folder / "checkpoints" / f"step_{step:08d}.safetensors"


class SourceFacts(Spec):
    """One data set as the run saw it."""

    name: str
    root: str
    num_images: int
    num_objects: int
    """Objects to be found; ignore regions are not counted."""
    fingerprint: str
    """Names its images and labels."""
    left_out: LeftOut | None = None
    """What of it is not learnt from, by cause; none of a validation set."""


class BestFacts(Spec):
    """The validation whose weights were kept."""

    metric: str
    value: float
    step: int
    data: str
    """Name of the validation set."""
    ap: float | None = None
    ap50: float | None = None
    ap75: float | None = None
    figures: dict[str, float | None] = Field(default_factory=dict)
    """Of a patch network; `threshold` is the decision threshold that it is used with."""


class RunManifest(Spec):
    """What is true about a run."""

    version: Literal[1] = VERSION
    status: Literal["running", "finished", "failed", "stopped"]
    message: str = ""
    spec: TaggedTrainSpec
    classes: tuple[str, ...]
    data: tuple[SourceFacts, ...]
    validation: tuple[SourceFacts, ...]
    machine: MachineFacts
    versions: dict[str, str]
    num_steps: int
    effective: EffectiveSettings | None = None
    """What the recipe's rules come to; none in runs of older versions and imported weights."""
    rate_check: RateCheck | None = None
    """What a short test of learning rates found, if one was asked for."""
    step: int = 0
    best: BestFacts | None = None
    gaps: dict[str, float] = Field(default_factory=dict)
    """How much lower than the first validation set's each other's value was when last measured."""
    cpu_seconds: float = 0.0
    """Processor time of all processes that worked on the run."""
    data_wait_share: float | None = None
    """Share of the loop's time spent waiting for data, in the last process."""


def write_manifest(files: RunFiles, manifest: RunManifest) -> None:
    """Writes the manifest, atomically."""
    write_json(files.manifest, manifest.model_dump(mode="json"))


def read_manifest(files: RunFiles) -> RunManifest:
    """Reads the manifest of a run.

    Raises:
        ArtifactError: the folder is no run, or one of another version.
    """
    try:
        text = files.manifest.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArtifactError(f"{files.folder}: no run here ({files.manifest.name} cannot be read)") from error
    try:
        return RunManifest.model_validate_json(text)
    except ValidationError as error:
        raise ArtifactError(f"{files.manifest}: not the manifest of a run: {_first_problem(error)}") from error


def _first_problem(error: ValidationError) -> str:
    problem: Any = error.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc']) or 'file'}: {problem['msg']}"
