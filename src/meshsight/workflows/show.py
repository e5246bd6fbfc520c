"""`show` and `preview`'s common half, and `show` itself: the labels of a data set, drawn."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from meshsight.core.errors import CallError
from meshsight.core.images import RgbImage, read_image, write_image
from meshsight.plotting.draw import draw_fitted, image_grid, label_marks
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.workflows.sources import open_source

WRITABLE_SUFFIXES = (".png", ".jpg", ".jpeg")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How labels are drawn.

    Attributes:
        with_masks: shade the visible pixels.
        with_keypoints: draw keypoints, which are cuboids in our own data.
        side: longer side of each picture in a grid, in pixels.
    """

    with_masks: bool = True
    with_keypoints: bool = False
    side: int = 480


DEFAULT_LOOKS = Looks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What `show` has drawn."""

    paths: tuple[Path, ...]
    num_images: int
    num_objects: int


def show(source: str | Path | Dataset, *, out: Path, count: int = 16, looks: Looks = DEFAULT_LOOKS) -> Shown:
    """Draws the labels of samples spread evenly over a data set.

    Args:
        source: a folder or `NAME=FOLDER`.
        out: a .png or .jpg file for one grid, or a folder for one picture each.
        count: how many samples.
        looks: what is drawn of each label.

    Raises:
        DataError: there is no data set, or an image is bad.
        CallError: no sample is asked for, or `out` is a file of another kind.
    """
    if count < 1:
        raise CallError(f"--count {count}: expected 1 or more")
    dataset = open_source(source)
    samples = _spread(dataset, count)
    pictures = [
        draw_labels(read_image(dataset.root / sample.image), sample, dataset.classes, looks) for sample in samples
    ]
    paths = _write(out, pictures, samples)
    num_objects = sum(len(sample.objects) for sample in samples)
    log.info("%d of %d images with %d objects in %s", len(samples), dataset.num_samples, num_objects, out)
    return Shown(paths=paths, num_images=len(samples), num_objects=num_objects)


def draw_labels(image: RgbImage, sample: Sample, classes: Sequence[str], looks: Looks) -> RgbImage:
    """Draws one sample's labels."""
    marks = label_marks(sample.objects, classes, looks.with_masks, looks.with_keypoints)
    return draw_fitted(image, marks, looks.side)


def write_grid(path: Path, pictures: Sequence[RgbImage]) -> None:
    """Writes pictures as one nearly square grid.

    Raises:
        CallError: the path is no .png or .jpg.
    """
    if path.suffix.lower() not in WRITABLE_SUFFIXES:
        raise CallError(f"{path}: expected a file ending in {' or '.join(WRITABLE_SUFFIXES)}")
    columns = max(1, round(len(pictures) ** 0.5))
    write_image(path, image_grid(pictures, columns) if len(pictures) > 1 else pictures[0])


def _spread(dataset: Dataset, count: int) -> list[Sample]:
    step = max(1.0, dataset.num_samples / count)
    wanted = {int(i * step) for i in range(count)}
    return [sample for i, sample in enumerate(dataset.samples()) if i in wanted]


def _write(out: Path, pictures: Sequence[RgbImage], samples: Sequence[Sample]) -> tuple[Path, ...]:
    if out.suffix:
        write_grid(out, pictures)
        return (out,)
    paths = tuple(out / f"{Path(sample.image).stem}.jpg" for sample in samples)
    for path, picture in zip(paths, pictures, strict=True):
        write_image(path, picture)
    return paths
