"""A Blender that stays: started when it is needed, replaced when it died, hangs or has grown."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from meshsight.core.errors import ExecutionError, RenderError
from meshsight.execution.blender.libraries import library_advice
from meshsight.execution.blender.process import SIGNAL, BlenderDied, BlenderProcess

Result = TypeVar("Result")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeeperSettings:
    """When a Blender is replaced.

    Attributes:
        recycle_frames: after so many pieces of work.
        recycle_growth_bytes: when it holds so much more memory than after its first piece.
        max_deaths: a piece of work that ends so many of them is given up.
    """

    recycle_frames: int = 1000
    recycle_growth_bytes: int = 2 << 30
    max_deaths: int = 3


class BlenderKeeper:
    """Gives work to one Blender at a time."""

    def __init__(self, start: Callable[[], BlenderProcess], settings: KeeperSettings) -> None:
        """Starts nothing yet; `start` returns a process that is ready for work."""
        self._start = start
        self._settings = settings
        self._process: BlenderProcess | None = None
        self._num_done = 0
        self._first_bytes = 0

    def warm_up(self) -> None:
        """Starts the process now, so that what keeps it from starting is known before there is work.

        Raises:
            RenderError: Blender cannot start.
        """
        self._ready()

    def perform(self, place: str, work: Callable[[BlenderProcess], Result]) -> Result:
        """Does one piece of work, with new processes when they die.

        Args:
            place: what it is called in messages.
            work: may find another process than the last time, to which nothing was said yet.

        Raises:
            ExecutionError: the work ended too many processes.
            RenderError: Blender cannot start.
        """
        for deaths in range(1, self._settings.max_deaths + 1):
            process = self._ready()
            try:
                result = work(process)
            except BlenderDied as death:
                self.close()
                if deaths == self._settings.max_deaths:
                    words = f" Its last words: {death.last_words}" if death.last_words else ""
                    raise ExecutionError(
                        f"{place}: Blender died here {deaths} times ({death.cause}).{words}"
                    ) from death
                log.warning("%s: Blender died (%s); starting anew", place, death.cause)
            else:
                self._note_done(process)
                return result
        raise AssertionError("max_deaths is at least 1")

    def _ready(self) -> BlenderProcess:
        if self._process is None:
            self._process = self._started()
            self._num_done = self._first_bytes = 0
        return self._process

    def _started(self) -> BlenderProcess:
        """Starts one; another try is worth it only where a signal ended it, as when memory runs out."""
        for deaths in range(1, self._settings.max_deaths + 1):
            try:
                return self._start()
            except BlenderDied as death:
                if deaths == self._settings.max_deaths or not death.cause.startswith(SIGNAL):
                    words = f" Its last words: {death.last_words}" if death.last_words else ""
                    advice = library_advice(death.last_words)
                    raise RenderError(f"Blender cannot start ({death.cause}).{advice or words}") from death
                log.warning("Blender died while it started (%s); starting anew", death.cause)
        raise AssertionError("max_deaths is at least 1")

    def _note_done(self, process: BlenderProcess) -> None:
        self._num_done += 1
        size = process.resident_bytes()
        self._first_bytes = self._first_bytes or size
        growth = size - self._first_bytes
        if self._num_done >= self._settings.recycle_frames or growth > self._settings.recycle_growth_bytes:
            log.debug("Blender %d leaves after %d frames, grown by %d MiB", process.pid, self._num_done, growth >> 20)
            self.close()

    def close(self) -> None:
        """Ends the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process = None
