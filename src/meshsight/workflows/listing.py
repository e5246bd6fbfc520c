"""`list`: every kind that can be named in a recipe or on the command line, and what it needs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType

from meshsight.core.errors import CallError, MissingExtraError
from meshsight.core.kinds import Kinds, did_you_mean
from meshsight.datasets.format import FORMAT_KINDS, Reader, Writer
from meshsight.exporting.kinds import EXPORTER_KINDS, PATCH_EXPORTER_KINDS
from meshsight.models.kinds import BACKBONE_KINDS, DETECTOR_KINDS, HEAD_KINDS, NECK_KINDS, PATCH_KINDS, QUERY_KINDS
from meshsight.specs.base import Slot
from meshsight.specs.scene import RENDERER_KINDS
from meshsight.workflows.extras import missing_packages
from meshsight.workflows.init import PRESET_KINDS, variants_of

_KINDS: dict[str, tuple[Kinds, ...]] = {
    "models": (DETECTOR_KINDS, BACKBONE_KINDS, NECK_KINDS, HEAD_KINDS, QUERY_KINDS, PATCH_KINDS),
    "renderers": (RENDERER_KINDS,),
    "formats": (FORMAT_KINDS, EXPORTER_KINDS, PATCH_EXPORTER_KINDS),
    "presets": (PRESET_KINDS,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindEntry:
    """One kind.

    Attributes:
        noun: what it is one of, such as "backbone".
        kind: its name.
        summary: the first sentence of its documentation.
        extra: the optional extra that its build needs, or None.
        missing: packages of that extra that are not installed; empty when it can be used here.
        can: "read" and "write", of a data set format whose library is installed; else empty.
        goes_with: the parts that a detector is put together from, or the necks that a head can read; else empty.
    """

    noun: str
    kind: str
    summary: str
    extra: str | None
    missing: tuple[str, ...]
    can: tuple[str, ...] = ()
    goes_with: tuple[str, ...] = ()


def list_kinds(topic: str) -> tuple[KindEntry, ...]:
    """Returns every kind of a topic; nothing heavy is imported.

    Args:
        topic: models, renderers, formats or presets.

    Raises:
        CallError: there is no such topic.
    """
    if topic not in _KINDS:
        hint = did_you_mean(topic, _KINDS) or f"; there are: {', '.join(_KINDS)}"
        raise CallError(f"nothing to list under '{topic}'{hint}")
    entries = (_entry(kinds, name) for kinds in _KINDS[topic] for name in kinds.names)
    if topic != "presets":
        return tuple(entries)
    return tuple(one for entry in entries for one in (entry, *_variants(entry)))


def _variants(preset: KindEntry) -> Iterator[KindEntry]:
    for name, about in variants_of(preset.kind).items():
        yield replace(preset, noun="variant", kind=f"{preset.kind}/{name}", summary=about)


def _entry(kinds: Kinds, name: str) -> KindEntry:
    module = kinds.module(name)
    extra: str | None = getattr(module, "EXTRA", kinds.extra)
    return KindEntry(
        noun=kinds.noun,
        kind=name,
        summary=_summary(module.__doc__ or ""),
        extra=extra,
        missing=() if extra is None else missing_packages(extra),
        can=_roles(name) if kinds is FORMAT_KINDS else (),
        goes_with=_partners(module) if kinds in (DETECTOR_KINDS, HEAD_KINDS) else (),
    )


def _partners(module: ModuleType) -> tuple[str, ...]:
    """Returns what a head says that it goes with, or the parts that a detector's recipe names."""
    fields = module.Spec.model_fields
    parts = tuple(name for name, field in fields.items() if any(isinstance(mark, Slot) for mark in field.metadata))
    return getattr(module, "GOES_WITH", parts)


def _roles(kind: str) -> tuple[str, ...]:
    """Returns what a data set format can do, as far as its library is here to tell."""
    try:
        made = FORMAT_KINDS.builder(kind)(FORMAT_KINDS.module(kind).Spec())
    except MissingExtraError:
        return ()
    return tuple(word for word, role in (("read", Reader), ("write", Writer)) if isinstance(made, role))


def _summary(docstring: str) -> str:
    """Returns the first line, without the place in the walk that files of ours name."""
    first = docstring.strip().partition("\n")[0]
    return re.sub(r"; steps? [\d and,]+ of the walk", "", first)
