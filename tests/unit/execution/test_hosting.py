"""The far side of a worker in a cluster, and how places are named; no cluster is needed."""

import sys
from pathlib import Path

import pytest

import meshsight
from meshsight.core.errors import CallError, MeshsightError
from meshsight.execution.hosting import Expected, Heard, WorkerHost, python_version
from meshsight.execution.launching import parse_place
from meshsight.execution.messages import EVENTS, AnyEvent, Done, Hello, Log, Ready, Task

JOB = """
import sys
from meshsight.core.kinds import Kinds
from meshsight.execution.worker import serve
sys.path.insert(0, sys.argv[1])
serve(Kinds("far_jobs", "job"))
"""
DOUBLE = """
import logging
from meshsight.specs.base import VariantSpec
class Spec(VariantSpec):
    kind: str = "double"
class Double:
    def run(self, task, report):
        logging.getLogger("meshsight.far").warning("here")
        return {"twice": 2 * report.ask({"of": task["n"]})["n"]}
def build(spec):
    return Double()
"""


def expected(folder: Path, **changes: object) -> Expected:
    (folder / "token.txt").write_text("secret")
    values: dict[str, object] = {
        "version": meshsight.__version__,
        "python": python_version(),
        "token": (str(folder / "token.txt"), "secret"),
        "folders": (str(folder),),
    }
    return Expected(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def test_a_task_goes_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "far_jobs").mkdir()
    (tmp_path / "far_jobs" / "__init__.py").write_text("")
    (tmp_path / "far_jobs" / "double.py").write_text(DOUBLE)
    hello = Hello(job={"kind": "double"}, parent_pid=1, threads=1, log_level=30)  # another machine's process
    host = WorkerHost()
    assert host.open(("-c", JOB, str(tmp_path)), hello.model_dump_json(), expected(tmp_path)) == ""
    host.assign(Task(key="a", spec={"n": 4}).model_dump_json())
    events: list[AnyEvent] = []
    heard = Heard(events=(), resident_bytes=0, end=None)
    while heard.end is None:
        heard = host.listen(0.5)
        events += [EVENTS.validate_json(line) for line in heard.events]
        if any(line.startswith('{"event":"ask"') for line in heard.events):
            assert heard.end is None and heard.resident_bytes > 0
            host.answer({"n": 21})
        if any(isinstance(event, Done) for event in events):
            host.close_input()
    assert isinstance(events[0], Ready) and events[-1] == Done(result={"twice": 42})
    assert Log(level=30, name="meshsight.far", message="here") in events
    assert heard.end[0] == "exit code 0"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"version": "9.9"}, "has meshsight .* expected 9.9 on"),
        ({"python": "2.7"}, "on Python .* install the same on every node"),
        ({"folders": ("/nowhere/at all",)}, r"there is no folder /nowhere/at all; name one on storage"),
        ({"token": ("/nowhere/token", "secret")}, "is another folder than here"),
    ],
)
def test_a_node_that_cannot_do_it_says_why(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    hello = Hello(job={}, parent_pid=1, threads=1, log_level=30).model_dump_json()
    problem = WorkerHost().open((sys.executable,), hello, expected(tmp_path, **changes))
    assert problem.startswith("node ")
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(problem)


def test_another_token_is_another_folder(tmp_path: Path) -> None:
    told = expected(tmp_path)
    (tmp_path / "token.txt").write_text("of somebody else")
    hello = Hello(job={}, parent_pid=1, threads=1, log_level=30).model_dump_json()
    assert "is another folder than here" in WorkerHost().open((), hello, told)


def test_places_are_named() -> None:
    assert parse_place("local").model_dump() == {"kind": "local"}
    assert parse_place("ray").model_dump()["address"] is None
    assert parse_place("ray://head").model_dump()["address"] == "ray://head:10001"
    assert parse_place("ray://head:7").model_dump()["address"] == "ray://head:7"
    assert parse_place("ray://[::1]").model_dump()["address"] == "ray://[::1]:10001"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rya", "--on rya: no place to run of kind 'rya'; did you mean 'ray'"),
        ("ray://", "address: expected ray://HOST"),
        ("local://host", "address: unknown key"),
        ("ssh://host", "no place to run of kind 'ssh'"),
    ],
)
def test_wrong_places_are_refused(text: str, words: str) -> None:
    with pytest.raises(CallError) as caught:
        parse_place(text)
    assert words in str(caught.value)
    assert isinstance(caught.value, MeshsightError)
