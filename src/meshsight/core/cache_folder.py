"""The one folder for what is made or fetched once and kept between runs; all of it may be deleted at any time."""

import os
import sys
from pathlib import Path

CACHE_VARIABLE = "MESHSIGHT_CACHE"


def cache_folder() -> Path:
    """Returns `$MESHSIGHT_CACHE`, or this platform's place for caches; it need not exist yet."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser().absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "meshsight"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "meshsight" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "meshsight"
