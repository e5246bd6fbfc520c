"""Renaming a network's tensors by rules: the start of a foreign name, and what stands there with us."""

import re
from collections.abc import Iterable, Mapping, Sequence

import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError

Rule = tuple[str, str]
"""A regular expression that a name begins with, and what takes its place (`\\1` for its groups)."""

State = Mapping[str, Tensor]


def conv_norm(old: str, new: str) -> list[Rule]:
    """Returns the rules of a convolution with its norm, which are called `conv` and `bn` there, 0 and 1 here."""
    return [(rf"{old}\.conv\.", f"{new}.0."), (rf"{old}\.bn\.", f"{new}.1.")]


def under(old: str, new: str, rules: Iterable[Rule]) -> list[Rule]:
    """Returns the rules of a part for a whole network, in which it has a name; with us it may have none."""
    prefix = f"{new}." if new else ""
    return [(rf"{old}\.{pattern}", f"{prefix}{start}") for pattern, start in rules]


def rename_all(state: State, rules: Sequence[Rule]) -> dict[str, Tensor]:
    """Returns every tensor under our name.

    Raises:
        ArtifactError: a name that no rule knows, or two tensors of one name that are not equal.
    """
    renamed: dict[str, Tensor] = {}
    unknown: list[str] = []
    for name, tensor in state.items():
        ours = rename(name, rules)
        if ours is None:
            unknown.append(name)
        elif ours not in renamed:
            renamed[ours] = tensor
        elif not _equal(renamed[ours], tensor):
            raise ArtifactError(f"{name}: expected what the tensors shared with it hold, found other values")
    if unknown:
        raise ArtifactError(
            f"{len(unknown)} tensors have no place in this model here (first: {unknown[0]}); it is a variant that "
            "meshsight does not have"
        )
    return renamed


def rename(name: str, rules: Sequence[Rule]) -> str | None:
    """Returns our name by the first rule that fits, or None."""
    for pattern, start in rules:
        match = re.match(pattern, name)
        if match is not None:
            return match.expand(start) + name[match.end() :]
    return None


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and (one.is_meta or torch.equal(one, other))
