"""The pool's side of one worker process on this machine: starts it, talks to it, watches it, ends it."""

import contextlib
import logging
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import IO

import psutil
from pydantic import BaseModel, ValidationError

from meshsight.execution.launching import Inbox, Placed
from meshsight.execution.messages import EVENTS, Answer, Hello, JsonObject, Task

LAST_WORDS = 12
THREAD_VARIABLES = (
    "OPENCV_FOR_THREADS_NUM",
    "LP_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

log = logging.getLogger(__name__)


def given_threads() -> int:
    """Returns how many threads this process was told to use, 0 when it was not."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    return int(given) if given.isdigit() else 0


def worker_environment(threads: int) -> dict[str, str]:
    """Returns this process's environment with every thread pool of numerical libraries and Mesa's llvmpipe limited."""
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), "PYTHONUTF8": "1"}


class WorkerProcess:
    """A `Worker` that is a child of this process."""

    def __init__(self, command: Sequence[str], hello: Hello, inbox: Inbox) -> None:
        self._process = subprocess.Popen(  # a new interpreter, never a fork: threads and contexts do not survive one
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=worker_environment(hello.threads),
        )
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)
        self._heard_at = time.monotonic()
        self._threads = [
            threading.Thread(target=self._read_events, args=(inbox,), daemon=True),
            threading.Thread(target=self._read_stderr, daemon=True),
        ]
        inbox.put((self, Placed()))
        for thread in self._threads:
            thread.start()
        self._send(hello.model_copy(update={"parent_pid": os.getpid()}))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"worker {self.pid}"

    @property
    def silent_seconds(self) -> float:
        """Time since the last event or, at first, since the start."""
        return time.monotonic() - self._heard_at

    @property
    def last_words(self) -> str:
        """The end of what it wrote to stderr, on one line."""
        return " | ".join(self._last_words)

    def assign(self, task: Task) -> None:
        """Hands over a task."""
        self._heard_at = time.monotonic()
        self._send(task)

    def answer(self, content: JsonObject) -> None:
        """Answers its question."""
        self._heard_at = time.monotonic()
        self._send(Answer(content=content))

    def resident_bytes(self) -> int:
        """Memory it holds now; 0 when it is gone."""
        try:
            return psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return 0

    def end(self) -> None:
        """Lets an idle worker go: its input ends."""
        with contextlib.suppress(OSError):
            assert self._process.stdin is not None
            self._process.stdin.close()

    def kill(self) -> None:
        """Ends it at once."""
        self._process.kill()

    def wait(self, seconds: float) -> None:
        """Waits until it is gone; kills it when that takes too long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(seconds)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            _close(pipe)

    def cause_of_death(self) -> str:
        """Says how it ended, for messages."""
        return words_of_exit(self._process.wait())

    def _send(self, line: BaseModel) -> None:
        with contextlib.suppress(OSError):  # a dead worker is reported by the end of its output
            assert self._process.stdin is not None
            self._process.stdin.write(line.model_dump_json().encode() + b"\n")
            self._process.stdin.flush()

    def _read_events(self, inbox: Inbox) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard_at = time.monotonic()
            with contextlib.suppress(ValidationError):  # the torn last line of a worker that was killed
                inbox.put((self, EVENTS.validate_json(line)))
        inbox.put((self, None))

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            self._last_words.append(text)
            log.debug("worker %d: %s", self.pid, text)


def words_of_exit(code: int) -> str:
    """Says how a process ended, by its exit code or, negative, by the signal that killed it."""
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return name + (", as when memory runs out" if name == "SIGKILL" else "")


def _close(pipe: IO[bytes] | None) -> None:
    with contextlib.suppress(OSError):
        if pipe is not None:
            pipe.close()
