"""From a kind and a few settings, as the command line gives them, to a format that reads or writes."""

from collections.abc import Sequence

from meshsight.core.errors import CallError
from meshsight.datasets.format import FORMAT_KINDS, Writer
from meshsight.datasets.opening import OWN
from meshsight.specs.base import VariantSpec, parse_spec
from meshsight.specs.recipe import apply_overrides


def format_spec(kind: str, overrides: Sequence[str] = ()) -> VariantSpec:
    """Returns the spec of a format.

    Args:
        kind: its name.
        overrides: `field=value`.

    Raises:
        CallError: there is no such kind.
        SpecError: it has no such field, or a value does not fit.
    """
    spec_type: type[VariantSpec] = FORMAT_KINDS.module(kind).Spec
    return parse_spec(spec_type, apply_overrides({"kind": kind}, overrides), f"format '{kind}'")


def writer_of(spec: VariantSpec) -> Writer:
    """Returns the writer of a format.

    Raises:
        CallError: the format can only be read.
        MissingExtraError: its library is not installed.
    """
    writer = FORMAT_KINDS.builder(spec.kind)(spec)
    if not isinstance(writer, Writer):
        raise CallError(f"the format '{spec.kind}' can be read, not written; `meshsight list formats` shows which can")
    return writer


def kind_to_write(source_kind: str) -> str:
    """Returns the kind that a data set is written back as: its own where that can be written, else our folder."""
    builder = FORMAT_KINDS.builder(source_kind)
    return source_kind if isinstance(builder(FORMAT_KINDS.module(source_kind).Spec()), Writer) else OWN
