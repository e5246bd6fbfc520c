"""What a format can say of a sample.

From this are made: what a writer is given, what the user is told was dropped, the round-trip test of every format, and
its page in `docs/formats/`.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from meshsight.core.errors import DataError
from meshsight.core.lens import NO_DISTORTION
from meshsight.datasets.class_names import ANY_NAME, NameRule
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample


class Part(StrEnum):
    """Something that a label can say; the value is its name for people."""

    BOX = "boxes"
    MASK = "masks"
    FULL_MASK = "masks of the full silhouette"
    POLYGONS = "polygons"
    KEYPOINTS = "keypoints"
    FULL_BOX = "boxes of the full silhouette"
    PIXELS = "pixel counts"
    STATED = "stated visibility"
    POSE = "poses"
    MESH = "names of meshes"
    INSTANCE_ID = "instance ids"
    IGNORED = "regions to ignore"
    IS_CUT = "marks of cut silhouettes"
    CAMERA = "cameras"
    LENS = "lens distortions"
    CAMERA_POSE = "camera poses"
    HIDDEN = "hidden objects"
    GROUP = "groups"
    SOURCE = "names of sources"


EXACT = 0.0

UNITS = {
    Part.BOX: "px",
    Part.FULL_BOX: "px",
    Part.POLYGONS: "px",
    Part.KEYPOINTS: "px",
    Part.POSE: "m",
    Part.CAMERA: "px",
}
"""What the precision of a part is measured in; a pose's is the way that a corner of its box moves."""


def itself(label: ObjectLabel, sample: Sample) -> ObjectLabel:
    """Returns the label as it is."""
    return label


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """What of a sample survives a format.

    Attributes:
        keeps: the largest error of each part that is kept, in the unit of `UNITS`, after writing and reading; EXACT for
            none. Parts that are not named are dropped.
        needs: an object that lacks one of these is left out.
        names: what the class names must be like.
        in_its_words: says in the format's terms what the record knows in others, before parts are dropped: KITTI's
            occlusion level from exact counts, a polygon from a mask. Runs on every object; a part that the format
            keeps may become None where it cannot be said, and counts as lost.
        keeps_splits: named splits are written into one data set; if not, each becomes a folder of its own.
        max_objects: per image; more are refused.
        notes: sentences about the format for its page.
    """

    keeps: Mapping[Part, float]
    needs: frozenset[Part] = frozenset({Part.BOX})
    names: NameRule = ANY_NAME
    in_its_words: Callable[[ObjectLabel, Sample], ObjectLabel] = itself
    keeps_splits: bool = True
    max_objects: int | None = None
    notes: tuple[str, ...] = ()


_OF_OBJECTS = {
    Part.MASK: "mask",
    Part.FULL_MASK: "full_mask",
    Part.POLYGONS: "polygons",
    Part.KEYPOINTS: "keypoints",
    Part.FULL_BOX: "full_box",
    Part.PIXELS: "pixels",
    Part.STATED: "stated",
    Part.POSE: "pose",
    Part.MESH: "mesh",
    Part.INSTANCE_ID: "instance_id",
}
_OF_SAMPLES = {Part.CAMERA: "camera", Part.CAMERA_POSE: "T_world_cam", Part.SOURCE: "source"}


@dataclass(slots=True)
class Losses:
    """Counts what one pass over a data set left out.

    Attributes:
        parts: how many objects or images lost each part.
        lacking: objects left out because they lack a part that the format needs, by that part.
    """

    parts: Counter[Part] = field(default_factory=Counter[Part])
    lacking: Counter[Part] = field(default_factory=Counter[Part])


def reduce_sample(sample: Sample, capacity: Capacity, losses: Losses) -> Sample:
    """Returns what of a sample a format can say, and counts the rest.

    A region to ignore is left out where the format has no such thing: as an object it would be a false label.

    Raises:
        DataError: more objects are left than the format allows in one image.
    """
    dropped = tuple((part, name) for part, name in _OF_OBJECTS.items() if part not in capacity.keeps)
    reduced = (_reduce_object(label, sample, capacity, dropped, losses) for label in sample.objects)
    objects = tuple(label for label in reduced if label is not None)
    if capacity.max_objects is not None and len(objects) > capacity.max_objects:
        raise DataError(
            f"{sample.image}: {len(objects)} objects; the format holds at most {capacity.max_objects} an image"
        )
    changes: dict[str, object] = {"objects": objects}
    for part, name in _OF_SAMPLES.items():
        if part not in capacity.keeps and getattr(sample, name) is not None:
            losses.parts[part] += 1
            changes[name] = None
    if Part.CAMERA in capacity.keeps and Part.LENS not in capacity.keeps and _is_bent(sample):
        losses.parts[Part.LENS] += 1
        changes["camera"] = replace(sample.camera, distortion=NO_DISTORTION)  # pyright: ignore[reportArgumentType]
    if Part.HIDDEN not in capacity.keeps and sample.hidden:
        losses.parts[Part.HIDDEN] += len(sample.hidden)
        changes["hidden"] = ()
    return replace(sample, **changes)  # pyright: ignore[reportArgumentType]


def reduce_dataset(dataset: Dataset, capacity: Capacity) -> tuple[Dataset, Losses]:
    """Returns a data set whose samples are reduced as they stream, and what the last pass left out."""
    losses = Losses()

    def samples() -> Iterator[Sample]:
        losses.parts.clear()
        losses.lacking.clear()
        return (reduce_sample(sample, capacity, losses) for sample in dataset.samples())

    return replace(dataset, samples=samples), losses


def _reduce_object(
    label: ObjectLabel,
    sample: Sample,
    capacity: Capacity,
    dropped: Sequence[tuple[Part, str]],
    losses: Losses,
) -> ObjectLabel | None:
    if label.is_ignored and Part.IGNORED not in capacity.keeps:
        losses.parts[Part.IGNORED] += 1
        return None
    lost = [part for part, name in dropped if getattr(label, name) is not None]
    said = capacity.in_its_words(label, sample)
    lacking = next((p for p, name in _OF_OBJECTS.items() if p in capacity.needs and getattr(said, name) is None), None)
    if lacking is not None:
        losses.lacking[lacking] += 1
        return None
    changes: dict[str, object] = {}
    if said is not label:  # what it has no words for is lost, too
        lost += [p for p, name in _OF_OBJECTS.items() if p in capacity.keeps and _vanished(label, said, name)]
    if lost or said is not label:
        losses.parts.update(lost)
        changes = {name: None for _, name in dropped if getattr(said, name) is not None}
    if said.is_cut and Part.IS_CUT not in capacity.keeps:
        changes["is_cut"] = False
    return replace(said, **changes) if changes else said  # pyright: ignore[reportArgumentType]


def _is_bent(sample: Sample) -> bool:
    return sample.camera is not None and sample.camera.lens is not None


def _vanished(label: ObjectLabel, said: ObjectLabel, name: str) -> bool:
    return getattr(label, name) is not None and getattr(said, name) is None
