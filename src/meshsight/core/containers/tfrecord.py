"""TFRecord files of `tf.train.Example` with encoded images in them, as the object detection tools write them.

A member is called as its Example calls the image, with the suffix of what the bytes are. In a suffix, 0 stands for any
digit: shards end in their number, as in `train-00003-of-00010`.
"""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from meshsight.core.errors import DataError
from meshsight.core.tf_example import Feature, decode_example
from meshsight.core.tfrecord import read_record, record_offsets

SUFFIXES = (".tfrecord", ".tfrecords", ".record", "-of-00000")

IMAGE_KEYS = ("frame/encoded", "image/encoded")
_NAME_KEYS = ("frame/id", "image/filename", "image/source_id")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
_MAGICS = ((b"\xff\xd8", ".jpg"), (b"\x89PNG", ".png"), (b"BM", ".bmp"), (b"RIFF", ".webp"), (b"II", ".tif"))


class MemberNames:
    """Names the images of one file in the order of its records, each by a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def next(self, example: Mapping[str, Feature]) -> str | None:
        """Returns the name of the next record's image, or None when it holds none."""
        image = image_of(example)
        if image is None:
            return None
        stem = _stem(example)
        suffix = next((suffix for magic, suffix in _MAGICS if image.startswith(magic)), ".png")
        name, number = stem + suffix, 2
        while name in self._taken:
            name = f"{stem}_{number}{suffix}"
            number += 1
        self._taken.add(name)
        return name


class TfrecordContainer:
    """Knows at which byte the record of each image begins."""

    def __init__(self, file: Path) -> None:
        """Reads the file once.

        Raises:
            DataError: it is damaged.
        """
        self._file = file
        self._places: dict[str, int] = {}
        names = MemberNames()
        for offset in record_offsets(file):
            name = names.next(decode_example(read_record(file, offset), _where(file, offset)))
            if name is not None:
                self._places[name] = offset

    def names(self) -> tuple[str, ...]:
        """Returns the names of its images, in their order."""
        return tuple(self._places)

    def read(self, name: str) -> bytes:
        """Returns an image's bytes."""
        offset = self._places[name]
        image = image_of(decode_example(read_record(self._file, offset), _where(self._file, offset)))
        if image is None:
            raise DataError(f"{_where(self._file, offset)}: the image is gone; the file was changed meanwhile")
        return image


def build(file: Path) -> TfrecordContainer:
    """Opens a file."""
    return TfrecordContainer(file)


def image_of(example: Mapping[str, Feature]) -> bytes | None:
    """Returns the encoded image in an Example, or None where there is none."""
    found = (example.get(key) for key in IMAGE_KEYS)
    return next((value[0] for value in found if isinstance(value, tuple) and value), None)


def _stem(example: Mapping[str, Feature]) -> str:
    """Returns what an Example calls its image, as a path without suffix that stays where it is."""
    found = (example.get(key) for key in _NAME_KEYS)
    texts = (value[0].decode(errors="replace") for value in found if isinstance(value, tuple) and value)
    path = PurePosixPath(next((text for text in texts if text), ""))
    if path.suffix.lower() in _SUFFIXES:
        path = path.with_suffix("")
    return "/".join(part for part in path.parts if part not in ("/", "..")) or "image"


def _where(file: Path, offset: int) -> str:
    return f"{file}, record at byte {offset:,}"
