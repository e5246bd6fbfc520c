"""What a run is put together from, made ready by the kind of recipe that it has."""

from dataclasses import dataclass

from meshsight.models.learner import Learner
from meshsight.training.held_out import HeldOut, Source
from meshsight.training.run_folder import SourceFacts


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunParts:
    """Network and data of a run, checked against each other.

    Attributes:
        network: as it starts.
        classes: their names, which the weights carry.
        num_steps: length of the run.
        source: batches.
        validation: sets to measure on.
        data: what the run learns from.
        validation_data: what it is measured on.
    """

    network: Learner
    classes: tuple[str, ...]
    num_steps: int
    source: Source
    validation: tuple[HeldOut, ...]
    data: tuple[SourceFacts, ...]
    validation_data: tuple[SourceFacts, ...]
