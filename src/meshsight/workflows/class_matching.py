"""The classes of a detector and of a data set, matched by name."""

import logging
from dataclasses import dataclass

from meshsight.core.errors import DataError
from meshsight.core.kinds import did_you_mean

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMatch:
    """How the classes of a data set fit a detector's.

    Attributes:
        shared: names that both have, in the detector's order.
        unknown: classes of the data set that the detector cannot find; their objects are left out.
        unlabelled: classes of the detector that the data set has no labels for; detections of them are left out.
    """

    shared: tuple[str, ...]
    unknown: tuple[str, ...]
    unlabelled: tuple[str, ...]


def match_classes(detector: tuple[str, ...], dataset: tuple[str, ...], name: str) -> ClassMatch:
    """Matches by exact name, and warns of what only one side has.

    Args:
        detector: the detector's names by class id.
        dataset: the data set's names by class id.
        name: of the data set, for messages.

    Raises:
        DataError: no class is shared, or two that are left over differ only in case, plural or punctuation.
    """
    match = ClassMatch(
        shared=tuple(c for c in detector if c in dataset),
        unknown=tuple(c for c in dataset if c not in detector),
        unlabelled=tuple(c for c in detector if c not in dataset),
    )
    by_spelling = {_spelling(c): c for c in match.unlabelled}
    for c in match.unknown:
        if _spelling(c) in by_spelling:
            _refuse(f"class '{c}'; did you mean '{by_spelling[_spelling(c)]}'?", detector, dataset, name)
    if not match.shared:
        hints = "".join(did_you_mean(c, detector) for c in match.unknown[:1])
        _refuse(f"no class in common{hints or '.'}", detector, dataset, name)
    if match.unknown:
        log.warning("%s: left out, for the detector does not know them: %s", name, ", ".join(match.unknown))
    if match.unlabelled:
        log.warning("%s: not measured, for the data set does not have them: %s", name, ", ".join(match.unlabelled))
    return match


def _spelling(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum()).removesuffix("s")


def _refuse(problem: str, detector: tuple[str, ...], dataset: tuple[str, ...], name: str) -> None:
    raise DataError(
        f"{name}: {problem} The detector finds: {', '.join(detector)}. The data set has: {', '.join(dataset)}. "
        "Rename the classes of the data set."
    )
