"""A picture of the frames that a long run draws, labels drawn, to look at while it runs: `.run/preview.jpg`."""

import logging
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from meshsight.core.errors import MeshsightError
from meshsight.core.images import RgbImage, read_image
from meshsight.datasets.folder import RUN, FrameLines
from meshsight.datasets.sample_json import sample_from_json
from meshsight.workflows.show import Looks, draw_labels, write_grid

PREVIEW = "preview.jpg"
GRID_FRAMES = 16
LOOKS = Looks(side=360)
LARGEST_SHARE = 0.02
"""Of the run's time, what drawing the picture may take."""

log = logging.getLogger(__name__)


class LivePreview:
    """Draws the picture as soon as there is a frame, when there are enough for a grid, and again with the newest.

    It only watches: what goes wrong with it is no matter of the run's.
    """

    def __init__(self, folder: Path, classes: Sequence[str]) -> None:
        self._folder = folder
        self._classes = classes
        self._newest: deque[FrameLines] = deque(maxlen=GRID_FRAMES)
        self._is_full = False
        self._due = 0.0

    @property
    def path(self) -> Path:
        """Where the picture is."""
        return self._folder / RUN / PREVIEW

    def show(self, frames: Sequence[FrameLines]) -> None:
        """Takes in frames that are drawn, and draws the picture anew when it is time."""
        self._newest.extend(frames)
        is_grid_full = len(self._newest) == GRID_FRAMES and not self._is_full
        if self._newest and (is_grid_full or time.monotonic() >= self._due):
            self._refresh()

    def _refresh(self) -> None:
        started = time.monotonic()
        is_first = self._due == 0
        try:
            write_grid(self.path, [self._draw(frame) for frame in self._newest])
        except MeshsightError as error:
            log.debug("no preview: %s", error)
        else:
            if is_first:
                log.info("the newest frames, labels drawn: %s", self.path)
        self._is_full = len(self._newest) == GRID_FRAMES
        now = time.monotonic()
        self._due = now + max(5.0, (now - started) / LARGEST_SHARE)

    def _draw(self, frame: FrameLines) -> RgbImage:
        sample = sample_from_json(frame.label, frame.image)
        return draw_labels(read_image(self._folder / frame.image), sample, self._classes, LOOKS)
