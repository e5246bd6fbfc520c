"""`show` and `preview`'s common half, and `show` itself: the labels of a data set, drawn."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from meshsight.core.errors import CallError, DataError
from meshsight.core.images import RgbImage, read_image, write_image
from meshsight.core.kinds import did_you_mean
from meshsight.datasets.measures.sampling import even_indices
from meshsight.plotting.draw import draw, draw_fitted, image_grid
from meshsight.plotting.label_marks import Drawn, label_marks, usual_parts
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.workflows.show_page import PageMaker
from meshsight.workflows.sources import open_source

WRITABLE_SUFFIXES = (".png", ".jpg", ".jpeg")
PAGE_SUFFIXES = (".html", ".htm")
GRID_SIDE, GRID_TEXT = 480, 14
PAGE_SIDE, PAGE_TEXT = 720, 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looks:
    """How labels are drawn.

    Attributes:
        parts: what of each label; None for what says most about a sample.
        side: longer side of each picture in pixels; None for 480 in a grid, 720 on a page, and the image's own size
            one by one.
        text_px: size of the text in a picture of a given side; None fits it.
    """

    parts: frozenset[Drawn] | None = None
    side: int | None = None
    text_px: int | None = None


DEFAULT_LOOKS = Looks()


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which samples are drawn: those that are named, or some that are spread evenly over the data set.

    Attributes:
        count: how many, where none is named.
        images: paths as the labels give them, or their ends: `000007.png`, or `000007`.
        frames: numbers of samples.
    """

    count: int = 16
    images: tuple[str, ...] = ()
    frames: tuple[int, ...] = ()


EVENLY = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What `show` has drawn."""

    paths: tuple[Path, ...]
    num_images: int
    num_objects: int


def show(
    source: str | Path | Dataset,
    *,
    out: Path,
    split: str | None = None,
    selection: Selection = EVENLY,
    looks: Looks = DEFAULT_LOOKS,
) -> Shown:
    """Draws the labels of some samples of a data set.

    Args:
        source: a folder or `NAME=FOLDER`.
        out: a .png or .jpg file for one grid, a .html file for a page, or a folder for one picture each.
        split: the named split to draw; only where `source` is a path.
        selection: which samples.
        looks: what is drawn of each label, and how.

    Raises:
        DataError: there is no data set, no such split, or an image is bad.
        CallError: no sample is asked for, there is none of that name, or `out` is a file of another kind.
    """
    _check_call(out, selection)
    dataset = open_source(source if split is None else f"{source}#{split}")
    samples = select(dataset, selection)
    paths = _write(out, dataset, samples, looks)
    num_objects = sum(len(sample.objects) for sample in samples)
    log.info("%d of %d images with %d objects in %s", len(samples), dataset.num_samples, num_objects, out)
    return Shown(paths=paths, num_images=len(samples), num_objects=num_objects)


def select(dataset: Dataset, selection: Selection) -> list[Sample]:
    """Returns the samples to draw, in the order of the data set.

    Raises:
        CallError: there is no sample of a name or number.
    """
    if not selection.images and not selection.frames:
        wanted = set(even_indices(dataset.num_samples, selection.count))
        return [sample for index, sample in enumerate(dataset.samples()) if index in wanted]
    frames, names = set(selection.frames), set(selection.images)
    found = [sample for sample in dataset.samples() if sample.frame in frames or names & _names_of(sample)]
    missing = names - {name for sample in found for name in _names_of(sample)}
    if missing:
        known = (PurePosixPath(sample.image).name for sample in dataset.samples())
        raise CallError(f"--image {min(missing)}: no such image in {dataset.root}{did_you_mean(min(missing), known)}")
    unknown = frames - {sample.frame for sample in found}
    if unknown:
        raise CallError(f"--frame {min(unknown)}: {dataset.root} has no such frame among its {dataset.num_samples}")
    return found


def draw_labels(image: RgbImage, sample: Sample, classes: Sequence[str], looks: Looks) -> RgbImage:
    """Draws one sample's labels; without a side in `looks`, on the image as it is."""
    parts = usual_parts(sample) if looks.parts is None else looks.parts
    marks = label_marks(sample, classes, parts)
    if looks.side is None:
        return draw(image, marks, text_px=looks.text_px)
    return draw_fitted(image, marks, looks.side, looks.text_px or GRID_TEXT)


def write_grid(path: Path, pictures: Sequence[RgbImage]) -> None:
    """Writes pictures as one nearly square grid.

    Raises:
        CallError: the path is no .png or .jpg.
    """
    if path.suffix.lower() not in WRITABLE_SUFFIXES:
        raise CallError(f"{path}: expected a file ending in {' or '.join(WRITABLE_SUFFIXES)}")
    columns = max(1, round(len(pictures) ** 0.5))
    write_image(path, image_grid(pictures, columns) if len(pictures) > 1 else pictures[0])


def _check_call(out: Path, selection: Selection) -> None:
    if selection.count < 1:
        raise CallError(f"--count {selection.count}: expected 1 or more")
    if out.suffix and out.suffix.lower() not in (*WRITABLE_SUFFIXES, *PAGE_SUFFIXES) and not out.is_dir():
        known = " or ".join((*WRITABLE_SUFFIXES, ".html"))
        raise CallError(f"{out}: expected a file ending in {known}, or a folder")


def _write(out: Path, dataset: Dataset, samples: Sequence[Sample], looks: Looks) -> tuple[Path, ...]:
    suffix = "" if out.is_dir() else out.suffix.lower()
    if suffix in WRITABLE_SUFFIXES:
        write_grid(out, [picture for _, picture in _drawn(dataset, samples, _fitted(looks, GRID_SIDE, GRID_TEXT))])
        return (out,)
    if suffix:
        page = PageMaker(dataset)
        for sample, picture in _drawn(dataset, samples, _fitted(looks, PAGE_SIDE, PAGE_TEXT)):
            page.add(sample, picture)
        page.write(out)
        return (out,)
    paths = tuple(out / name for name in _file_names(samples))
    for path, (_, picture) in zip(paths, _drawn(dataset, samples, looks), strict=True):
        write_image(path, picture)
    return paths


def _fitted(looks: Looks, side: int, text_px: int) -> Looks:
    """Returns the looks with a side and a text size where they name none."""
    return Looks(parts=looks.parts, side=looks.side or side, text_px=looks.text_px or text_px)


def _drawn(dataset: Dataset, samples: Sequence[Sample], looks: Looks) -> Iterator[tuple[Sample, RgbImage]]:
    for sample in samples:
        yield sample, draw_labels(read_image(dataset.root / sample.image), sample, dataset.classes, looks)


def _names_of(sample: Sample) -> set[str]:
    """Every way to name a sample's image: its path, its file name, and both without the suffix."""
    path = PurePosixPath(sample.image)
    return {sample.image, path.name, path.stem, str(path.with_suffix(""))}


def _file_names(samples: Sequence[Sample]) -> list[str]:
    """A file name for each picture: the image's own, with its folders before it where two would be the same."""
    paths = [PurePosixPath(sample.image) for sample in samples]
    stems = [path.stem for path in paths]
    if len(set(stems)) < len(stems):
        stems = ["_".join(path.with_suffix("").parts) for path in paths]
    if len(set(stems)) < len(stems):
        raise DataError(f"two images are called {max(stems, key=stems.count)}, so their pictures would be one file")
    return [f"{stem}.jpg" for stem in stems]
