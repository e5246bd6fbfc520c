"""What a person sees of a download: its size first, then a bar."""

import logging
from typing import NoReturn

from tqdm import tqdm

log = logging.getLogger(__name__)


class DownloadBar:
    """Says how large a file is and shows how much of it is there; to be closed at the end."""

    def __init__(self, label: str, is_shown: bool) -> None:
        """Shows nothing but the size if `is_shown` is false or stderr is no terminal."""
        self._label = label
        self._is_shown = is_shown and log.isEnabledFor(logging.INFO)
        self._bar: tqdm[NoReturn] | None = None

    def update(self, done: int, size: int | None) -> None:
        """Takes in how many bytes are there, and of how many."""
        if self._bar is None:
            there = f", of which {_megabytes(done)} are there" if done else ""
            log.info("%s: %s%s", self._label, "of unknown size" if size is None else _megabytes(size), there)
            is_off = None if self._is_shown else True
            self._bar = tqdm(
                total=size, initial=done, unit="B", unit_scale=True, desc="fetch", disable=is_off, dynamic_ncols=True
            )
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Ends the bar."""
        if self._bar is not None:
            self._bar.close()


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
