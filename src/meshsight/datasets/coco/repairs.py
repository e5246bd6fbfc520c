"""What a reader of COCO files had to put right, counted, and said in one warning."""

import logging
from collections import Counter
from pathlib import Path

log = logging.getLogger(__name__)


class Repairs:
    """Counts repairs by what they are called, such as "licences that are no list"."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, what: str, count: int = 1) -> None:
        """Counts some; none are not mentioned."""
        if count:
            self._counts[what] += count

    def report(self, source: Path) -> None:
        """Says all of them in one warning, if there are any."""
        if self._counts:
            log.warning("%s: put right: %s", source, "; ".join(f"{n} {what}" for what, n in self._counts.items()))
