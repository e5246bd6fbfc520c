"""DOPE: nine points of each object's box for pose networks (NVlabs/Deep_Object_Pose), and the kin it is read from.

000012.png  000012.json       an image and its labels; folders are searched to any depth
_camera_settings.json  _object_settings.json    intrinsics, sizes of the objects

Read are the files of NDDS and its data set FAT (centimetres, the centre apart, boxes y, x), of DOPE's generators in
NVISII and BlenderProc, and of Isaac's PoseWriter. Which unit, camera axes and corner order they use is found out from
the numbers: see `dope_corners.py`. What we write suits both DOPE's trainer and NDDS's tools; beside it
`conventions.json` says what the numbers mean. Image coordinates count from the outer edge of the first pixel, as ours
do: all these programs project as graphics libraries do.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.core.files import dump_json, write_json, write_text
from meshsight.datasets.capacity import EXACT, Capacity, Part
from meshsight.datasets.class_names import read_class_list, write_class_list
from meshsight.datasets.dope.files import (
    CAMERA_SETTINGS,
    CONVENTIONS,
    OBJECT_SETTINGS,
    OTHER_FILES,
    Conventions,
    FolderSettings,
    FrameFile,
    read_conventions,
    walk_frames,
)
from meshsight.datasets.dope.habits import DopeSpec, find_habits, stated_habits
from meshsight.datasets.dope.reading import FrameReader
from meshsight.datasets.dope.writing import FrameWriter, in_dope_words
from meshsight.datasets.format import WHOLE
from meshsight.datasets.image_names import FlatNames
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

_SIGNS = (b'"camera_data"', b'"objects"')
_FOLDERS_TO_LOOK_INTO = 50


class Spec(DopeSpec):
    """DOPE and NDDS folders."""

    kind: Literal["dope"] = "dope"


class DopeFormat:
    """Reads what DOPE, NDDS, FAT and Isaac's PoseWriter write; writes what the first two read."""

    looks_for = "a folder with x.json of 'camera_data' and 'objects' beside x.png or x.jpg (DOPE, NDDS)"
    capacity = Capacity(
        keeps={
            Part.BOX: EXACT,
            Part.KEYPOINTS: EXACT,
            Part.PIXELS: EXACT,
            Part.STATED: EXACT,
            Part.POSE: 1e-9,
            Part.INSTANCE_ID: EXACT,
            Part.CAMERA: EXACT,
            Part.LENS: EXACT,
            Part.CAMERA_POSE: EXACT,
            Part.GROUP: EXACT,
        },
        needs=frozenset({Part.BOX, Part.KEYPOINTS}),
        in_its_words=in_dope_words,
        keeps_splits=False,
        notes=(
            "Nine keypoints are taken to be the corners of the object's box and its centre; others are left out.",
            "Of stated visibility the share that is seen and the truncation are kept.",
            "A lens's distortion stands in `distortion` of the intrinsics (k1, k2, p1, p2, k3: OpenCV's order), a "
            "key of ours: other readers take the camera for a pinhole.",
            "DOPE's trainer compares class names without regard to case.",
        ),
    )

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks into the first frame."""
        if not path.is_dir():
            return False
        first = next(walk_frames(path, most_folders=_FOLDERS_TO_LOOK_INTO), None)
        return first is not None and all(sign in (path / first.labels).read_bytes() for sign in _SIGNS)

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns (): each split is a folder of its own."""
        return ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a folder; labels are read when their sample is asked for.

        Without `conventions.json` they are all read once before, to find out what they mean.

        Raises:
            DataError: a file is bad, no frame is there, or the corners are doubtful and that is refused.
        """
        if split is not None:
            raise DataError(f"{path}: DOPE has no named splits; name the folder of '{split}' itself")
        files = list(walk_frames(path))
        if not files:
            raise DataError(f"{path}: no frame: a .json file with an image of the same name beside it")
        settings = FolderSettings(path)
        conventions, listed = read_conventions(path), read_class_list(path)
        classes = None if listed is None else tuple(one.name for one in listed)
        if conventions is not None and classes is not None:
            habits = stated_habits(conventions, classes)
        else:
            habits = find_habits(path, files, settings, self._spec, classes)
        return Dataset(
            root=path,
            classes=habits.classes,
            num_samples=len(files),
            samples=partial(_stream, FrameReader(path, habits, settings), files),
            name=path.resolve().name,
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes one folder; `parts` is one data set.

        Raises:
            DataError: an image is missing.
            StorageError: the disk is full.
        """
        dataset = parts[WHOLE]
        names = FlatNames()
        for taken in OTHER_FILES:
            names.stem(taken)
        writer = FrameWriter(dataset.classes, self._conventions())
        for sample in dataset.samples():
            stem = names.stem(sample.image)
            target.place_image(dataset.root / sample.image, stem + PurePosixPath(sample.image).suffix)
            write_text(target.folder / f"{stem}.json", dump_json(writer.frame(sample)) + "\n")
        if writer.num_other_sizes:
            target.notes["objects of another size than their class has in _object_settings.json"] += (
                writer.num_other_sizes
            )
        if (camera := writer.camera_settings()) is not None:
            write_json(target.folder / CAMERA_SETTINGS, camera)
        write_json(target.folder / OBJECT_SETTINGS, writer.object_settings())
        write_json(target.folder / CONVENTIONS, writer.conventions.model_dump(mode="json"))
        write_class_list(target.folder, dataset.classes, dataset.classes)

    def _conventions(self) -> Conventions:
        unit, order = self._spec.units, self._spec.corner_order
        return Conventions(units="m" if unit == "auto" else unit, corner_order="dope" if order == "auto" else order)


def build(spec: Spec) -> DopeFormat:
    """Returns the format."""
    return DopeFormat(spec)


def _stream(reader: FrameReader, files: list[FrameFile]) -> Iterator[Sample]:
    return (reader.read(index, file) for index, file in enumerate(files))
