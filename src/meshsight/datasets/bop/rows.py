"""The rows of BOP's JSON files, as they stand there.

Lengths are millimetres. Pixel centres have whole coordinates, as in OpenCV, so a principal point is ours less 0.5.
A box is x, y, width, height of the first and last pixel *indices*: a single pixel has width 0 (bop_toolkit's
`calc_2d_bbox`). Keys that only we write are marked; other readers pass over them.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from meshsight.core.errors import DataError

Vec3 = tuple[float, float, float]
Number = int | float
BoxRow = tuple[Number, Number, Number, Number]
Mat3 = tuple[float, float, float, float, float, float, float, float, float]

NO_BOX: BoxRow = (-1, -1, -1, -1)


class _Row(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    def to_json(self) -> dict[str, Any]:
        """Returns the row without what is not known."""
        return self.model_dump(exclude_none=True)


class CameraRow(_Row):
    """One image's entry of `scene_camera.json`: matrices row by row; `distortion` and `group` are ours."""

    cam_K: Mat3 | None = None
    distortion: tuple[float, float, float, float, float] | None = None
    depth_scale: float | None = None
    cam_R_w2c: Mat3 | None = None
    cam_t_w2c: Vec3 | None = None
    group: str | None = None


class TruthRow(_Row):
    """One object's entry of `scene_gt.json`."""

    obj_id: int
    cam_R_m2c: Mat3
    cam_t_m2c: Vec3


class InfoRow(_Row):
    """One object's entry of `scene_gt_info.json`; all but `px_count_inside` is bop_toolkit's `calc_gt_info.py`.

    Attributes:
        bbox_obj: around the whole silhouette, also outside the image.
        bbox_visib: around the visible pixels; four times -1 when there are none.
        px_count_all: the whole silhouette's pixels, on a canvas three image sizes wide and high.
        px_count_valid: those within the image with a depth; without a depth sensor, all within the image.
        px_count_visib: the visible ones.
        visib_fract: px_count_visib / px_count_all.
        px_count_inside: those within the image; ours.
    """

    bbox_obj: BoxRow = NO_BOX
    bbox_visib: BoxRow = NO_BOX
    px_count_all: int | None = None
    px_count_valid: int | None = None
    px_count_visib: int | None = None
    visib_fract: float | None = None
    px_count_inside: int | None = None


class ModelRow(_Row):
    """One object's entry of `models_info.json`; the last three keys are ours.

    Attributes:
        mesh: the reference of the mesh that the model was made from.
        mesh_scale: the factor on its vertices.
        mesh_origin: where the model's origin lies in the scaled mesh's own frame, in millimetres.
    """

    diameter: float
    min_x: float
    min_y: float
    min_z: float
    size_x: float
    size_y: float
    size_z: float
    symmetries_discrete: list[list[float]] | None = None
    symmetries_continuous: list[dict[str, Vec3]] | None = None
    mesh: str | None = None
    mesh_scale: float | None = None
    mesh_origin: Vec3 | None = None


AnyRow = TypeVar("AnyRow", bound=_Row)


def parse_row(row_type: type[AnyRow], data: Any, where: str) -> AnyRow:
    """Checks one row.

    Raises:
        DataError: a key is missing or of another type; the message begins with `where`.
    """
    try:
        return row_type.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{where}: not as BOP has it: {field + ': ' if field else ''}{first['msg']}") from error


def to_number(value: float) -> Number:
    """Returns whole numbers as integers, as bop_toolkit writes them."""
    return int(value) if float(value).is_integer() else float(value)
