"""What a person sees of a run that draws frames: a bar or lines of progress, the estimate, and the newest frames."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from tqdm import tqdm

from meshsight.datasets.folder import FrameLines
from meshsight.workflows.estimate import Estimator
from meshsight.workflows.live_preview import LivePreview

LOG_SECONDS = 5.0

log = logging.getLogger(__name__)


class DrawingProgress:
    """Told of every frame; a `with` block ends the bar."""

    def __init__(
        self, folder: Path, classes: Sequence[str], frames: int, missing: int, workers: int, is_shown: bool
    ) -> None:
        self._preview = LivePreview(folder, classes)
        self._estimator = Estimator(folder, missing, workers)
        self._frames = frames
        self._done = frames - missing
        self._said = self._done * 10 // frames
        self._said_at = time.monotonic()
        is_talkative = is_shown and log.isEnabledFor(logging.INFO)
        if missing:
            log.info("drawing with %d %s", workers, "process" if workers == 1 else "processes")
        self._bar = tqdm(
            total=frames,
            initial=self._done,
            unit="frame",
            desc="generate",
            disable=None if is_talkative else True,  # None: only on a terminal
            dynamic_ncols=True,
        )
        self._is_logged = is_talkative and bool(self._bar.disable)

    def __enter__(self) -> "DrawingProgress":
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the bar."""
        self._bar.close()

    def advance(self, items: int) -> None:
        """Takes in frames that are done, or must be done again."""
        self._bar.update(items)

    def lose(self) -> None:
        """Takes in a frame that will not be drawn."""
        self._bar.update(1)
        self._done += 1

    def show(self, frames: Sequence[FrameLines], num_bytes: int) -> None:
        """Takes in frames that are on the disk.

        Raises:
            StorageError: the disk cannot hold the rest.
        """
        self._done += len(frames)
        self._preview.show(frames)
        estimate = self._estimator.add(len(frames), num_bytes)
        if estimate is not None:
            log.info("%s", estimate)
        if self._is_logged:
            self._log()

    def _log(self) -> None:
        """Says how far the run is, at each tenth of it but not all the time: for logs, where no bar can be."""
        tenths = self._done * 10 // self._frames
        if self._done == self._frames or (tenths > self._said and time.monotonic() > self._said_at + LOG_SECONDS):
            self._said, self._said_at = tenths, time.monotonic()
            log.info("%d of %d frames", self._done, self._frames)
