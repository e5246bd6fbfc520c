"""The files of a DOPE data set as they lie on disk: what is in each, and where they are.

SOME/FOLDER/000012.png    SOME/FOLDER/000012.json    an image and its labels, in folders of any depth
SOME/FOLDER/_camera_settings.json                    the camera of a folder, where the frames do not say it
SOME/FOLDER/_object_settings.json                    sizes of the objects
conventions.json    classes.json                     what only we write: it spares a reader every guess

The models name what is read; programs write more, and no two the same. Everything may be absent.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from meshsight.core.errors import DataError
from meshsight.core.images import IMAGE_SUFFIXES
from meshsight.datasets.class_names import CLASSES
from meshsight.specs.base import Spec

CAMERA_SETTINGS = "_camera_settings.json"
OBJECT_SETTINGS = "_object_settings.json"
CONVENTIONS = "conventions.json"
OTHER_FILES = (CAMERA_SETTINGS, OBJECT_SETTINGS, CONVENTIONS, CLASSES)

Vec2 = tuple[float, float]
Vec3 = tuple[float, float, float]
Vec4 = tuple[float, float, float, float]
Model = TypeVar("Model", bound=BaseModel)


class _Foreign(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class IntrinsicsJson(_Foreign):
    """Of a frame, or of the camera settings with the size beside it; `distortion` is ours."""

    fx: float
    fy: float
    cx: float
    cy: float
    distortion: tuple[float, float, float, float, float] | None = None


class CameraJson(_Foreign):
    """`camera_data` of a frame; the matrix maps row vectors of the world into the camera."""

    width: float | None = None
    height: float | None = None
    intrinsics: IntrinsicsJson | None = None
    camera_view_matrix: tuple[Vec4, Vec4, Vec4, Vec4] | None = None


class BoxJson(_Foreign):
    """A box as NDDS writes it: each corner is y, x."""

    top_left: Vec2
    bottom_right: Vec2


class ObjectJson(_Foreign):
    """One of a frame's `objects`."""

    class_name: str | None = Field(None, alias="class")
    name: str | None = None
    provenance: str | None = None
    instance_id: object = None
    segmentation_id: object = None
    visibility: float | None = None
    px_count_all: int | None = None
    px_count_visib: int | None = None
    px_count_inside: int | None = None
    truncation_ratio: float | None = None
    location: Vec3 | None = None
    quaternion_xyzw: Vec4 | None = None
    cuboid: tuple[Vec3, ...] | None = None
    projected_cuboid: tuple[Vec2, ...] | None = None
    projected_cuboid_centroid: Vec2 | None = None
    bounding_box: BoxJson | None = None
    bounding_box_minx_maxx_miny_maxy: Vec4 | None = None
    model_scale: float = 1.0


class FrameJson(_Foreign):
    """The labels of one image."""

    camera_data: CameraJson = CameraJson()
    objects: tuple[ObjectJson, ...] = ()
    keypoint_order: tuple[str, ...] | None = None
    group: str | None = None


class _SizeJson(_Foreign):
    width: float
    height: float


class _OneCameraJson(_Foreign):
    name: str = ""
    intrinsic_settings: IntrinsicsJson | None = None
    captured_image_size: _SizeJson | None = None


class CameraSettings(_Foreign):
    """`_camera_settings.json`: the cameras of a folder; a stereo pair's are called as the images end (`.left`)."""

    camera_settings: tuple[_OneCameraJson, ...] = ()


class ExportedObject(_Foreign):
    """A class and the size of its box along x, y and z."""

    class_name: str = Field(alias="class")
    cuboid_dimensions: Vec3 | None = None


class ObjectSettings(_Foreign):
    """`_object_settings.json`."""

    exported_objects: tuple[ExportedObject, ...] = ()


class Conventions(Spec):
    """`conventions.json`: what the numbers in our own files mean."""

    format: Literal["dope"] = "dope"
    units: Literal["m", "cm"]
    corner_order: Literal["dope", "isaac"]
    camera_axes: Literal["opencv"] = "opencv"
    quaternions: Literal["xyzw"] = "xyzw"
    image_origin: Literal["outer edge of the first pixel"] = "outer edge of the first pixel"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFile:
    """A frame's two files, relative to the data set's folder with forward slashes."""

    labels: str
    image: str


def walk_frames(root: Path, most_folders: int | None = None) -> Iterator[FrameFile]:
    """Yields the frames of a folder in the order of their names: each `x.json` that has an image `x` beside it.

    Args:
        root: the folder.
        most_folders: look into no more than this many folders.
    """
    for folder, inner, names in islice(os.walk(root), most_folders):
        inner.sort()
        images: dict[str, str] = {}
        for name in sorted(names, key=_png_first):
            path = PurePosixPath(name)
            if path.suffix.lower() in IMAGE_SUFFIXES:
                images.setdefault(path.stem, name)
        inside = Path(folder).relative_to(root).as_posix()
        prefix = "" if inside == "." else f"{inside}/"
        for name in sorted(names):
            stem = name.removesuffix(".json")
            if stem != name and stem in images and name not in OTHER_FILES:
                yield FrameFile(labels=prefix + name, image=prefix + images[stem])


def read_frame(path: Path) -> FrameJson:
    """Reads the labels of one image.

    Raises:
        DataError: the file is missing, torn, or a value is not what it must be.
    """
    return _read(path, FrameJson)


class FolderSettings:
    """The settings files of a data set; each is read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._cameras: dict[Path, CameraSettings] = {}
        self._objects: dict[Path, ObjectSettings] = {}

    def cameras(self, frame: FrameFile) -> CameraSettings:
        """Returns the camera settings of a frame's folder, or of the nearest folder above it that has some."""
        folder = (self._root / frame.labels).parent
        if folder not in self._cameras:
            self._cameras[folder] = self._read_nearest(folder, CAMERA_SETTINGS, CameraSettings)
        return self._cameras[folder]

    def objects(self, frame: FrameFile) -> ObjectSettings:
        """Returns the object settings of a frame's folder, or of the nearest folder above it that has some."""
        folder = (self._root / frame.labels).parent
        if folder not in self._objects:
            self._objects[folder] = self._read_nearest(folder, OBJECT_SETTINGS, ObjectSettings)
        return self._objects[folder]

    def _read_nearest(self, folder: Path, name: str, model: type[Model]) -> Model:
        while folder != self._root and not (folder / name).is_file():
            folder = folder.parent
        path = folder / name
        return _read(path, model) if path.is_file() else model()


def read_conventions(root: Path) -> Conventions | None:
    """Reads `conventions.json`, or returns None where there is none.

    Raises:
        DataError: it is damaged.
    """
    path = root / CONVENTIONS
    return _read(path, Conventions) if path.is_file() else None


def _read(path: Path, model: type[Model]) -> Model:
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: not as DOPE writes it: {field + ': ' if field else ''}{first['msg']}") from error


def _png_first(name: str) -> tuple[bool, str]:
    return not name.lower().endswith(".png"), name
