"""DOPE folders: label files without an image, which readers never open."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.checks.images import MISSING
from meshsight.datasets.dope.files import OTHER_FILES
from meshsight.datasets.findings import Case
from meshsight.specs.base import VariantSpec

FAULTS = (MISSING,)


class Spec(VariantSpec):
    """Files have no limits to set."""

    kind: Literal["dope"] = "dope"


class DopeFileCheck:
    """Looks for JSON files that list objects of no image."""

    def look(self, path: Path) -> Iterator[Case]:
        """Yields each label file that has no image beside it."""
        for folder, inner, names in os.walk(path):
            inner.sort()
            images = {Path(name).stem for name in names if name.lower().endswith(IMAGE_SUFFIXES)}
            for name in sorted(names):
                file = Path(folder, name)
                if file.suffix == ".json" and file.stem not in images and _is_label(file):
                    yield Case(fault=MISSING, detail=f"{file} has no image beside it")


def build(spec: Spec) -> DopeFileCheck:
    """Returns the check."""
    return DopeFileCheck()


def _is_label(file: Path) -> bool:
    return file.name not in OTHER_FILES and b'"objects"' in file.read_bytes()
