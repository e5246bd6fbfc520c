"""Results become JSON that anything can read."""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from meshsight.cli.output import to_json, to_plain
from meshsight.cli.table import table
from meshsight.specs.decoding import DecodeSpec


@dataclass(frozen=True, slots=True)
class Inner:
    path: Path
    values: tuple[float, ...]


def test_everything_that_results_hold_has_a_json_form() -> None:
    value = {
        "inner": Inner(Path("a"), (1.0, math.nan, math.inf)),
        "spec": DecodeSpec(nms_iou=0.6),
        "array": np.arange(3, dtype=np.int32),
        "scalar": np.float32(0.5),
        "none": None,
        1: [True, "\N{LATIN SMALL LETTER E WITH ACUTE}"],
    }
    plain = json.loads(to_json(value))
    assert plain["inner"] == {"path": "a", "values": [1.0, None, None]}
    assert plain["spec"]["nms_iou"] == 0.6
    assert plain["array"] == [0, 1, 2]
    assert (plain["scalar"], plain["none"], plain["1"]) == (0.5, None, [True, "\N{LATIN SMALL LETTER E WITH ACUTE}"])
    assert "\n" not in to_json(value)


def test_what_has_none_is_refused() -> None:
    with pytest.raises(TypeError, match="a result holds a object, which has no JSON form"):
        to_plain({"x": object()})


def test_columns_are_aligned() -> None:
    assert table(("a", "long"), [("wide cell", "x"), ("b", "")]) == "a          long\nwide cell  x\nb"
