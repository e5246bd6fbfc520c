"""How every verb ends: stdout holds the result alone, an error is one line, the exit code says who is to blame."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command, workflow
from meshsight.core.errors import (
    ArtifactError,
    CallError,
    DataError,
    MeshsightError,
    MissingExtraError,
    SpecError,
    StorageError,
)


def run(body: Callable[[], Outcome], *arguments: str) -> Result:
    @click.command()
    @verb_command
    def verb() -> Outcome:
        return body()

    return CliRunner().invoke(verb, arguments)


def fails_with(error: BaseException) -> Callable[[], Outcome]:
    def body() -> Outcome:
        raise error

    return body


def good() -> Outcome:
    return Outcome(data={"ap50": 0.5, "path": Path("a/b")}, text="a result")


def test_a_result_for_people_and_for_programs() -> None:
    assert (run(good).stdout, run(good).exit_code) == ("a result\n", 0)
    done = run(good, "--json")
    assert json.loads(done.stdout) == {"ap50": 0.5, "path": "a/b"}
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_bad_result_ends_with_1_and_is_still_printed() -> None:
    done = run(lambda: Outcome(data={"is_good": False}, text="bad", exit_code=1), "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"is_good": False})


@pytest.mark.parametrize(
    ("error", "exit_code"),
    [
        (MeshsightError("x"), 1),
        (DataError("x"), 1),
        (ArtifactError("x"), 1),
        (StorageError("x"), 1),
        (CallError("x"), 2),
        (SpecError("x"), 2),
        (MissingExtraError("x"), 2),
    ],
)
def test_an_error_is_one_line(error: MeshsightError, exit_code: int) -> None:
    done = run(fails_with(error))
    assert (done.exit_code, done.stdout, done.stderr) == (exit_code, "", "error: x\n")
    done = run(fails_with(error), "--json")
    assert done.exit_code == exit_code
    assert json.loads(done.stdout) == {"error": "x", "exit_code": exit_code}


def test_our_own_mistake_is_one_line_too() -> None:
    done = run(fails_with(ZeroDivisionError("division by zero")), "-q")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: ZeroDivisionError: division by zero. This is a bug; run with -v")
    assert done.stderr.count("\n") == 1


def test_verbose_shows_the_traceback() -> None:
    done = run(fails_with(ZeroDivisionError("division by zero")), "-v")
    assert "Traceback (most recent call last)" in done.stderr
    assert "in body" in done.stderr


def test_interrupting_ends_with_130() -> None:
    done = run(fails_with(KeyboardInterrupt()), "--json")
    assert (done.exit_code, done.stderr) == (130, "error: interrupted\n")
    assert json.loads(done.stdout)["exit_code"] == 130


NOISY = """
import logging, os, subprocess, sys, warnings
import click
from meshsight.cli.output import Outcome
from meshsight.cli.running import verb_command

@click.command()
@verb_command
def verb():
    print("a library prints")
    os.write(1, b"compiled code writes\\n")
    subprocess.run([sys.executable, "-c", "print('a child prints')"])
    logging.getLogger("meshsight.x").info("we say")
    logging.getLogger("other").info("others chat")
    logging.getLogger("other").warning("others warn")
    warnings.warn("old function")
    return Outcome(data={"done": True}, text="done")

verb()
"""


@pytest.mark.parametrize(("flag", "expected"), [("--json", '{"done": true}\n'), ("-q", "done\n"), ("-v", "done\n")])
def test_stdout_holds_the_result_alone(flag: str, expected: str) -> None:
    done = subprocess.run([sys.executable, "-c", NOISY, flag], capture_output=True, text=True, check=True)
    assert done.stdout == expected
    for noise in ("a library prints", "compiled code writes", "a child prints", "warning: others warn"):
        assert noise in done.stderr
    assert ("we say" in done.stderr) is (flag != "-q")
    assert "others chat" not in done.stderr
    assert ("old function" in done.stderr) is (flag == "-v")


def test_a_workflow_whose_library_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    monkeypatch.delitem(sys.modules, "meshsight.specs.recipe", raising=False)
    monkeypatch.delitem(sys.modules, "meshsight.workflows.recipes", raising=False)
    with pytest.raises(MissingExtraError, match=r"needs the package 'yaml'.*pip install 'meshsight\[train\]'"):
        workflow("recipes", "read_scene_recipe")
