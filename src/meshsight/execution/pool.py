"""A pool of worker processes: hands out tasks, watches progress, replaces workers that die, get stuck or grow.

Where the workers run is a launcher's matter: on this machine, or anywhere in a cluster.
"""

import logging
import os
import queue
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from meshsight.core import errors
from meshsight.core.errors import ExecutionError, MeshsightError
from meshsight.execution.launchers.local import LocalLauncher
from meshsight.execution.launching import Inbox, Launcher, Placed, Unplaceable, Worker
from meshsight.execution.messages import (
    Advance,
    AnyEvent,
    Ask,
    Begin,
    Done,
    Failed,
    Hello,
    JsonObject,
    Log,
    Ready,
    Task,
)

START_UP = "start-up"
START_SECONDS = 120.0
"""Imports and meshes on a busy machine take their time."""
TICK_SECONDS = 0.5
GOODBYE_SECONDS = 10.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolSettings:
    """How a pool treats its workers.

    Attributes:
        workers: processes at a time.
        threads: threads that each may use.
        stall_seconds: a worker that reports nothing for so long is killed and replaced.
        max_deaths: a place of the work that kills so many workers ends it.
        may_lose: an item that does so, if it has a number, is lost instead, and the work goes on.
        lost_on: errors, by the names of their types, that lose an item with a number instead of ending the work.
        recycle_items: a worker is replaced after so many items, between two tasks; None for never.
        recycle_growth_bytes: a worker is replaced when it has grown by so much since its first task; None for never.
    """

    workers: int
    threads: int = 1
    stall_seconds: float = 300.0
    max_deaths: int = 3
    may_lose: bool = False
    lost_on: frozenset[str] = frozenset()
    recycle_items: int | None = None
    recycle_growth_bytes: int | None = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressed:
    """Items of a task are done; negative when a worker died and they have to be done again."""

    key: str
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A task is done."""

    key: str
    result: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An item cannot be done; its task is given back undone, for the caller to add one without it.

    Attributes:
        key: of the task.
        item: the item's number.
        reason: why, in a few words that name no process and no machine.
        error: what a caller raises who cannot do without it.
    """

    key: str
    item: int
    reason: str
    error: MeshsightError


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A worker waits for `Pool.answer`."""

    key: str
    question: JsonObject


Happening = Progressed | Finished | Lost | Asked


@dataclass(slots=True)
class _Seat:
    """A worker and what it is at."""

    process: Worker
    task: Task | None = None
    is_placed: bool = False
    place: str = START_UP
    item: int | None = None
    items_of_task: int = 0
    items: int = 0
    first_bytes: int = 0
    was_stuck: bool = False


class Pool:
    """Runs tasks of one job in worker processes; leaving the `with` block ends them all.

    `command` starts a worker whose module calls `serve`; `job` is the spec that it is told to load.
    """

    def __init__(
        self, command: Sequence[str], job: JsonObject, settings: PoolSettings, launcher: Launcher | None = None
    ) -> None:
        self._command = tuple(command)
        self._hello = Hello(
            job=job,
            parent_pid=os.getpid(),
            threads=settings.threads,
            log_level=logging.getLogger("meshsight").getEffectiveLevel(),
        )
        self._settings = settings
        self._launcher = LocalLauncher() if launcher is None else launcher
        self._inbox: Inbox = queue.SimpleQueue()
        self._waiting: deque[Task] = deque()
        self._seats: dict[Worker, _Seat] = {}
        self._leaving: list[Worker] = []
        self._deaths: Counter[tuple[str, str]] = Counter()
        self._said: set[tuple[str, int, str]] = set()

    def __enter__(self) -> "Pool":
        """Starts nothing yet; workers start with the first tasks."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Lets idle workers go; kills them all when something went wrong."""
        everyone = [*self._seats, *self._leaving]
        for process in everyone:
            if kind is None:
                process.end()
            else:
                process.kill()
        for process in everyone:
            process.wait(GOODBYE_SECONDS)
        self._launcher.close()

    def add(self, task: Task) -> None:
        """Puts a task in front of those that wait; to be called between two happenings of `run`."""
        self._waiting.appendleft(task)

    def answer(self, key: str, content: JsonObject) -> None:
        """Answers the worker that asked about a task; one that died meanwhile asks again when it is replaced."""
        for seat in self._seats.values():
            if seat.task is not None and seat.task.key == key:
                seat.process.answer(content)

    def run(self, tasks: Sequence[Task]) -> Iterator[Happening]:
        """Runs tasks, in order of their start, and yields what happens.

        Raises:
            MeshsightError: the error of a task, as it was raised in the worker.
            ExecutionError: a place killed its worker too often, or a task failed by a bug.
        """
        self._waiting.extend(tasks)
        while self._waiting or any(seat.task for seat in self._seats.values()):
            self._fill()
            self._kill_stuck()
            try:
                process, event = self._inbox.get(timeout=TICK_SECONDS)
            except queue.Empty:
                continue
            seat = self._seats.get(process)
            if seat is not None:
                yield from self._bury(seat) if event is None else self._hear(seat, event)

    def _fill(self) -> None:
        """Gives waiting tasks to idle workers, and starts workers as far as there are tasks."""
        num_starting = 0
        for seat in self._seats.values():
            num_starting += not seat.is_placed
            if self._waiting and seat.is_placed and seat.task is None:
                self._assign(seat, self._waiting.popleft())
        while len(self._waiting) > num_starting and len(self._seats) < self._settings.workers:
            process = self._launcher.launch(self._command, self._hello, self._inbox)
            self._seats[process] = _Seat(process)
            num_starting += 1

    def _assign(self, seat: _Seat, task: Task) -> None:
        seat.task, seat.items_of_task = task, 0
        seat.process.assign(task)

    def _hear(self, seat: _Seat, event: AnyEvent | Placed | Unplaceable) -> Iterator[Happening]:
        match event:
            case Placed():
                seat.is_placed = True
            case Unplaceable(message=message):
                raise ExecutionError(message)
            case Ready():
                seat.place = "its first item"
            case Begin(place=place, item=item):
                seat.place, seat.item = place, item
            case Log():
                self._pass_on(event)
            case Failed():
                yield from self._fail(seat, event)
            case _ if seat.task is None:
                raise AssertionError(f"{event} without a task")
            case _:
                yield from self._hear_of_task(seat, seat.task, event)

    def _hear_of_task(self, seat: _Seat, task: Task, event: Advance | Ask | Done) -> Iterator[Happening]:
        match event:
            case Advance(items=items):
                seat.items_of_task += items
                seat.items += items
                self._deaths.pop(("", START_UP), None)  # workers can start: whatever ended those was something else
                yield Progressed(key=task.key, items=items)
            case Ask(question=question):
                yield Asked(key=task.key, question=question)
            case Done(result=result):
                seat.task = seat.item = None
                self._recycle(seat)
                yield Finished(key=task.key, result=result)

    def _fail(self, seat: _Seat, event: Failed) -> Iterator[Happening]:
        """Ends the work with the worker's error, or loses the item that it was at."""
        error = _as_error(event, seat.place)
        if seat.item is None or seat.task is None or event.type not in self._settings.lost_on:
            raise error
        del self._seats[seat.process]  # it ends by itself after an error
        self._leaving.append(seat.process)
        yield Progressed(key=seat.task.key, items=-seat.items_of_task)
        yield Lost(key=seat.task.key, item=seat.item, reason=event.message, error=error)

    def _pass_on(self, event: Log) -> None:
        """Logs what a worker logged; what several of them say alike is said once."""
        key = (event.name, event.level, event.message)
        if key not in self._said:
            self._said.add(key)
            logging.getLogger(event.name).log(event.level, "%s", event.message)

    def _recycle(self, seat: _Seat) -> None:
        """Lets a worker go that has done enough, or has grown too much."""
        size = seat.process.resident_bytes()
        seat.first_bytes = seat.first_bytes or size
        growth, items = self._settings.recycle_growth_bytes, self._settings.recycle_items
        if (growth is not None and size - seat.first_bytes > growth) or (items is not None and seat.items >= items):
            log.debug("%s leaves after %d items with %d MiB", seat.process.name, seat.items, size >> 20)
            del self._seats[seat.process]
            seat.process.end()
            self._leaving.append(seat.process)

    def _kill_stuck(self) -> None:
        for seat in self._seats.values():
            patience = max(self._settings.stall_seconds, START_SECONDS if seat.place == START_UP else 0)
            is_stuck = seat.task is not None and seat.process.silent_seconds > patience
            if is_stuck and not seat.was_stuck:
                log.warning("%s: no progress for %g s; starting anew", seat.place, patience)
                seat.was_stuck = True
                seat.process.kill()

    def _bury(self, seat: _Seat) -> Iterator[Happening]:
        """Takes back the task of a worker that died; an item that has killed too many is lost, or ends the work."""
        del self._seats[seat.process]
        cause = "no progress" if seat.was_stuck else seat.process.cause_of_death()
        seat.process.wait(GOODBYE_SECONDS)
        if seat.task is None and seat.is_placed:
            return
        is_starting = seat.place == START_UP
        key = "" if seat.task is None or is_starting else seat.task.key  # one that cannot start fails for every task
        self._deaths[key, seat.place] += 1
        deaths = self._deaths[key, seat.place]
        error = _too_many_deaths(seat, deaths, cause) if deaths >= self._settings.max_deaths else None
        if error is not None and (seat.item is None or not self._settings.may_lose):
            raise error
        log.warning("%s: a worker process died (%s); starting anew", seat.place, cause)
        if seat.task is None:
            return
        yield Progressed(key=seat.task.key, items=-seat.items_of_task)
        if error is None or seat.item is None:
            self._waiting.appendleft(seat.task)
            return
        reason = f"{'stopped' if seat.was_stuck else 'killed'} its worker {deaths} times ({cause})"
        yield Lost(key=seat.task.key, item=seat.item, reason=reason, error=error)


def _too_many_deaths(seat: _Seat, deaths: int, cause: str) -> ExecutionError:
    words = f" Its last words: {seat.process.last_words}" if seat.process.last_words else ""
    return ExecutionError(f"{seat.place}: a worker process died here {deaths} times ({cause}).{words}")


def _as_error(event: Failed, place: str) -> MeshsightError:
    """Rebuilds a worker's error; one that is no `MeshsightError` is a bug and becomes an `ExecutionError`."""
    known = getattr(errors, event.type, None)
    if isinstance(known, type) and issubclass(known, MeshsightError):
        error = known(event.message)
    else:
        error = ExecutionError(f"{place}: {event.type}: {event.message}. This is a bug; run with -v for the traceback.")
    error.add_note(event.traceback)
    return error
