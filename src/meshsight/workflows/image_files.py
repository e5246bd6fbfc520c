"""The images that a user means by files, folders and patterns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.images import IMAGE_SUFFIXES


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """An image that was asked for.

    Attributes:
        path: the file.
        name: relative to the folder that was named, or the file's own name; what results are called after it.
    """

    path: Path
    name: Path


def find_images(arguments: Sequence[str | Path]) -> tuple[list[ImageFile], list[str]]:
    """Finds images, each once, in the order of the arguments and sorted within one.

    Args:
        arguments: files; folders, which are searched to any depth; patterns with *, ? or [].

    Returns:
        The images, and a line for each argument that names none. A file that is named is an image, whatever it holds.
    """
    found: dict[Path, ImageFile] = {}
    problems: list[str] = []
    for argument in arguments:
        path = Path(argument)
        images = list(_images_of(path))
        if not images:
            problems.append(f"{argument}: {_why_nothing(path)}")
        for image in images:
            found.setdefault(image.path, image)
    return list(found.values()), problems


def _images_of(path: Path) -> Iterator[ImageFile]:
    if path.is_dir():
        for file in _image_files(path.rglob("*")):
            yield ImageFile(path=file, name=file.relative_to(path))
    elif path.exists():
        yield ImageFile(path=path, name=Path(path.name))
    elif _is_pattern(path):
        root = Path(path.anchor) if path.anchor else Path()
        for file in _image_files(root.glob(str(path.relative_to(path.anchor)))):
            yield ImageFile(path=file, name=Path(file.name))


def _is_pattern(path: Path) -> bool:
    return any(mark in str(path) for mark in "*?[")


def _image_files(paths: Iterator[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file())


def _why_nothing(path: Path) -> str:
    if path.is_dir():
        return f"no image in this folder (looked for {', '.join(IMAGE_SUFFIXES)})"
    return "no image fits this pattern" if _is_pattern(path) else "no such file or folder"
