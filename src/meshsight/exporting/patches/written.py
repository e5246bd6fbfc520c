"""What an export format leaves behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from meshsight.records.patches import PatchFlavour, PatchGuesses


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Written:
    """A patch network in its new form, and what it says of the patches when it is run.

    Attributes:
        file: of the network, or of its first flavour.
        found: what it says; None where it cannot be run here.
        not_compared: why it was not run.
        by_onnxruntime: what onnxruntime says, of a form that onnxruntime does not run.
        is_rounded: whether it may differ from the network; the manifest then says how much.
        flavours: further files of other precision, by name.
        made_with: what else made it.
    """

    file: Path
    found: PatchGuesses | None
    not_compared: str | None = None
    by_onnxruntime: PatchGuesses | None = None
    is_rounded: bool = False
    flavours: Mapping[str, PatchFlavour] = field(default_factory=dict[str, PatchFlavour])
    made_with: Mapping[str, str] = field(default_factory=dict[str, str])
