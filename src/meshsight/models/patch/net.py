"""The interface of every patch network, which training, evaluation and export rely on.

A network is a small tree: each branch is a plain sequence of layers that starts from the input or from another branch.
That is all that `forward` and the C generator need to know.

Shapes: b patches, c channels of the image, h and w the input.
"""

from abc import ABC, abstractmethod
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from meshsight.models.patch.entry import Entry
from meshsight.models.patch.losses import penalty
from meshsight.models.patch.spec import PatchSpec
from meshsight.models.patch.targets import PatchAnswers, PatchTargets

INPUT = "input"
"""The source of branches that start from the patch itself."""


class PatchNet(nn.Module, ABC):
    """A network for one patch. `forward` returns the same NamedTuple of raw outputs in training and evaluation.

    Attributes:
        spec: what it was built from.
        entry: what is done to the patch first.
        branches: the sequences of layers in order; those that carry the name of a raw output make it.
        sources: of each branch, the branch that it starts from.
        outputs: the NamedTuple of raw outputs; fields are `class_logits`, `circles` and `early_logits`.
    """

    outputs: type[Any]

    def __init__(self, spec: PatchSpec):
        super().__init__()
        self.spec = spec
        self.entry = Entry(spec)
        self.branches = nn.ModuleDict()
        self.sources: dict[str, str] = {}

    def grow(self, name: str, source: str, layers: nn.Sequential) -> None:
        """Adds a branch."""
        self.branches[name] = layers
        self.sources[name] = source

    def forward(self, patches: Float[Tensor, "b c h w"], places: Float[Tensor, "b 4"] | None = None) -> Any:
        """Maps patches to raw outputs.

        Args:
            patches: in 0..255, channels as in training.
            places: corners (x1, y1, x2, y2) of each patch as shares of the camera's image, for a network with a
                position channel.
        """
        features = {INPUT: self.entry(patches, places)}
        for name, branch in self.branches.items():
            features[name] = branch(features[self.sources[name]])
        return self.outputs(*(features[name] for name in self.outputs._fields))

    def loss(self, raw: Any, targets: PatchTargets) -> dict[str, Float[Tensor, ""]]:
        """Returns the weighted loss terms of a batch by name; the total is their sum."""
        terms = self.task_losses(raw, targets)
        if self.spec.penalty is None:
            return terms
        hidden = [branch for name, branch in self.branches.items() if name not in self.outputs._fields]
        layers = [layer for branch in hidden for layer in branch.children() if isinstance(layer, nn.Conv2d | nn.Linear)]
        return terms | {"penalty": penalty(layers[1:], self.spec.penalty)}

    @abstractmethod
    def task_losses(self, raw: Any, targets: PatchTargets) -> dict[str, Float[Tensor, ""]]:
        """Returns the terms that compare outputs with the truth."""

    @abstractmethod
    def decode(self, raw: Any) -> PatchAnswers:
        """Turns raw outputs into scores and circles in pixels; exportable, with a dynamic batch."""

    @property
    def num_parameters(self) -> int:
        """Numbers that the network is made of, counted as Keras does: the norms' running statistics are among them."""
        statistics = [part for name, part in self.named_buffers() if name.endswith(("running_mean", "running_var"))]
        return sum(part.numel() for part in [*self.parameters(), *statistics])
