"""Writes samples as BOP's folders, a thousand images to a scene."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from meshsight.core.files import write_bytes, write_json
from meshsight.core.masks import RunLengthMask, decode_mask
from meshsight.datasets.bop.coco_rows import CocoScene
from meshsight.datasets.bop.info_file import write_info
from meshsight.datasets.bop.json_files import write_json_lines
from meshsight.datasets.bop.scene_folders import (
    MASK,
    MASK_VISIB,
    RGB,
    SCENE_CAMERA,
    SCENE_GT,
    SCENE_GT_COCO,
    SCENE_GT_INFO,
    mask_name,
    mask_png,
)
from meshsight.datasets.bop.shelf import ModelShelf
from meshsight.datasets.bop.terms import camera_file, camera_row, info_row, truth_row
from meshsight.datasets.tar_shards import batches
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

SCENE_IMAGES = 1000
_SUFFIXES = {".jpeg": ".jpg"}
_USUAL_SUFFIXES = (".jpg", ".png")


class SceneWriter:
    """Writes the splits of one data set."""

    def __init__(self, shelf: ModelShelf, target: Target) -> None:
        """`shelf` gives objects their ids, and writes their models in the end."""
        self._shelf = shelf
        self._target = target
        self._has_camera = False

    def write_split(self, dataset: Dataset, split: str) -> None:
        """Writes a data set's images into scenes of a split's folder.

        Raises:
            DataError: an image is missing, or a class has too many sizes.
            StorageError: the disk is full.
        """
        for index, samples in enumerate(batches(dataset.samples(), SCENE_IMAGES)):
            self._write_scene(dataset.root, samples, f"{split}/{index:06d}")

    def finish(self) -> None:
        """Writes the models, and what says how this data set differs from others."""
        self._shelf.write(self._target)
        write_info(self._target.folder)

    def _write_scene(self, root: Path, samples: Sequence[Sample], scene: str) -> None:
        cameras: dict[int, Any] = {}
        truths: dict[int, Any] = {}
        infos: dict[int, Any] = {}
        coco = CocoScene()
        for image_id, sample in enumerate(samples):
            image = f"{RGB}/{image_id:06d}{image_suffix(sample, self._target)}"
            self._target.place_image(root / sample.image, f"{scene}/{image}")
            self._write_camera(sample)
            cameras[image_id] = camera_row(sample).to_json()
            truths[image_id], infos[image_id] = truths_and_infos(sample, self._shelf)
            coco.add(image_id, image, sample, [row["obj_id"] for row in truths[image_id]])
            self._write_masks(sample, image_id, self._target.folder / scene)
        folder = self._target.folder / scene
        write_json_lines(folder / SCENE_CAMERA, cameras)
        write_json_lines(folder / SCENE_GT, truths)
        write_json_lines(folder / SCENE_GT_INFO, infos)
        coco.write(folder / SCENE_GT_COCO, self._shelf.class_names)

    def _write_masks(self, sample: Sample, image_id: int, folder: Path) -> None:
        for index, label in enumerate(sample.objects):
            for kind, mask in ((MASK, label.full_mask), (MASK_VISIB, label.mask)):
                if mask is not None:
                    _write_mask(folder / kind / mask_name(image_id, index), mask)

    def _write_camera(self, sample: Sample) -> None:
        """Writes the first camera as the one that is typical of the data set."""
        if not self._has_camera and sample.camera is not None:
            self._has_camera = True
            write_json(self._target.folder / "camera.json", camera_file(sample.camera))


def truths_and_infos(sample: Sample, shelf: ModelShelf) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Returns the entries of an image's objects in `scene_gt.json` and `scene_gt_info.json`.

    Raises:
        DataError: a class has too many sizes.
    """
    truths: list[dict[str, Any]] = []
    for label in sample.objects:
        obj_id, T_cam_model = shelf.place(label)
        truths.append(truth_row(T_cam_model, obj_id).to_json())
    return truths, [info_row(label).to_json() for label in sample.objects]


def image_suffix(sample: Sample, target: Target) -> str:
    """Returns the suffix that an image gets; one that BOP's tools do not look for is noted."""
    suffix = PurePosixPath(sample.image).suffix.lower()
    suffix = _SUFFIXES.get(suffix, suffix)
    if suffix not in _USUAL_SUFFIXES:
        target.notes["images that are neither PNG nor JPEG, which bop_toolkit looks for"] += 1
    return suffix


def _write_mask(path: Path, mask: RunLengthMask) -> None:
    write_bytes(path, mask_png(decode_mask(mask)))
