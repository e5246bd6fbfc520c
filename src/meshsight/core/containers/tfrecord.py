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
_MAGICS = ((b"\xff\xd8", ".jpg"), (b"\x89PNG", ".png"), (b"BM", ".bmp"), (b"RIFF", ".webp"), (b"II", ".tif"))


class TfrecordContainer:
    """Knows at which byte the record of each image begins."""

    def __init__(self, file: Path) -> None:
        """Reads the file once.

        Raises:
            DataError: it is damaged.
        """
        self._file = file
        self._places: dict[str, int] = {}
        for offset in record_offsets(file):
            example = decode_example(read_record(file, offset), _where(file, offset))
            image = image_of(example)
            if image is not None:
                self._places[self._free(_name(example, image, offset))] = offset

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

    def _free(self, name: str) -> str:
        path, number = PurePosixPath(name), 2
        while name in self._places:
            name = path.with_stem(f"{path.stem}_{number}").as_posix()
            number += 1
        return name


def build(file: Path) -> TfrecordContainer:
    """Opens a file."""
    return TfrecordContainer(file)


def image_of(example: Mapping[str, Feature]) -> bytes | None:
    """Returns the encoded image in an Example, or None where there is none."""
    found = (example.get(key) for key in IMAGE_KEYS)
    return next((value[0] for value in found if isinstance(value, tuple) and value), None)


def _name(example: Mapping[str, Feature], image: bytes, offset: int) -> str:
    found = (example.get(key) for key in _NAME_KEYS)
    texts = (value[0].decode(errors="replace") for value in found if isinstance(value, tuple) and value)
    path = PurePosixPath(next((text for text in texts if text), str(offset)))
    if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"):
        path = path.with_suffix("")
    parts = [part for part in path.parts if part not in ("/", "..")]
    suffix = next((suffix for magic, suffix in _MAGICS if image.startswith(magic)), ".png")
    return "/".join(parts or [str(offset)]) + suffix


def _where(file: Path, offset: int) -> str:
    return f"{file}, record at byte {offset:,}"
