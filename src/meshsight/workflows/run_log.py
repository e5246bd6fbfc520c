"""`run.log`: what a long run said, with the times, kept beside its results."""

import contextlib
import logging
import platform
import sys
from collections.abc import Generator
from pathlib import Path

import meshsight
from meshsight.core.errors import StorageError


class _QuietFileHandler(logging.FileHandler):
    """Gives up without a word when the disk is full: the run itself will say so."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Drops the record."""


@contextlib.contextmanager
def run_log(path: Path) -> Generator[None]:
    """Appends everything that meshsight logs inside the block, and the error that ends it, to a file.

    Raises:
        StorageError: the file cannot be opened.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _QuietFileHandler(path, encoding="utf-8", delay=False)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {error.strerror or error}") from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("meshsight")
    logger.addHandler(handler)
    _write(handler, logging.INFO, f"meshsight {meshsight.__version__}, Python {sys.version}, {platform.platform()}")
    try:
        yield
    except BaseException:  # whatever it is, it is written down and goes on its way
        _write(handler, logging.ERROR, "ended by", has_error=True)
        raise
    finally:
        logger.removeHandler(handler)
        with contextlib.suppress(OSError):
            handler.close()


def _write(handler: logging.Handler, level: int, message: str, *, has_error: bool = False) -> None:
    """Writes one record whatever the levels of the loggers are."""
    trace = sys.exc_info() if has_error else None
    handler.handle(logging.LogRecord("meshsight", level, __file__, 0, message, None, trace))
