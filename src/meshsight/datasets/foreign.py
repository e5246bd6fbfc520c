"""What the readers of other people's data sets share: checked boxes, groups, and the search for images."""

import logging
import math
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Literal

from pydantic import Field

from meshsight.core.errors import DataError
from meshsight.records.sample import Box
from meshsight.specs.base import VariantSpec

log = logging.getLogger(__name__)


class ForeignSpec(VariantSpec):
    """How forgiving a reader is."""

    max_overhang_px: float = Field(2.0, ge=0)
    """A box that leaves its image by at most this much is clipped, and counted in a warning (rounding does this)."""
    bad_boxes: Literal["refuse", "drop", "keep"] = "refuse"
    """What to do with an empty box, or one that reaches further out: refuse the data set, drop the box, or keep every
    box as it is, unclipped, for whoever looks for faults."""
    missing_images: Literal["refuse", "keep"] = "refuse"
    """What to do with labels whose image is missing: refuse the data set, or keep them, for whoever looks for
    faults."""


_LENIENT = {
    "bad_boxes": "keep",
    "missing_images": "keep",
    "missing_labels": "empty",
    "doubtful_corners": "remap",
}


def lenient(spec_type: type[VariantSpec]) -> VariantSpec:
    """Returns a format's settings with which as much as possible is read, faults and all."""
    return spec_type.model_validate({key: value for key, value in _LENIENT.items() if key in spec_type.model_fields})


class BoxCheck:
    """Clips and checks the boxes of one data set, and counts what it had to do."""

    def __init__(self, spec: ForeignSpec) -> None:
        self._spec = spec
        self._num_clipped = 0
        self._worst_px = 0.0
        self._num_dropped = 0

    def check(self, box: Box, size_hw: tuple[int, int], where: str) -> Box | None:
        """Returns the box within its image, or None when it is to be dropped; with `keep`, the box as it is.

        Args:
            box: half-open xyxy in pixels.
            size_hw: size of its image.
            where: file, image and label, for messages.

        Raises:
            DataError: the box is empty or reaches out of the image, and such boxes are refused.
        """
        if self._spec.bad_boxes == "keep":
            return box
        fault, overhang = self._fault(box, size_hw)
        if fault and self._spec.bad_boxes == "refuse":
            raise DataError(
                f"{where}: the box {_in_words(box)} (x1, y1, x2, y2) {fault}. "
                "Mend it, or open the data set with `bad_boxes: drop`."
            )
        if fault:
            self._num_dropped += 1
            return None
        if overhang > 0:
            self._num_clipped += 1
            self._worst_px = max(self._worst_px, overhang)
        return _clip(box, size_hw)

    def report(self, source: Path) -> None:
        """Says in one warning each what was clipped and dropped, if anything was."""
        if self._num_clipped:
            log.warning(
                "%s: clipped %d boxes that left their image by up to %.3g px",
                source,
                self._num_clipped,
                self._worst_px,
            )
        if self._num_dropped:
            log.warning("%s: dropped %d bad boxes", source, self._num_dropped)

    def _fault(self, box: Box, size_hw: tuple[int, int]) -> tuple[str, float]:
        if not all(math.isfinite(side) for side in box):
            return "is not finite", 0.0
        height, width = size_hw
        overhang = max(-box[0], -box[1], box[2] - width, box[3] - height, 0.0)
        x1, y1, x2, y2 = _clip(box, size_hw)
        if overhang > self._spec.max_overhang_px:
            return f"leaves its image of {width} x {height} px by {overhang:.4g} px", overhang
        if x2 <= x1 or y2 <= y1:
            return "is empty", overhang
        return "", overhang


def photograph_of(image: str) -> str:
    """Names the photograph that an image file was made from: Roboflow's copies `NAME.rf.HASH.jpg` share theirs."""
    folder, slash, name = image.rpartition("/")
    return folder + slash + (name.rpartition(".")[0] or name).partition(".rf.")[0]


def find_image_root(
    names: Sequence[str], places: Iterable[Path], source: Path, missing: Literal["refuse", "keep"] = "refuse"
) -> Path:
    """Returns the first place that holds the first of the images, after checking that it holds them all.

    Args:
        names: the images' paths in the place that is sought.
        places: where they may lie.
        source: the label file, for messages.
        missing: `keep` is content with a place that holds any of them.

    Raises:
        DataError: no place holds it, an image is missing, or a name leads out of the folder.
    """
    for name in names:
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise DataError(f"{source}: the image name '{name}' leads out of the data set's folder")
    tried = list(dict.fromkeys(places))
    sought = names[:1] if missing == "refuse" else names
    root = next((place for name in sought for place in tried if (place / name).is_file()), None)
    if root is None:
        looked = ", ".join(str(place) for place in tried)
        raise DataError(f"{source}: image '{names[0] if names else ''}' not found (looked in {looked})")
    absent = [name for name in names if not (root / name).is_file()] if missing == "refuse" else []
    if absent:
        raise DataError(f"{source}: {len(absent)} of {len(names)} images are missing in {root}, first '{absent[0]}'")
    return root


def _clip(box: Box, size_hw: tuple[int, int]) -> Box:
    height, width = size_hw
    x1, y1, x2, y2 = box
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))


def _in_words(box: Box) -> str:
    return f"({', '.join(f'{side:g}' for side in box)})"
