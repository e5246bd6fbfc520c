"""The far side of a worker on another machine: checks what it finds there, starts the process, and passes lines on.

It runs inside the cluster's own process and imports nothing of the cluster's library.
"""

import os
import platform
import queue
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import meshsight
from meshsight.execution.launching import Inbox, Placed
from meshsight.execution.messages import Hello, JsonObject, Task
from meshsight.execution.process import WorkerProcess

GOODBYE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a host must find.

    Attributes:
        version, python: of the program and of the interpreter.
        token: a file that the asking machine has written, and what it says.
        folders: must be there.
    """

    version: str
    python: str
    token: tuple[str, str]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a worker said since the last time.

    Attributes:
        events: as lines of JSON.
        resident_bytes: memory that it holds.
        end: how it ended, and its last words; None while it lives.
    """

    events: tuple[str, ...]
    resident_bytes: int
    end: tuple[str, str] | None


def python_version() -> str:
    """Returns what two interpreters must share."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


class WorkerHost:
    """Holds one worker process, a child without a session of its own, so that it goes when this process goes."""

    def __init__(self) -> None:
        self._inbox: Inbox = queue.SimpleQueue()
        self._process: WorkerProcess | None = None

    def open(self, arguments: Sequence[str], hello: str, expected: Expected) -> str:
        """Starts the process with this machine's interpreter; returns what is wrong here, or nothing."""
        problem = _problem(expected)
        if not problem:
            command = (sys.executable, *arguments)
            self._process = WorkerProcess(command, Hello.model_validate_json(hello), self._inbox)
        return problem

    def assign(self, task: str) -> None:
        """Passes a task on."""
        if self._process is not None:
            self._process.assign(Task.model_validate_json(task))

    def answer(self, content: JsonObject) -> None:
        """Passes an answer on."""
        if self._process is not None:
            self._process.answer(content)

    def close_input(self) -> None:
        """Lets an idle worker go."""
        if self._process is not None:
            self._process.end()

    def listen(self, seconds: float) -> Heard:
        """Waits for what the worker says next, but not longer than some seconds."""
        assert self._process is not None, "listened to before it was opened"
        events: list[str] = []
        wait = seconds
        while True:
            try:
                _, event = self._inbox.get(timeout=wait)
            except queue.Empty:
                return Heard(events=tuple(events), resident_bytes=self._process.resident_bytes(), end=None)
            wait = 0.0  # what is there already comes along
            if event is None:
                cause = self._process.cause_of_death()
                self._process.wait(GOODBYE_SECONDS)
                end = (cause, self._process.last_words)
                return Heard(events=tuple(events), resident_bytes=0, end=end)
            if not isinstance(event, Placed):
                events.append(event.model_dump_json())  # pyright: ignore[reportAttributeAccessIssue]


def _problem(expected: Expected) -> str:
    """Says in one line what a worker could not do here, or nothing."""
    here = f"node {platform.node()}"
    found = (meshsight.__version__, python_version())
    if found != (expected.version, expected.python):
        return (
            f"{here}: has meshsight {found[0]} on Python {found[1]}, expected {expected.version} on {expected.python}; "
            "install the same on every node"
        )
    for folder in expected.folders:
        if not Path(folder).is_dir():
            return f"{here}: there is no folder {folder}; {_ADVICE}"
    path, content = expected.token
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        return f"{here}: {expected.folders[0]} is another folder than here ({error.strerror}); {_ADVICE}"
    if text != content:
        return f"{here}: {expected.folders[0]} is another folder than here; {_ADVICE}"
    if not os.access(expected.folders[0], os.W_OK):
        return f"{here}: {expected.folders[0]} cannot be written to; mount it so that it can"
    return ""


_ADVICE = "name one on storage that all nodes mount at the same path"
