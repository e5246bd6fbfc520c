"""A variant is a file: found by its name, loaded only when asked for, refused with a suggestion."""

import sys
from pathlib import Path

import pytest

from meshsight.core.errors import CallError, MissingExtraError
from meshsight.core.kinds import Kinds, did_you_mean


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kinds:
    package = tmp_path / "shapes_for_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "circle.py").write_text("Spec = 'circle spec'\ndef build(): return 'circle'\n")
    (package / "square.py").write_text("Spec = 'square spec'\n")
    (package / "_square.py").write_text("import a_library_nobody_has\ndef build(): return 'square'\n")
    (package / "oval.py").write_text("Spec = 'oval spec'\nEXTRA = 'ovals'\n")
    (package / "_oval.py").write_text("def build(): return 'oval'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Kinds("shapes_for_test", "shape", extra="shapes")
    for name in [n for n in sys.modules if n.startswith("shapes_for_test")]:
        del sys.modules[name]


def test_names_are_files_and_nothing_is_imported(kinds: Kinds) -> None:
    assert kinds.names == ("circle", "oval", "square")
    assert not any(name.startswith("shapes_for_test.") for name in sys.modules)


def test_only_the_kind_asked_for_is_loaded(kinds: Kinds) -> None:
    assert kinds.builder("circle")() == "circle"
    assert kinds.builder("oval")() == "oval"
    assert "shapes_for_test.square" not in sys.modules


def test_a_missing_library_names_its_extra(kinds: Kinds) -> None:
    assert kinds.module("square").Spec == "square spec"
    with pytest.raises(MissingExtraError, match=r"a_library_nobody_has.*meshsight\[shapes\]"):
        kinds.builder("square")


def test_unknown_kinds_get_a_suggestion(kinds: Kinds) -> None:
    with pytest.raises(CallError, match="no shape of kind 'circel'; did you mean 'circle'"):
        kinds.module("circel")
    with pytest.raises(CallError, match="there are: circle, oval, square"):
        kinds.module("xyzzy")


def test_did_you_mean_stays_silent_when_nothing_is_near() -> None:
    assert did_you_mean("qqq", ["circle"]) == ""
