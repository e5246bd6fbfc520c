"""YOLO folders: label files without an image, which readers never open."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from meshsight.datasets.inspection.checks.images import MISSING
from meshsight.datasets.inspection.findings import Case
from meshsight.datasets.yolo.layout import find_layout, label_folder
from meshsight.specs.base import VariantSpec

FAULTS = (MISSING,)
_ROW = re.compile(r"\d+(\s+[-+.\deE]+){4,}\s*")


class Spec(VariantSpec):
    """Files have no limits to set."""

    kind: Literal["yolo"] = "yolo"


class YoloFileCheck:
    """Compares the folders of labels with those of images."""

    def look(self, path: Path) -> Iterator[Case]:
        """Yields each label file with at least one object that has no image."""
        layout = find_layout(path)
        stems: dict[Path, set[str]] = defaultdict(set)
        for image in () if layout is None else layout.images(None):
            stems[label_folder(image.parent)].add(image.stem)
        for folder, images in sorted(stems.items()):
            for file in sorted(folder.glob("*.txt")):
                if file.stem not in images and _is_label(file):
                    yield Case(fault=MISSING, detail=f"{file} has no image")


def build(spec: Spec) -> YoloFileCheck:
    """Returns the check."""
    return YoloFileCheck()


def _is_label(file: Path) -> bool:
    """Tells a label file from a list of names or images, which may lie beside it."""
    with file.open(encoding="utf-8", errors="replace") as lines:
        return _ROW.match(lines.readline()) is not None
