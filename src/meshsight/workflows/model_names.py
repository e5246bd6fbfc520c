"""A detector in a few words: its kind, and its parts with whatever differs from their defaults."""

from collections.abc import Iterator

from torch import nn

from meshsight.specs.base import VariantSpec


def name_parts(spec: VariantSpec) -> str:
    """Returns, say, "dense: resnet (depth 50) + fpn + retina"."""
    parts = [_name(part) for part in _variants(spec)]
    return f"{spec.kind}: {' + '.join(parts)}" if parts else spec.kind


def num_parameters(network: nn.Module) -> int:
    """Returns how many numbers a network has learnt."""
    return sum(parameter.numel() for parameter in network.parameters())


def _variants(spec: VariantSpec) -> Iterator[VariantSpec]:
    for name in type(spec).model_fields:
        value = getattr(spec, name)
        if isinstance(value, VariantSpec):
            yield value


def _name(part: VariantSpec) -> str:
    """Returns a part's kind with the plain settings that are not its defaults."""
    told = [
        f"{name} {value}"
        for name, value in part.model_dump(exclude_defaults=True).items()
        if name != "kind" and isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    return f"{part.kind} ({', '.join(told)})" if told else part.kind
