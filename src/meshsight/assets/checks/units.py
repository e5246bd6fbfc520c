"""The unit of a model: what its reader takes it to be, and what its size speaks for."""

from collections.abc import Iterator
from typing import NamedTuple, get_args

import numpy as np

from meshsight.assets.axes import METRES, guess_unit
from meshsight.assets.checks.finding import AssetFinding
from meshsight.assets.checks.model import Model
from meshsight.specs.mesh_import import Unit

SMALLEST_M, LARGEST_M = 0.005, 5.0
"""Longest side of the things that detectors are usually trained for."""
SURELY_WRONG_M = 50.0

# How likely a longest side is (log-normal about a hand-sized thing), and how common a unit is in mesh files.
_TYPICAL_M, _SPREAD_DECADES = 0.15, 0.7
_RARITY = {"m": 0.0, "mm": 0.0, "cm": 0.7, "in": 1.2}
# By how much another unit must be likelier (natural log): than a guess, and than what the file's format fixes.
_BEATS_A_GUESS, _BEATS_A_STATEMENT = 1.5, 4.0


class UnitVerdict(NamedTuple):
    """A model's unit.

    Attributes:
        assumed: the one that its reader takes.
        likely: the one that it should be; the same unless the size speaks against it.
        side: the longest side in the file's unit.
    """

    assumed: Unit
    likely: Unit
    side: float


def judge_unit(model: Model) -> UnitVerdict:
    """Judges by the longest side; what the user says is beyond doubt."""
    side = float(np.ptp(model.points, axis=0).max())
    if model.wanted.unit != "auto":
        return UnitVerdict(model.wanted.unit, model.wanted.unit, side)
    assumed: Unit = "m" if model.says_frame or guess_unit(model.points)[0] == "m" else "mm"
    needed = _BEATS_A_STATEMENT if model.says_frame else _BEATS_A_GUESS
    best = min((unit for unit in get_args(Unit) if unit in METRES), key=lambda unit: _oddness(side, unit))
    is_better = _oddness(side, assumed) - _oddness(side, best) > needed
    return UnitVerdict(assumed, best if is_better else assumed, side)


def _oddness(side: float, unit: str) -> float:
    decades = np.log10(side * METRES[unit] / _TYPICAL_M) / _SPREAD_DECADES
    return 0.5 * float(decades**2) + _RARITY[unit]


def length_in_words(metres: float) -> str:
    """Returns a length with the unit that people would use: 3.2 mm, 21.4 cm, 1.8 m."""
    for unit, factor in (("m", 1.0), ("cm", 0.01)):
        if metres >= factor:
            return f"{metres / factor:.3g} {unit}"
    return f"{metres * 1000:.3g} mm"


def check_unit(model: Model) -> Iterator[AssetFinding]:
    """Finds a unit that is wrong, doubtful or not stated, and sizes that are odd in the likely unit."""
    verdict = judge_unit(model)
    as_read, as_likely = (length_in_words(verdict.side * METRES[unit]) for unit in (verdict.assumed, verdict.likely))
    setting = f"`objects.0.load.unit={verdict.likely}`"
    if verdict.likely != verdict.assumed:
        yield _doubt(model, verdict, as_read, as_likely)
    elif model.wanted.unit == "auto" and not model.says_frame:
        yield AssetFinding(
            code="unit_unstated",
            severity="info",
            text=f"the file does not say its unit; taken as {verdict.assumed}, its longest side is {as_read}",
            remedy=f"say it in the recipe: {setting}",
            is_mended=True,
        )
    metres = verdict.side * METRES[verdict.likely]
    if not SMALLEST_M <= metres <= LARGEST_M:
        word = "tiny" if metres < SMALLEST_M else "huge"
        yield AssetFinding(
            code="odd_size",
            severity="warning",
            text=f"the longest side is {as_likely}, which is {word} (expected 5 mm to 5 m)",
            remedy="say the true unit, `--unit mm` here and `objects.0.load.unit=mm` in the recipe, "
            f"or correct the size there: `objects.0.scale={0.2 / metres:.2g}`",
        )


def _doubt(model: Model, verdict: UnitVerdict, as_read: str, as_likely: str) -> AssetFinding:
    says = (
        "glTF is in metres"
        if model.says_frame
        else f"the file does not say its unit and would be read in {verdict.assumed}"
    )
    is_certain = verdict.side * METRES[verdict.assumed] > SURELY_WRONG_M
    return AssetFinding(
        code="unit_wrong",
        severity="error" if is_certain else "warning",
        text=f"{says}, which makes the longest side {as_read}; in {verdict.likely} it would be {as_likely}",
        remedy=f"say the unit in the recipe: `objects.0.load.unit={verdict.likely}`",
        is_mended=True,
    )
