"""Image files in the data set's folders that no label names."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.container import open_container
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.inspection.checking import Subject, Whole
from meshsight.datasets.inspection.findings import Case, Fault
from meshsight.specs.base import VariantSpec

UNLISTED = Fault(
    code="image_unlisted",
    severity="error",
    message="image files lie among the others, and no label or split names them",
    advice="label them, or move them away; a picture without objects needs an empty label",
)
FAULTS = (UNLISTED,)


class Spec(VariantSpec):
    """Files have no limits to set."""

    kind: Literal["files"] = "files"


class FileCheck:
    """Remembers the images of each folder; masks and depth in folders of their own are none of its business."""

    def __init__(self) -> None:
        self._names: dict[Path, set[str]] = defaultdict(set)

    def look(self, subject: Subject) -> Iterator[Case]:
        """Remembers the image."""
        self._names[subject.path.parent].add(subject.path.name)
        yield from ()

    def conclude(self, whole: Whole) -> Iterator[Case]:
        """Compares the folders, and the containers, with what was named."""
        if not whole.is_complete:
            return
        for folder, names in sorted(self._names.items()):
            stems = {PurePosixPath(name).stem for name in names}
            for name in sorted(_images_in(folder) - names):
                if not _belongs(name, stems):
                    yield Case(fault=UNLISTED, detail="no label names it", image=_relative(folder / name, whole.path))


def build(spec: Spec) -> FileCheck:
    """Returns the check."""
    return FileCheck()


def _images_in(folder: Path) -> set[str]:
    if folder.is_dir():
        names = (path.name for path in folder.iterdir() if path.is_file())
    elif folder.is_file():
        names = iter(open_container(folder).names())
    else:
        names = iter(())
    return {name for name in names if name.lower().endswith(IMAGE_SUFFIXES) and not name.startswith(".")}


def _belongs(name: str, stems: set[str]) -> bool:
    """Tells whether a file goes with a listed image, as `000007.depth.png` does with `000007.png`."""
    parts = PurePosixPath(name).stem.split(".")
    return any(".".join(parts[:count]) in stems for count in range(1, len(parts)))


def _relative(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
