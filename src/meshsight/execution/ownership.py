"""A folder that one process at a time may write to."""

import contextlib
import json
import os
from pathlib import Path

import psutil

from meshsight.core.errors import BusyError
from meshsight.core.files import write_json


def take_over(note: Path, folder: Path, doing: str) -> None:
    """Makes this process the only writer of a folder, by a note that names it.

    Args:
        note: the file.
        folder: what it speaks of.
        doing: what another process would be doing, such as "generating into".

    Raises:
        BusyError: another process is at it.
    """
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, psutil.Error):
        owner = json.loads(note.read_bytes())
        process = psutil.Process(owner["pid"])
        is_same = process.create_time() == owner["started"] and process.pid != os.getpid()
        if is_same and process.status() != psutil.STATUS_ZOMBIE:
            raise BusyError(f"{folder}: process {owner['pid']} is {doing} this folder; wait for it")
    write_json(note, {"pid": os.getpid(), "started": psutil.Process().create_time()})
