"""The side of the worker process: reads tasks, runs them, says how far it is, and never outlives its parent."""

import ctypes
import faulthandler
import logging
import os
import queue
import signal
import sys
import threading
import traceback
from typing import BinaryIO, Protocol, runtime_checkable

import cv2
from pydantic import BaseModel, ValidationError

from meshsight.core.errors import MeshsightError
from meshsight.core.kinds import Kinds
from meshsight.execution.messages import (
    ORDERS,
    Advance,
    Answer,
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

EXIT_ORPHANED = 113
EXIT_CONFUSED = 114
_PR_SET_PDEATHSIG = 1


class Reporter:
    """What a job tells its pool while it runs."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._answers: queue.SimpleQueue[JsonObject] = queue.SimpleQueue()

    def begin(self, place: str, item: int | None = None) -> None:
        """Names what is worked on from now on, such as "frame 7", with its number if the rest can do without it."""
        self.send(Begin(place=place, item=item))

    def ask(self, question: JsonObject) -> JsonObject:
        """Asks the parent, and waits for its answer; a worker whose parent is gone does not get here again."""
        self.send(Ask(question=question))
        return self._answers.get()

    def answered(self, answer: JsonObject) -> None:
        """Hands in the answer, from the thread that hears the parent."""
        self._answers.put(answer)

    def advance(self, items: int = 1) -> None:
        """Says that items are done; a worker that says nothing for long is taken for stuck."""
        self.send(Advance(items=items))

    def send(self, event: BaseModel) -> None:
        """Writes one event as one line."""
        with self._lock:
            self._out.write(event.model_dump_json().encode() + b"\n")
            self._out.flush()


@runtime_checkable
class Job(Protocol):
    """What `build(spec)` of a job's file returns; it stays loaded from task to task."""

    def run(self, task: JsonObject, report: Reporter) -> JsonObject:
        """Does one piece of the work and returns what the parent needs to know."""
        ...


class _EventHandler(logging.Handler):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        self._reporter.send(Log(level=record.levelno, name=record.name, message=self.format(record)))


class _Inbox:
    """Reads tasks on a thread of its own, so that the parent's end is noticed in the middle of the work.

    Attributes:
        num_done: tasks that are finished; the main thread counts them, the reading one those that came.
    """

    def __init__(self, lines: BinaryIO, reporter: Reporter) -> None:
        self._lines = lines
        self._reporter = reporter
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self.num_done = 0
        threading.Thread(target=self._read, daemon=True).start()

    def next_task(self) -> Task | None:
        """Waits for a task; None when there are no more."""
        return self._tasks.get()

    def _read(self) -> None:
        num_came = 0
        for line in self._lines:
            match _order(line):
                case Task() as task:
                    self._tasks.put(task)
                    num_came += 1
                case Answer(content=content):
                    self._reporter.answered(content)
        if self.num_done < num_came:
            os._exit(EXIT_ORPHANED)  # files are whole or absent, so dying here loses only unfinished work
        self._tasks.put(None)


def serve(jobs: Kinds) -> None:
    """Runs tasks until the input ends; the whole life of a worker process.

    Args:
        jobs: the closed set of jobs that a worker may be asked to do.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which decides
    faulthandler.enable()
    reporter = Reporter(_take_stdout())
    hello = Hello.model_validate_json(sys.stdin.buffer.readline())
    _die_with(hello.parent_pid)
    cv2.setNumThreads(hello.threads)
    _send_logs(reporter, hello.log_level)
    inbox = _Inbox(sys.stdin.buffer, reporter)
    try:
        kind = str(hello.job.get("kind"))
        job: Job = jobs.builder(kind)(jobs.module(kind).Spec.model_validate(hello.job))
        reporter.send(Ready())
        while (task := inbox.next_task()) is not None:
            result = job.run(task.spec, reporter)
            inbox.num_done += 1
            reporter.send(Done(result=result))
    except MeshsightError as error:
        reporter.send(_failure(error))
    except Exception as error:  # noqa: BLE001 - the boundary of a process: the parent raises it again
        reporter.send(_failure(error))


def _order(line: bytes) -> Task | Answer:
    """Reads a line of the parent's; one of another version ends the process, which would else wait for ever."""
    try:
        return ORDERS.validate_json(line)
    except ValidationError as error:
        sys.stderr.write(f"cannot understand the parent, as when versions differ: {error}\n")
        sys.stderr.flush()
        os._exit(EXIT_CONFUSED)


def _failure(error: Exception) -> Failed:
    return Failed(type=type(error).__name__, message=str(error), traceback=traceback.format_exc())


def _take_stdout() -> BinaryIO:
    """Keeps the standard output for events, and sends whatever libraries print there to stderr."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own


def _die_with(parent_pid: int) -> None:
    """Asks Linux to kill this process when its parent dies; elsewhere the end of the input has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent_pid:  # it died before we asked
            os._exit(EXIT_ORPHANED)


def _send_logs(reporter: Reporter, level: int) -> None:
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.addHandler(_EventHandler(reporter))
    root.setLevel(logging.WARNING)
    logging.getLogger("meshsight").setLevel(level)
