"""DOPE folders: label files without an image, which readers never open, and corners that contradict the poses."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.dope.files import OTHER_FILES
from meshsight.datasets.foreign import lenient
from meshsight.datasets.format import FORMAT_KINDS
from meshsight.datasets.inspection.checks.images import MISSING
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.specs.base import VariantSpec

DOUBTFUL_CORNERS = Fault(
    code="corners_doubtful",
    severity="error",
    message="corners are listed in several orders, or do not lie where the poses put them",
    advice="part the data set by the program that wrote it; --fix OUT puts into one order what fits its pose",
)
FAULTS = (MISSING, DOUBTFUL_CORNERS)


class Spec(VariantSpec):
    """Files have no limits to set."""

    kind: Literal["dope"] = "dope"


class DopeFileCheck:
    """Looks for JSON files that list objects of no image, and asks the reader about corners."""

    def look(self, path: Path) -> Iterator[Case]:
        """Yields each label file that has no image beside it, and what the reader doubts."""
        yield from _doubtful_corners(path)
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


def _doubtful_corners(path: Path) -> Iterator[Case]:
    """Yields what the reader refuses by itself, and reads when it may remap corners."""
    spec_type = FORMAT_KINDS.module("dope").Spec
    build_reader = FORMAT_KINDS.builder("dope")
    try:
        build_reader(spec_type()).open(path, None)
    except DataError as error:
        try:
            build_reader(lenient(spec_type)).open(path, None)
        except DataError:
            return  # something else, which the pass itself will say
        yield Case(fault=DOUBTFUL_CORNERS, detail=str(error))


def _is_label(file: Path) -> bool:
    return file.name not in OTHER_FILES and b'"objects"' in file.read_bytes()
