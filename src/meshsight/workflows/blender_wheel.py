"""The wheel of bpy, downloaded so that what has arrived is kept when the connection or the process breaks.

pip begins such a file anew; so pip is only asked which file it is, and gets it as a file.
"""

import json
import logging
import subprocess
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError, DataError, ExecutionError
from meshsight.core.files import sha256_of_file
from meshsight.datasets.fetching.download import WAIT_S, check_url, download, forget
from meshsight.render.renderers import cycles
from meshsight.workflows.download_bar import DownloadBar

SCRIPT = Path(cycles.__file__).parents[1] / "blender" / "find_wheel.py"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A file that pip would download.

    Attributes:
        url, filename: where it is, and what it is called.
        sha256: as the index says; None if it does not.
    """

    url: str
    filename: str
    sha256: str | None


def find_wheel(python: Path, version: str) -> Wheel | None:
    """Returns the wheel of bpy for an interpreter; None where pip finds none on the web, and is better left alone."""
    asked = [str(python), str(SCRIPT), "bpy", f"=={version}"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    try:
        wheel = Wheel(**json.loads(done.stdout))
        check_url(wheel.url)
    except (ValueError, TypeError, CallError) as error:
        log.debug("pip does not say where bpy is: %s %s", error, " ".join(done.stderr.split())[-500:])
        return None
    return wheel


def fetch_wheel(wheel: Wheel, folder: Path, *, progress: bool = True, wait_s: float = WAIT_S) -> Path:
    """Downloads a wheel from where an earlier call stopped, and checks it.

    Raises:
        ExecutionError: the connection breaks again and again, or the file is not the one that the index names.
        StorageError: the disk is full; what arrived is kept.
    """
    path, part = folder / wheel.filename, folder / f"{wheel.filename}.part"
    folder.mkdir(parents=True, exist_ok=True)
    bar = DownloadBar(wheel.filename, progress)
    try:
        download(wheel.url, part, bar.update, wait_s)
    except DataError as error:
        raise ExecutionError(str(error)) from error
    finally:
        bar.close()
    found = sha256_of_file(part)
    if wheel.sha256 is not None and found != wheel.sha256:
        forget(part)
        raise ExecutionError(
            f"{wheel.url}: its checksum is {found}, not {wheel.sha256} as the index says; nothing was kept. Run it "
            "again; if that does not help, something on the way changes downloads."
        )
    part.replace(path)
    forget(part)
    return path
