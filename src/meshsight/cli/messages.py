"""What people read: log records on stderr, coloured on terminals, in step with progress bars."""

import logging
import os
import sys

from tqdm import tqdm

COLOURS = {logging.WARNING: "\033[33m", logging.ERROR: "\033[31m", logging.CRITICAL: "\033[31m"}
RESET = "\033[0m"


class MessageFormatter(logging.Formatter):
    """Plain text for information; a coloured word in front of warnings and errors."""

    def __init__(self, has_colour: bool) -> None:
        super().__init__("%(message)s")
        self._has_colour = has_colour

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line or lines that a person reads."""
        text = super().format(record)
        if record.levelno < logging.WARNING:
            return text
        word = record.levelname.lower()
        if self._has_colour:
            word = f"{COLOURS[record.levelno]}{word}{RESET}"
        return f"{word}: {text}"


class MessageHandler(logging.Handler):
    """Writes to whatever stderr is now, without tearing a progress bar."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one record."""
        tqdm.write(self.format(record), file=sys.stderr)


def configure_messages(verbosity: int) -> None:
    """Sends log records of our own and of other libraries to stderr.

    Args:
        verbosity: -1 warnings and errors only, 0 also information, 1 everything, with the warnings of libraries.
    """
    own = logging.getLogger("meshsight")
    own.setLevel({-1: logging.WARNING, 0: logging.INFO, 1: logging.DEBUG}[verbosity])
    logging.captureWarnings(True)
    logging.getLogger("py.warnings").setLevel(logging.WARNING if verbosity > 0 else logging.ERROR)
    handler = MessageHandler()
    handler.setFormatter(MessageFormatter(has_colour=sys.stderr.isatty() and not os.environ.get("NO_COLOR")))
    root = logging.getLogger()
    root.handlers = [other for other in root.handlers if not isinstance(other, MessageHandler)]
    root.addHandler(handler)
