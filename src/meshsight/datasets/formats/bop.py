"""BOP: the 6-D pose benchmark's folders (github.com/thodan/bop_toolkit, docs/bop_datasets_format.md).

camera.json                        a camera like those of the images, for simulation only
models/models_info.json            size, diameter and symmetries of each object
models/obj_000001.ply              the object, in millimetres, its origin at the centre of its box
SPLIT/000000/scene_camera.json     intrinsics and place of the camera, by image
SPLIT/000000/scene_gt.json         objects and their poses, by image
SPLIT/000000/scene_gt_info.json    boxes and pixel counts of the same objects
SPLIT/000000/rgb/000000.png        images; `gray` where there is no colour
SPLIT/000000/mask/000000_000000.png, mask_visib/   whole silhouettes, visible parts: image and place in the list

Reading holds the labels of one scene at a time.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from meshsight.core.errors import DataError
from meshsight.datasets.bop.capacity import CAPACITY
from meshsight.datasets.bop.images import SampleMaker
from meshsight.datasets.bop.known_models import KnownModels, read_known_models
from meshsight.datasets.bop.scene_folders import image_files, read_scene, scene_folders, scene_images, split_names
from meshsight.datasets.bop.scene_writing import SceneWriter
from meshsight.datasets.bop.shelf import BopSpec, ModelShelf
from meshsight.datasets.format import WHOLE
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample


class Spec(BopSpec):
    """BOP folders."""

    kind: Literal["bop"] = "bop"


class BopFormat:
    """Reads and writes BOP folders."""

    looks_for = "a folder with SPLIT/SCENE/scene_gt.json, or one of its splits (BOP)"
    capacity = CAPACITY

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks for a scene."""
        return path.is_dir() and bool(scene_folders(path) or split_names(path))

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the folders with scenes, if there are several."""
        names = split_names(path)
        return names if len(names) > 1 else ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a data set after one light pass that counts its images; labels are read scene by scene.

        Raises:
            DataError: no such split, or several and none named; a label file is bad, or an image is missing.
        """
        root, chosen = _choose_split(path, split)
        folders = scene_folders(root / chosen)
        count, used = 0, set[int]()
        for folder in folders:
            images, ids = self._survey(folder)
            count, used = count + images, used | ids
        models = read_known_models(root, used)

        def samples() -> Iterator[Sample]:
            return self._stream(root, folders, models)

        return Dataset(
            root=root,
            classes=models.classes,
            num_samples=count,
            samples=samples,
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes each split into a folder of its own, scene by scene, and at the end the models.

        Raises:
            DataError: an image is missing, or a class has too many sizes.
            AssetError: a mesh that the settings name cannot be loaded.
            StorageError: the disk is full.
        """
        first = next(iter(parts.values()))
        shelf = ModelShelf(first.classes, self._spec, [dataset.root for dataset in parts.values()])
        writer = SceneWriter(shelf, target)
        for split, dataset in parts.items():
            writer.write_split(dataset, self._spec.split if split == WHOLE else split)
        writer.finish()

    def _survey(self, folder: Path) -> tuple[int, set[int]]:
        """Counts a scene's images, checks that they are there, and collects the ids of its objects."""
        scene = read_scene(folder)
        files = image_files(folder)
        missing = [image_id for image_id in scene.image_ids if image_id not in files]
        if missing and self._spec.missing_images == "refuse":
            raise DataError(
                f"{folder}: {len(missing)} of {len(scene.truths)} labelled images are in neither rgb/ nor gray/, "
                f"first {missing[0]:06d}"
            )
        rows = (row for rows in scene.truths.values() for row in rows if isinstance(row, dict))
        return len(scene.truths), {row["obj_id"] for row in rows if isinstance(row.get("obj_id"), int)}

    def _stream(self, root: Path, folders: list[Path], models: KnownModels) -> Iterator[Sample]:
        maker = SampleMaker(models, self._spec)
        frame = 0
        for folder in folders:
            scene = read_scene(folder)
            for image in scene_images(scene, root, self._spec.missing_images, self._spec.read_masks):
                yield maker.sample(image, frame)
                frame += 1
        maker.report(root)


def build(spec: Spec) -> BopFormat:
    """Returns the format."""
    return BopFormat(spec)


def _choose_split(path: Path, split: str | None) -> tuple[Path, str]:
    """Returns the data set's folder and the split; `path` may be the folder of a split itself."""
    if split is None and scene_folders(path):
        home = path.resolve()
        return home.parent, home.name
    names = split_names(path)
    if split is None and len(names) == 1:
        return path, names[0]
    if split in names:
        return path, split
    known = ", ".join(names) or "none"
    if split is None and names:
        raise DataError(f"{path}: several splits ({known}); name one of them, as in '{path}#{names[0]}'")
    raise DataError(f"{path}: no split '{split}' with scenes; there are: {known}")
