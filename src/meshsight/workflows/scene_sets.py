"""Data sets that trials of a sweep draw from a recipe of scenes; equal recipes share one folder."""

import contextlib
import threading
import time
from collections.abc import Generator
from pathlib import Path

from meshsight.core.errors import BusyError
from meshsight.datasets.manifest import MANIFEST
from meshsight.execution.worker import Reporter
from meshsight.specs.base import fingerprint
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.generate import generate

WAIT_SECONDS = 1.0
SIGN_SECONDS = 20.0


def scene_set(spec: SceneSpec, sets: Path, root: Path, report: Reporter) -> Path:
    """Returns the folder of a recipe's set, which is drawn if it is not there, or waited for if another draws it.

    Raises:
        MeshsightError: as `generate`.
    """
    folder = sets / fingerprint(spec)
    while not (folder / MANIFEST).is_file():
        try:
            with _signs_of_life(report):
                generate(spec, folder, root=root, workers=1, resume=True, progress=False)
        except BusyError:
            time.sleep(WAIT_SECONDS)
    return folder


@contextlib.contextmanager
def _signs_of_life(report: Reporter) -> Generator[None]:
    """Tells the parent that we are at work: the drawing has workers of its own, which are watched by themselves."""
    is_over = threading.Event()

    def tell() -> None:
        while not is_over.wait(SIGN_SECONDS):
            report.advance(0)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
