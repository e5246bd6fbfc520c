"""What was said in warnings meanwhile, to stand in a result beside its numbers."""

import contextlib
import logging
from collections.abc import Generator


class _Keeper(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a message once."""
        self.messages.setdefault(record.getMessage())


@contextlib.contextmanager
def warnings_kept() -> Generator[dict[str, None]]:
    """Gives a growing collection of the warnings that our own modules log, each once; they are still logged."""
    keeper, logger = _Keeper(), logging.getLogger("meshsight")
    logger.addHandler(keeper)
    try:
        yield keeper.messages
    finally:
        logger.removeHandler(keeper)
