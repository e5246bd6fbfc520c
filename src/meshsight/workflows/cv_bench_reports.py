"""What the CV-Bench platform is told while its generator runs, by POST to its endpoint.

/output          {taskId, progress, total}: images so far, whenever that has changed
/datasetPreview  {taskId, mode, image}: the first images of each part, as data URLs of JPEGs
/task/finish     {taskId}
/task/stop       {taskId}: an error ended the run, or somebody did

Images are looked for in the folder that they are drawn into, by a thread of its own: nothing waits for the endpoint,
and whatever it answers, the run goes on.
"""

import base64
import logging
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from meshsight.core.errors import CallError, ImageError
from meshsight.core.images import encode_jpeg, read_image
from meshsight.core.webhook import check_address, post_json, post_patiently

LOOK_EVERY_S = 2.0
PATIENCE_S = 5.0
"""For one message on the way; those about the end have the usual patience."""
PAUSES_S = (1.0, 3.0)
"""Waits between attempts to tell the end."""
GIVE_UP_AFTER = 3
"""Messages of one kind in a row that were not accepted, after which no more of that kind are sent."""
NUM_PREVIEWS = 10
PREVIEW_WH = (480, 360)
PREVIEW_QUALITY = 85

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Platform:
    """Whom to tell.

    Attributes:
        url: the endpoint.
        task: what it calls this run.
    """

    url: str
    task: str


def platform_of(endpoint: str | None, task: str | None) -> Platform | None:
    """Returns whom to tell, or None for nobody.

    Raises:
        CallError: only one of the two is known, or the address is no http or https URL.
    """
    if endpoint is None and task is None:
        return None
    if endpoint is None or task is None:
        raise CallError("--endpoint and --taskID belong together; give both, or neither")
    return Platform(check_address(endpoint), task)


@dataclass(slots=True, kw_only=True)
class Reports:
    """Messages of one run.

    Attributes:
        platform: whom to tell; None for nobody.
        total: images of all parts.
        done: images of the parts that are finished.
        refused: by kind of message, how many in a row were not accepted.
    """

    platform: Platform | None
    total: int
    done: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def send(self, name: str, body: dict[str, object]) -> None:
        """Posts a message on the way, once; what is not accepted again and again is not sent any more."""
        failed = self.refused.get(name, 0)
        if self.platform is None or failed >= GIVE_UP_AFTER:
            return
        url = f"{self.platform.url}/{name}"
        problem = post_json(url, {"taskId": self.platform.task, **body}, timeout_s=PATIENCE_S)
        self.refused[name] = 0 if problem is None else failed + 1
        if problem is not None:
            rest = "; no more of these are sent" if failed + 1 == GIVE_UP_AFTER else ""
            log.warning("%s could not be told: %s; the run goes on%s", url, problem, rest)

    def end(self, name: str) -> None:
        """Posts how the run ended, trying three times."""
        if self.platform is None:
            return
        url = f"{self.platform.url}/task/{name}"
        problem = post_patiently(url, {"taskId": self.platform.task}, PAUSES_S)
        if problem is not None:
            log.warning("%s could not be told: %s", url, problem)


@contextmanager
def end_reported(reports: Reports) -> Generator[None]:
    """Tells how the block ended."""
    try:
        yield
    except BaseException:  # whatever it is, the one who waits is told, and it goes on its way
        reports.end("stop")
        raise
    reports.end("finish")


@contextmanager
def progress_reported(reports: Reports, mode: str, images: Path) -> Generator[None]:
    """Tells what appears in a folder of images while the block runs, and at its end what is there then."""
    if reports.platform is None:
        yield
        return
    watch, is_over = _Watch(reports, mode, images), threading.Event()
    thread = threading.Thread(target=watch.run, args=(is_over,), name="reports", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


class _Watch:
    """Looks into a folder of images again and again."""

    def __init__(self, reports: Reports, mode: str, images: Path) -> None:
        self._reports = reports
        self._mode = mode
        self._images = images
        self._previews = 0
        self._told: int | None = None

    def run(self, is_over: threading.Event) -> None:
        """Looks until it is over, and once more."""
        while not is_over.wait(LOOK_EVERY_S):
            self._look()
        self._look()

    def _look(self) -> None:
        names = sorted(path.name for path in self._images.glob("*.png"))
        if len(names) != self._told:
            self._told = len(names)
            progress = self._reports.done + len(names)
            self._reports.send("output", {"progress": progress, "total": self._reports.total})
        for name in names[self._previews : NUM_PREVIEWS]:
            self._previews += 1
            try:
                image = preview_of(self._images / name)
            except ImageError as error:
                log.debug("no preview: %s", error)
            else:
                self._reports.send("datasetPreview", {"mode": self._mode, "image": image})


def preview_of(path: Path) -> str:
    """Returns an image as the data URL of a small JPEG.

    Raises:
        ImageError: it cannot be read.
    """
    small = np.asarray(cv2.resize(read_image(path), PREVIEW_WH, interpolation=cv2.INTER_AREA))
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(small, PREVIEW_QUALITY)).decode("ascii")
