"""KITTI folders: images without a label file, which the doctor's lenient reading takes for empty ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.inspection.checks.files import UNLISTED
from meshsight.datasets.inspection.findings import Case
from meshsight.datasets.kitti.folders import files_by_stem, kitti_folders
from meshsight.specs.base import VariantSpec

FAULTS = (UNLISTED,)


class Spec(VariantSpec):
    """Files have no limits to set."""

    kind: Literal["kitti"] = "kitti"


class KittiFileCheck:
    """Compares the folders of images with those of labels."""

    def look(self, path: Path) -> Iterator[Case]:
        """Yields each image that has no label file."""
        for split, folder in kitti_folders(path).items():
            labels = files_by_stem(folder.labels, (".txt",))
            for stem, name in files_by_stem(folder.images, IMAGE_SUFFIXES).items():
                if stem not in labels:
                    image = (folder.images / name).relative_to(path).as_posix()
                    yield Case(fault=UNLISTED, detail=f"no {stem}.txt in {folder.labels}", split=split, image=image)


def build(spec: Spec) -> KittiFileCheck:
    """Returns the check."""
    return KittiFileCheck()
