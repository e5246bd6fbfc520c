"""Where a writer writes: a folder in the making, and the images that it takes over."""

import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Literal

from meshsight.core.container import read_path
from meshsight.core.errors import DataError, StorageError
from meshsight.core.files import write_bytes

ImageMode = Literal["copy", "hardlink", "symlink", "none"]


class Target:
    """A folder that is being written.

    Attributes:
        folder: write labels here.
        mode: how images get here. `hardlink` copies where the file system cannot link; `none` writes labels only.
        notes: what the writer had to do that its capacity does not say, counted, in words such as
            "boxes thinner than a pixel left out".
    """

    def __init__(self, folder: Path, mode: ImageMode = "copy") -> None:
        self.folder = folder
        self.mode = mode
        self.notes: Counter[str] = Counter()
        self._placed: dict[str, Path] = {}

    def place_image(self, source: Path, name: str) -> None:
        """Brings an image into the folder, its bytes unchanged.

        Args:
            source: the image, which may lie in a container.
            name: where it goes, relative to the folder.

        Raises:
            DataError: the image is missing, the name leads out of the folder, or another image has it already.
            StorageError: it cannot be written.
        """
        if name.startswith("/") or ".." in name.split("/"):
            raise DataError(f"the image name '{name}' leads out of the data set's folder")
        first = self._placed.get(name)
        if first is not None and first != source:
            raise DataError(f"{first} and {source} would both become '{name}'; rename one of them")
        self._placed[name] = source
        if first is not None or self.mode == "none":
            return
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._bring(source, path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DataError(f"{source}: no such image file") from error
        except OSError as error:
            raise StorageError(f"{path}: cannot be written: {error.strerror or error}. Free space.") from error

    def _bring(self, source: Path, path: Path) -> None:
        if not source.is_file():  # a member of a container, or missing
            write_bytes(path, read_path(source))
        elif self.mode == "symlink":
            path.symlink_to(source.resolve())
        elif self.mode == "hardlink":
            _link_or_copy(source.resolve(), path)
        else:
            shutil.copyfile(source, path)


def _link_or_copy(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, path)
