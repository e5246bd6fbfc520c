"""`predict`: a detector looks at images; the result is a JSON file and pictures with the detections drawn."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from tqdm import tqdm

from meshsight.core.errors import CallError, ImageError
from meshsight.core.files import write_json
from meshsight.core.images import RgbImage, read_image, write_image
from meshsight.datasets.detections_csv import ImageDetections, write_detections_csv
from meshsight.plotting.draw import detection_marks, draw
from meshsight.records.detections import Detections, ObjectDetector, no_detections
from meshsight.specs.inference import InferenceSpec
from meshsight.workflows.image_files import ImageFile, find_images
from meshsight.workflows.looking import ONE_LOOK, open_looking
from meshsight.workflows.pseudo_labels import FoundInImage, PseudoLabels, check_pseudo_labels, write_pseudo_labels

VERSION = 1
BATCH = 8
DRAWN_SCORE = 0.3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PredictOutputs:
    """What is written besides `predictions.json`.

    Attributes:
        min_score: score from which detections are drawn; the JSON file holds all.
        csv: also write all detections here as competitions score them, with a row for each image that was named; one
            that cannot be read has no detections. Images are called by their path in the folder that was named.
        labels: also make a data set of the images with what is surely found as labels.
    """

    min_score: float = DRAWN_SCORE
    csv: Path | None = None
    labels: PseudoLabels | None = None


USUAL = PredictOutputs()


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedObject:
    """One detection: its class, its score in 0..1 and its box, xyxy in pixels of the image."""

    class_name: str
    class_id: int
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictedImage:
    """The detections of one image, best first, and the picture that shows them."""

    image: str
    size_hw: tuple[int, int]
    picture: str
    detections: tuple[PredictedObject, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictResult:
    """What was found.

    Attributes:
        predictions: the JSON file with everything below.
        classes: names by class id.
        images: those that could be read, in order.
        problems: one line for each argument or image that could not.
        labels: how many labels each class has in the data set that was made; empty where none was.
    """

    predictions: Path
    classes: tuple[str, ...]
    images: tuple[PredictedImage, ...]
    problems: tuple[str, ...]
    labels: dict[str, int]


def predict(
    target: Path,
    images: Sequence[str | Path],
    *,
    out: Path,
    device: str = "auto",
    inference: InferenceSpec = ONE_LOOK,
    outputs: PredictOutputs = USUAL,
) -> PredictResult:
    """Detects objects in images, and goes on when one of them cannot be read.

    Args:
        target: a run or an exported artifact.
        images: files, folders (searched to any depth) and patterns.
        out: folder of `predictions.json` and of the pictures.
        device: auto, cpu, cuda or cuda:N; an artifact runs on the CPU.
        inference: how the images are looked at.
        outputs: what is written besides.

    Raises:
        ArtifactError: the target is neither, or is damaged.
        CallError: no images are named, or no such device here.
        StorageError: the folder cannot be written.
    """
    if not images:
        raise CallError("no images: name files, folders or patterns")
    detector = open_looking(target, inference, device).detector
    if outputs.labels is not None:
        check_pseudo_labels(outputs.labels, detector.classes)
    files, problems = find_images(images)
    for problem in problems:
        log.warning("%s", problem)
    pictures = PictureNames()
    found: list[PredictedImage] = []
    detected: dict[Path, FoundInImage] = {}
    for batch in _batches(_readable(tqdm(files, unit="image", disable=_bar_is_off(), dynamic_ncols=True), problems)):
        for file, image, detections in _detect(detector, batch):
            picture = pictures.name_for(file)
            write_image(out / picture, draw(image, detection_marks(detections, detector.classes, outputs.min_score)))
            found.append(_record(file, image, picture, detections, detector.classes))
            detected[file.path] = FoundInImage(size_hw=(image.shape[0], image.shape[1]), detections=detections)
    labels = {} if outputs.labels is None else write_pseudo_labels(outputs.labels, detected, detector.classes)
    result = PredictResult(
        predictions=out / "predictions.json",
        classes=detector.classes,
        images=tuple(found),
        problems=tuple(problems),
        labels=labels,
    )
    write_json(result.predictions, {"version": VERSION, **asdict(result), "predictions": result.predictions.name})
    if outputs.csv is not None:
        write_detections_csv(outputs.csv, _csv_rows(files, detected))
    return result


class PictureNames:
    """Gives each image a picture of its own: two images of one name do not overwrite each other."""

    def __init__(self) -> None:
        self._taken: set[Path] = set()

    def name_for(self, file: ImageFile) -> str:
        """Returns the picture's path relative to the result folder, with forward slashes."""
        base = Path("pictures") / file.name.with_suffix("")
        name, number = base.with_name(f"{base.name}.jpg"), 1
        while name in self._taken:
            number += 1
            name = base.with_name(f"{base.name}-{number}.jpg")
        self._taken.add(name)
        return name.as_posix()


def _csv_rows(files: Sequence[ImageFile], detected: Mapping[Path, FoundInImage]) -> Iterator[ImageDetections]:
    """Yields a row for each image; those that share a name go by their whole paths."""
    names = Counter(file.name for file in files)
    for file in files:
        name = file.name if names[file.name] == 1 else file.path
        found = detected[file.path].detections if file.path in detected else no_detections()
        yield ImageDetections(image=name.as_posix(), detections=found)


def _readable(files: Iterable[ImageFile], problems: list[str]) -> Iterator[tuple[ImageFile, RgbImage]]:
    for file in files:
        try:
            yield file, read_image(file.path)
        except ImageError as error:
            log.warning("%s", error)
            problems.append(str(error))


def _batches(
    items: Iterator[tuple[ImageFile, RgbImage]],
) -> Iterator[list[tuple[ImageFile, RgbImage]]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _detect(
    detector: ObjectDetector, batch: Sequence[tuple[ImageFile, RgbImage]]
) -> Iterator[tuple[ImageFile, RgbImage, Detections]]:
    for (file, image), detections in zip(batch, detector.predict([image for _, image in batch]), strict=True):
        yield file, image, detections


def _record(
    file: ImageFile, image: RgbImage, picture: str, detections: Detections, classes: tuple[str, ...]
) -> PredictedImage:
    rows = zip(detections.class_ids.tolist(), detections.scores.tolist(), detections.boxes.tolist(), strict=True)
    return PredictedImage(
        image=str(file.path),
        size_hw=(image.shape[0], image.shape[1]),
        picture=picture,
        detections=tuple(
            PredictedObject(class_name=classes[class_id], class_id=class_id, score=score, box=tuple(box))
            for class_id, score, box in rows
        ),
    )


def _bar_is_off() -> bool | None:
    return None if log.isEnabledFor(logging.INFO) else True
