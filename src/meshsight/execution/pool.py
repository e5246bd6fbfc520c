"""A pool of worker processes: hands out tasks, watches progress, replaces workers that die, get stuck or grow."""

import logging
import os
import queue
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

from meshsight.core import errors
from meshsight.core.errors import ExecutionError, MeshsightError
from meshsight.execution.messages import Advance, Begin, Done, Failed, Hello, JsonObject, Log, Ready, Task
from meshsight.execution.process import AnyEvent, Inbox, WorkerProcess

START_UP = "start-up"
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
        recycle_items: a worker is replaced after so many items, between two tasks; None for never.
        recycle_growth_bytes: a worker is replaced when it has grown by so much since its first task; None for never.
    """

    workers: int
    threads: int = 1
    stall_seconds: float = 300.0
    max_deaths: int = 3
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


@dataclass(slots=True)
class _Seat:
    """A worker and what it is at."""

    process: WorkerProcess
    task: Task | None = None
    place: str = START_UP
    items_of_task: int = 0
    items: int = 0
    first_bytes: int = 0
    was_stuck: bool = False


class Pool:
    """Runs tasks of one job in worker processes; leaving the `with` block ends them all.

    `command` starts a worker whose module calls `serve`; `job` is the spec that it is told to load.
    """

    def __init__(self, command: Sequence[str], job: JsonObject, settings: PoolSettings) -> None:
        self._command = tuple(command)
        self._hello = Hello(
            job=job,
            parent_pid=os.getpid(),
            threads=settings.threads,
            log_level=logging.getLogger("meshsight").getEffectiveLevel(),
        )
        self._settings = settings
        self._inbox: Inbox = queue.SimpleQueue()
        self._seats: dict[WorkerProcess, _Seat] = {}
        self._leaving: list[WorkerProcess] = []
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

    def run(self, tasks: Sequence[Task]) -> Iterator[Progressed | Finished]:
        """Runs tasks, in order of their start, and yields what happens.

        Raises:
            MeshsightError: the error of a task, as it was raised in the worker.
            ExecutionError: a place killed its worker too often, or a task failed by a bug.
        """
        waiting = deque(tasks)
        while waiting or any(seat.task for seat in self._seats.values()):
            self._fill(waiting)
            self._kill_stuck()
            try:
                process, event = self._inbox.get(timeout=TICK_SECONDS)
            except queue.Empty:
                continue
            seat = self._seats.get(process)
            if seat is not None and event is None:
                yield from self._bury(seat, waiting)
            elif seat is not None and event is not None:
                yield from self._hear(seat, event)

    def _fill(self, waiting: deque[Task]) -> None:
        """Gives waiting tasks to idle workers, and starts workers as far as there are tasks."""
        for seat in self._seats.values():
            if waiting and seat.task is None:
                self._assign(seat, waiting.popleft())
        while waiting and len(self._seats) < self._settings.workers:
            process = WorkerProcess(self._command, self._hello, self._inbox)
            self._seats[process] = _Seat(process)
            self._assign(self._seats[process], waiting.popleft())

    def _assign(self, seat: _Seat, task: Task) -> None:
        seat.task, seat.items_of_task = task, 0
        seat.process.assign(task)

    def _hear(self, seat: _Seat, event: AnyEvent) -> Iterator[Progressed | Finished]:
        match event:
            case Ready():
                seat.place = "its first item"
            case Begin(place=place):
                seat.place = place
            case Log():
                self._pass_on(event)
            case Failed():
                raise _as_error(event, seat.place)
            case Advance(items=items) if seat.task is not None:
                seat.items_of_task += items
                seat.items += items
                self._deaths.pop(("", START_UP), None)  # workers can start: whatever ended those was something else
                yield Progressed(key=seat.task.key, items=items)
            case Done(result=result) if seat.task is not None:
                key, seat.task = seat.task.key, None
                self._recycle(seat)
                yield Finished(key=key, result=result)
            case _:
                raise AssertionError(f"{event} without a task")

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
            log.debug("worker %d leaves after %d items with %d MiB", seat.process.pid, seat.items, size >> 20)
            del self._seats[seat.process]
            seat.process.end()
            self._leaving.append(seat.process)

    def _kill_stuck(self) -> None:
        for seat in self._seats.values():
            is_stuck = seat.task is not None and seat.process.silent_seconds > self._settings.stall_seconds
            if is_stuck and not seat.was_stuck:
                log.warning("%s: no progress for %g s; starting anew", seat.place, self._settings.stall_seconds)
                seat.was_stuck = True
                seat.process.kill()

    def _bury(self, seat: _Seat, waiting: deque[Task]) -> Iterator[Progressed]:
        """Takes back the task of a worker that died, unless this place has killed too many."""
        del self._seats[seat.process]
        cause = "no progress" if seat.was_stuck else seat.process.cause_of_death()
        seat.process.wait(GOODBYE_SECONDS)
        if seat.task is None:
            return
        key = "" if seat.place == START_UP else seat.task.key  # a worker that cannot start fails alike for every task
        self._deaths[key, seat.place] += 1
        deaths = self._deaths[key, seat.place]
        if deaths >= self._settings.max_deaths:
            words = f" Its last words: {seat.process.last_words}" if seat.process.last_words else ""
            raise ExecutionError(f"{seat.place}: a worker process died here {deaths} times ({cause}).{words}")
        log.warning("%s: a worker process died (%s); starting anew", seat.place, cause)
        waiting.appendleft(seat.task)
        yield Progressed(key=seat.task.key, items=-seat.items_of_task)


def _as_error(event: Failed, place: str) -> MeshsightError:
    """Rebuilds a worker's error; one that is no `MeshsightError` is a bug and becomes an `ExecutionError`."""
    known = getattr(errors, event.type, None)
    if isinstance(known, type) and issubclass(known, MeshsightError):
        error = known(event.message)
    else:
        error = ExecutionError(f"{place}: {event.type}: {event.message}. This is a bug; run with -v for the traceback.")
    error.add_note(event.traceback)
    return error
