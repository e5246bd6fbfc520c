"""Where workers run: what a pool needs of one worker, and of the place that starts it."""

import queue
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from meshsight.core.errors import CallError
from meshsight.core.kinds import Kinds
from meshsight.execution.messages import AnyEvent, Hello, JsonObject, Task
from meshsight.specs.base import VariantSpec, parse_spec

LAUNCHER_KINDS = Kinds("meshsight.execution.launchers", "place to run", extra="cluster")


@dataclass(frozen=True, slots=True)
class Placed:
    """The worker has a place to run and takes tasks; on a busy cluster that may be long after its start."""


@dataclass(frozen=True, slots=True)
class Unplaceable:
    """No worker can run where this one was put, and another try would not help.

    Attributes:
        message: one line for the user.
    """

    message: str


@runtime_checkable
class Worker(Protocol):
    """One worker process; what it says arrives in the pool's inbox, and None after its last word."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    @property
    def silent_seconds(self) -> float:
        """Time since its last event or task."""
        ...

    @property
    def last_words(self) -> str:
        """The end of what it wrote to stderr, on one line."""
        ...

    def assign(self, task: Task) -> None:
        """Hands over a task."""
        ...

    def answer(self, content: JsonObject) -> None:
        """Answers its question."""
        ...

    def resident_bytes(self) -> int:
        """Memory it holds now, as far as is known; 0 when it is gone."""
        ...

    def end(self) -> None:
        """Lets an idle worker go: its input ends."""
        ...

    def kill(self) -> None:
        """Ends it at once."""
        ...

    def wait(self, seconds: float) -> None:
        """Waits until it is gone; kills it when that takes too long."""
        ...

    def cause_of_death(self) -> str:
        """Says how it ended, for messages."""
        ...


Inbox = queue.SimpleQueue[tuple[Worker, AnyEvent | Placed | Unplaceable | None]]


@runtime_checkable
class Launcher(Protocol):
    """A place where workers run."""

    @property
    def default_workers(self) -> int | None:
        """How many workers it has room for, or None where the caller knows better."""
        ...

    def launch(self, command: Sequence[str], hello: Hello, inbox: Inbox) -> Worker:
        """Starts a worker, which says `Placed` as soon as it can take a task.

        Args:
            command: the program; its first element is this interpreter, for which the place takes its own.
            hello: what the worker is told first.
            inbox: where it is heard.
        """
        ...

    def close(self) -> None:
        """Lets the place go; workers are gone already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What every place must see of this machine's files.

    Attributes:
        folders: must exist at the same path everywhere, with the same content; the first one is written to.
        notes: a folder within the first one, where a place may leave word for its workers.
    """

    folders: tuple[Path, ...]
    notes: Path


def parse_place(text: str) -> VariantSpec:
    """Turns `local`, `ray` or an address such as `ray://HOST` into the spec of a launcher.

    Raises:
        CallError: no such place, or an address that it cannot have.
    """
    kind, is_address, _ = text.partition("://")
    place = {"kind": kind, "address": text} if is_address else {"kind": kind}
    try:
        spec_type: type[VariantSpec] = LAUNCHER_KINDS.module(kind).Spec
    except CallError as error:
        raise CallError(f"--on {text}: {error}") from error
    return parse_spec(spec_type, place, f"--on {text}")


def open_launcher(spec: VariantSpec, sharing: Sharing) -> Launcher:
    """Returns the place, ready to start workers.

    Raises:
        MissingExtraError: its library is not installed.
        ExecutionError: it cannot be reached.
    """
    return LAUNCHER_KINDS.builder(spec.kind)(spec, sharing)
