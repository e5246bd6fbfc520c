"""How many frames a run may lose before something else than the frames must be wrong."""

import logging
from collections.abc import Mapping

from meshsight.execution.pool import Lost

LARGEST_SHARE = 0.1
ALWAYS_ALLOWED = 3

log = logging.getLogger(__name__)


class Losses:
    """Counts them, and ends the run when they are too many."""

    def __init__(self, num_frames: int, num_before: int) -> None:
        self._limit = max(ALWAYS_ALLOWED, int(LARGEST_SHARE * num_frames))
        self._num = num_before
        self._num_in_a_row = 0

    def drawn(self) -> None:
        """Takes in that frames were drawn."""
        self._num_in_a_row = 0

    def add(self, lost: Lost) -> None:
        """Takes in a loss.

        Raises:
            MeshsightError: that of this frame, when too many are lost in all, or in a row.
        """
        self._num += 1
        self._num_in_a_row += 1
        if self._num > self._limit or self._num_in_a_row > ALWAYS_ALLOWED:
            raise lost.error
        log.warning("frame %d is left out: it %s. The run goes on without it.", lost.item, lost.reason)


def missing_words(missing: Mapping[int, str]) -> str:
    """Returns one line that names the frames that are missing, and why the first is."""
    frames = sorted(missing)
    named = ", ".join(str(frame) for frame in frames[:10]) + (", ..." if len(frames) > 10 else "")
    what = "1 frame is missing" if len(frames) == 1 else f"{len(frames)} frames are missing"
    return f"{what}: {named} ({missing[frames[0]]}). --resume --retry-missing tries again."
