"""Our own folder, as `generate` writes it; see `datasets/folder.py`."""

from pathlib import Path
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.datasets.folder import RUN, open_folder
from meshsight.datasets.manifest import MANIFEST
from meshsight.records.dataset import Dataset
from meshsight.specs.base import VariantSpec


class Spec(VariantSpec):
    """Our own folder."""

    kind: Literal["meshsight"] = "meshsight"


class MeshsightFormat:
    """Reads our own folder."""

    looks_for = f"a folder with {MANIFEST} (made by `meshsight generate`)"

    def recognises(self, path: Path) -> bool:
        """Accepts finished folders, and unfinished ones so that they are refused with the right words."""
        return (path / MANIFEST).is_file() or (path / RUN).is_dir()

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns (): a folder is one set."""
        return ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a folder; it has no named splits.

        Raises:
            DataError: the folder is unfinished or damaged, or a split is asked for.
        """
        if split is not None:
            raise DataError(f"{path}: no split '{split}'; a folder that meshsight generated is one set")
        return open_folder(path)


def build(spec: Spec) -> MeshsightFormat:
    """Returns the reader."""
    return MeshsightFormat()
