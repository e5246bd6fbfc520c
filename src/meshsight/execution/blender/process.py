"""One running Blender: spoken to over its pipe, watched for progress, and killed when it is stuck."""

import contextlib
import json
import logging
import os
import queue
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO

import psutil

from meshsight.core.errors import RenderError
from meshsight.execution.blender.wire import Arrays, Parcel, pack, read_parcel
from meshsight.execution.messages import JsonObject

LAST_WORDS = 8
TICK_SECONDS = 0.5
GOODBYE_SECONDS = 5.0
SIGNAL = "signal "
"""How a cause of death by a signal begins."""

log = logging.getLogger(__name__)


class BlenderDied(Exception):
    """The process ended, or was ended because it did nothing; another one may do better.

    Attributes:
        cause: how, in a few words.
        last_words: the end of what it wrote.
    """

    def __init__(self, cause: str, last_words: str) -> None:
        super().__init__(cause)
        self.cause = cause
        self.last_words = last_words


class BlenderProcess:
    """Starts at once; `call` speaks to it. What it prints goes to the log at level DEBUG."""

    def __init__(
        self, command: Sequence[str], *, stall_seconds: float, on_progress: Callable[[], None] = lambda: None
    ) -> None:
        """Starts a process.

        Args:
            command: the program and its arguments.
            stall_seconds: it is killed when it says nothing for so long while it is at work.
            on_progress: called whenever it says that it gets on.
        """
        self._stall_seconds = stall_seconds
        self._on_progress = on_progress
        self._inbox: queue.SimpleQueue[Parcel | None] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[list[bytes | memoryview] | None] = queue.SimpleQueue()
        self._last_words: deque[str] = deque(maxlen=LAST_WORDS)
        self._process = subprocess.Popen(
            list(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._listener = threading.Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._threads = [
            threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True),
            self._listener,
            threading.Thread(target=self._write, args=(self._process.stdin,), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        self.ready = self._wait().message

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def call(self, message: JsonObject, arrays: Arrays | None = None) -> Parcel:
        """Sends a command and waits for its answer.

        Raises:
            BlenderDied: it ended, or did nothing for too long.
            RenderError: the command could not be done.
        """
        self._outbox.put(pack(message, arrays or {}))
        return self._wait()

    def _wait(self) -> Parcel:
        heard_at = time.monotonic()
        while True:
            try:
                parcel = self._inbox.get(timeout=TICK_SECONDS)
            except queue.Empty:
                if time.monotonic() - heard_at > self._stall_seconds:
                    self.kill()
                    raise BlenderDied(f"no progress for {self._stall_seconds:g} s", self.last_words) from None
                continue
            if parcel is None:
                raise BlenderDied(self._cause_of_death(), self.last_words)
            event = parcel.message["event"]
            if event == "progress":
                heard_at = time.monotonic()
                self._on_progress()
            elif event == "error":
                raise RenderError(f"Blender: {' '.join(str(parcel.message['message']).split())}")
            else:
                return parcel

    @property
    def last_words(self) -> str:
        """The end of what it wrote to stderr, on one line."""
        return " | ".join(self._last_words)

    def resident_bytes(self) -> int:
        """Memory it holds now; 0 when it is gone."""
        try:
            return psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return 0

    def kill(self) -> None:
        """Ends it at once, since an orderly exit of Blender may hang, and frees the pipes."""
        self._process.kill()
        self._process.wait()
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(GOODBYE_SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _cause_of_death(self) -> str:
        try:
            code = self._process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            return "it closed its pipe"
        self._listener.join(GOODBYE_SECONDS)  # its last words may still be on their way
        return f"exit code {code}" if code >= 0 else f"{SIGNAL}{-code}"

    def _read(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(ValueError, OSError, json.JSONDecodeError):
            while (parcel := read_parcel(stream)) is not None:
                self._inbox.put(parcel)
        self._inbox.put(None)

    def _listen(self, stream: IO[bytes]) -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in stream:
                text = line.decode(errors="replace").strip()
                if text:
                    self._last_words.append(text)
                    log.debug("Blender %d: %s", self._process.pid, text)

    def _write(self, stream: IO[bytes]) -> None:
        """Writes on a thread, so that a Blender that reads nothing cannot hold up who watches it."""
        while (pieces := self._outbox.get()) is not None:
            with contextlib.suppress(OSError, ValueError):  # its end is reported by the end of its output
                for piece in pieces:
                    stream.write(piece)
                stream.flush()


def _environment() -> dict[str, str]:
    """Returns this process's environment without what would lead another Python to our modules or its user's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1"}
