"""A polite kill ends a program as an exception does, so that what it holds is let go."""

import contextlib
import signal
import threading
from collections.abc import Generator
from types import FrameType

SIGTERM_EXIT_CODE = 128 + signal.SIGTERM


@contextlib.contextmanager
def sigterm_raises() -> Generator[None]:
    """Turns SIGTERM into `SystemExit` inside the block; outside the main thread it changes nothing."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(SIGTERM_EXIT_CODE)
