"""BOP-WebDataset: BOP's images and labels in tar shards (bop_toolkit, bop_toolkit_lib/dataset/bop_webdataset.py).

models/, camera.json, classes.json     as in BOP's folders
SPLIT/key_to_shard.json                the number of the shard that holds each image
SPLIT/shard-000000.tar                 images, at most a thousand, each as
    000000_000012.rgb.jpg              SCENE_IMAGE; `gray` where there is no colour
    000000_000012.camera.json, .gt.json, .gt_info.json    its entries of BOP's three files
    000000_000012.mask.json, .mask_visib.json             masks as run lengths, by place in the list of objects

Shards may also lie in the data set's folder itself. Reading holds the table of contents of one shard at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from meshsight.core.container import open_container
from meshsight.core.errors import DataError
from meshsight.core.files import dump_json, write_chunks, write_json
from meshsight.core.masks import RunLengthMask
from meshsight.datasets.bop.capacity import CAPACITY
from meshsight.datasets.bop.images import SampleMaker
from meshsight.datasets.bop.info_file import write_info
from meshsight.datasets.bop.known_models import KnownModels, has_models, read_known_models
from meshsight.datasets.bop.scene_folders import in_usual_order
from meshsight.datasets.bop.scene_writing import image_suffix, truths_and_infos
from meshsight.datasets.bop.shard_images import (
    CAMERA,
    GT,
    GT_INFO,
    MASK,
    MASK_VISIB,
    RGB,
    is_bop_member,
    keys_of,
    mask_runs,
    read_member,
    shard_images,
)
from meshsight.datasets.bop.shelf import BopSpec, ModelShelf
from meshsight.datasets.bop.terms import camera_file, camera_row
from meshsight.datasets.format import WHOLE
from meshsight.datasets.tar_shards import (
    END_OF_TAR,
    SHARDS,
    batches,
    first_member,
    read_image_bytes,
    shard_name,
    tar_member,
)
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample

KEY_TO_SHARD = "key_to_shard.json"


class Spec(BopSpec):
    """BOP-WebDataset shards."""

    kind: Literal["bop_webdataset"] = "bop_webdataset"
    shard_images: int = Field(1000, ge=1, le=1000)
    """Images in a shard that is written."""


class BopWebdatasetFormat:
    """Reads and writes BOP-WebDataset shards."""

    looks_for = f"a folder with {SHARDS} of members like 000000_000000.gt.json, or SPLIT/{SHARDS} (BOP-WebDataset)"
    capacity = CAPACITY

    def __init__(self, spec: Spec) -> None:
        self._spec = spec

    def recognises(self, path: Path) -> bool:
        """Looks at the first member of a shard."""
        return path.is_dir() and (_has_bop_shards(path) or bool(_split_names(path)))

    def splits(self, path: Path) -> tuple[str, ...]:
        """Returns the folders with shards, if there are several."""
        names = _split_names(path)
        return names if len(names) > 1 else ()

    def open(self, path: Path, split: str | None) -> Dataset:
        """Opens a data set after one light pass over the shards' tables of contents.

        Raises:
            DataError: no such split, several and none named, or a damaged shard.
        """
        folder = _choose_folder(path, split)
        shards = sorted(folder.glob(SHARDS))
        home = path if has_models(path) or not has_models(path.parent) else path.parent
        models = read_known_models(home, () if has_models(home) else _used_ids(shards))

        def samples() -> Iterator[Sample]:
            return self._stream(home, shards, models)

        return Dataset(
            root=home,
            classes=models.classes,
            num_samples=sum(len(keys_of(shard)) for shard in shards),
            samples=samples,
            name=path.resolve().name + (f"#{split}" if split else ""),
            fingerprint=None,
        )

    def write(self, parts: Mapping[str, Dataset], target: Target) -> None:
        """Writes shards of each split into a folder of its own; images go into them whatever the target's mode.

        Raises:
            DataError: an image is missing, or a class has too many sizes.
            AssetError: a mesh that the settings name cannot be loaded.
            StorageError: the disk is full.
        """
        first = next(iter(parts.values()))
        shelf = ModelShelf(first.classes, self._spec, [dataset.root for dataset in parts.values()])
        for split, dataset in parts.items():
            self._write_split(dataset, target.folder / (self._spec.split if split == WHOLE else split), shelf, target)
        shelf.write(target)
        write_info(target.folder)

    def _write_split(self, dataset: Dataset, folder: Path, shelf: ModelShelf, target: Target) -> None:
        shard_of: dict[str, int] = {}
        for index, samples in enumerate(batches(dataset.samples(), self._spec.shard_images)):
            _write_camera(samples, target)
            keys = [f"{index:06d}_{image_id:06d}" for image_id in range(len(samples))]
            shard_of |= dict.fromkeys(keys, index)
            chunks = _shard_chunks(dataset.root, dict(zip(keys, samples, strict=True)), shelf, target)
            write_chunks(folder / shard_name(index), chunks)
        write_json(folder / KEY_TO_SHARD, shard_of)

    def _stream(self, root: Path, shards: Sequence[Path], models: KnownModels) -> Iterator[Sample]:
        maker = SampleMaker(models, self._spec)
        frame = 0
        for shard in shards:
            for image in shard_images(shard, root, self._spec.read_masks):
                yield maker.sample(image, frame)
                frame += 1
        maker.report(root)


def build(spec: Spec) -> BopWebdatasetFormat:
    """Returns the format."""
    return BopWebdatasetFormat(spec)


def _has_bop_shards(folder: Path) -> bool:
    first = first_member(folder)
    return first is not None and is_bop_member(first)


def _split_names(path: Path) -> tuple[str, ...]:
    return in_usual_order({folder.name for folder in path.iterdir() if folder.is_dir() and _has_bop_shards(folder)})


def _choose_folder(path: Path, split: str | None) -> Path:
    names = _split_names(path)
    if split is None and _has_bop_shards(path):
        return path
    if split is None and len(names) == 1:
        return path / names[0]
    if split in names:
        return path / split
    known = ", ".join(names) or "none"
    if split is None and names:
        raise DataError(f"{path}: several splits ({known}); name one of them, as in '{path}#{names[0]}'")
    raise DataError(f"{path}: no {SHARDS} of BOP's{f' in {split}' if split else ''} (splits: {known})")


def _used_ids(shards: Sequence[Path]) -> set[int]:
    """Reads which objects occur, for a data set that does not list them."""
    used: set[int] = set()
    for shard in shards:
        container = open_container(shard)
        for key, members in keys_of(shard).items():
            rows = read_member(container, members, GT, f"{shard}, {key}")
            used |= {row["obj_id"] for row in rows if isinstance(row.get("obj_id"), int)}
    return used


def _write_camera(samples: Sequence[Sample], target: Target) -> None:
    """Writes the first camera as the one that is typical of the data set."""
    path = target.folder / "camera.json"
    camera = next((sample.camera for sample in samples if sample.camera is not None), None)
    if camera is not None and not path.exists():
        write_json(path, camera_file(camera))


def _shard_chunks(root: Path, samples: Mapping[str, Sample], shelf: ModelShelf, target: Target) -> Iterator[bytes]:
    for key, sample in samples.items():
        image = read_image_bytes(root / sample.image)
        truths, infos = truths_and_infos(sample, shelf)
        yield from tar_member(f"{key}.{RGB}{image_suffix(sample, target)}", image)
        yield from _json_member(f"{key}.{CAMERA}", camera_row(sample).to_json())
        yield from _json_member(f"{key}.{GT}", truths)
        yield from _json_member(f"{key}.{GT_INFO}", infos)
        yield from _json_member(f"{key}.{MASK}", _mask_table([label.full_mask for label in sample.objects]))
        yield from _json_member(f"{key}.{MASK_VISIB}", _mask_table([label.mask for label in sample.objects]))
    yield END_OF_TAR


def _json_member(name: str, content: Any) -> Iterator[bytes]:
    return tar_member(name, dump_json(content).encode())


def _mask_table(masks: Sequence[RunLengthMask | None]) -> dict[str, dict[str, list[int]]]:
    return {str(index): mask_runs(mask) for index, mask in enumerate(masks) if mask is not None}
