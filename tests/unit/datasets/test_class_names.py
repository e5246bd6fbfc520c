"""Class names that a format cannot hold are refused in time; the list beside the labels keeps them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.errors import DataError
from meshsight.datasets.class_names import (
    ANY_NAME,
    CLASSES,
    NameRule,
    read_class_list,
    write_class_list,
    written_names,
)

LOWER = NameRule(rule="lower case", write=str.lower, reserved=frozenset({"dontcare"}))


@given(st.lists(st.text(min_size=1), unique=True))
def test_any_name_stays(names: list[str]) -> None:
    assert written_names(names, ANY_NAME) == tuple(names)


@given(st.lists(st.text(min_size=1), unique=True))
def test_names_are_refused_exactly_when_two_become_one(names: list[str]) -> None:
    lowered = [name.lower() for name in names]
    if len(set(lowered)) == len(lowered) and "dontcare" not in lowered:
        assert written_names(names, LOWER) == tuple(lowered)
    else:
        with pytest.raises(DataError):
            written_names(names, LOWER)


def test_the_refusal_names_both_and_a_way_out() -> None:
    with pytest.raises(DataError, match=r"'Ball' and 'ball' would both be called 'ball' .*meshsight merge"):
        written_names(["Ball", "cup", "ball"], LOWER)
    with pytest.raises(DataError, match="'DontCare': the format keeps the name 'dontcare' for itself"):
        written_names(["DontCare"], LOWER)


def test_the_list_keeps_order_case_and_classes_without_objects(tmp_path: Path) -> None:
    names = ("Zebra", "äpfel & birnen", "a b")
    write_class_list(tmp_path, names, written_names(names, LOWER))
    found = read_class_list(tmp_path)
    assert found is not None
    assert [(one.name, one.written) for one in found] == [(name, name.lower()) for name in names]


def test_no_list_is_none_and_a_torn_one_is_refused(tmp_path: Path) -> None:
    assert read_class_list(tmp_path) is None
    (tmp_path / CLASSES).write_text('{"classes": [')
    with pytest.raises(DataError, match=r"classes\.json: no list of classes .*; mend or remove it"):
        read_class_list(tmp_path)
