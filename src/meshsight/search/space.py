"""The parameters of a sweep as sets of values, and the settings that a choice of them stands for."""

import math

from meshsight.search.history import Json, Params
from meshsight.specs.sweep import BundlesSpec, ParameterSpec, RangeSpec, SweepSpec


def choices_of(parameter: ParameterSpec) -> list[Json] | None:
    """Returns all values of a parameter, of bundles their names; None where they cannot be counted."""
    if isinstance(parameter, BundlesSpec):
        return list(parameter.bundles)
    if not isinstance(parameter, RangeSpec):
        return parameter
    step = parameter.step or (1 if parameter.is_integer and not parameter.log else None)
    if step is None:
        return None
    count = math.floor((parameter.high - parameter.low) / step + 1e-9) + 1
    return [parameter.low + index * step for index in range(count)]


def settings_of(spec: SweepSpec, params: Params, recipe: str) -> dict[str, Json]:
    """Returns what a choice of values sets in one of the recipes, by path within it."""
    settings: dict[str, Json] = {}
    for name, value in params.items():
        parameter = spec.parameters[name]
        settings |= parameter.bundles[str(value)] if isinstance(parameter, BundlesSpec) else {name: value}
    parts = ((path.partition("."), value) for path, value in settings.items())
    return {rest: value for (first, _, rest), value in parts if first == recipe}
