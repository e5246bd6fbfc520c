"""The images of one BOP-WebDataset shard: members that share a key, `SCENE_IMAGE.PART`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, cast

import numpy as np
from pycocotools import mask as coco_mask

from meshsight.core.container import Container, open_container
from meshsight.core.errors import DataError
from meshsight.core.images import IMAGE_SUFFIXES, read_size_hw
from meshsight.core.masks import RunLengthMask, decode_mask
from meshsight.datasets.bop.images import BopImage

RGB, GRAY = "rgb", "gray"
CAMERA, GT, GT_INFO, MASK, MASK_VISIB = "camera.json", "gt.json", "gt_info.json", "mask.json", "mask_visib.json"

Members = Mapping[str, str]


def is_bop_member(name: str) -> bool:
    """Tells whether a member's name is of a BOP shard."""
    _, _, part = name.partition(".")
    return part in (CAMERA, GT, GT_INFO, MASK, MASK_VISIB) or part.partition(".")[0] in (RGB, GRAY, "depth")


def keys_of(shard: Path) -> dict[str, Members]:
    """Returns the members of each labelled image of a shard by their part (`gt.json`, `rgb.jpg`), in order.

    Raises:
        DataError: the shard is damaged.
    """
    found: dict[str, dict[str, str]] = {}
    for name in open_container(shard).names():
        key, _, part = PurePosixPath(name).name.partition(".")
        found.setdefault(key, {})[part] = name
    return {key: members for key, members in found.items() if GT in members}


def shard_images(shard: Path, root: Path, with_masks: bool) -> Iterator[BopImage]:
    """Yields a shard's labelled images.

    Args:
        shard: the file.
        root: the data set's folder.
        with_masks: also read masks.

    Raises:
        DataError: the shard is damaged, a member is no JSON, or an image is missing.
    """
    container = open_container(shard)
    for key, members in keys_of(shard).items():
        where = f"{shard}, {key}"
        image = _image_member(members)
        if image is None:
            raise DataError(f"{where}: no {RGB} or {GRAY} image beside its labels")
        file = shard / image
        yield BopImage(
            image=file.relative_to(root).as_posix(),
            size_hw=read_size_hw(file),
            group=_scene_of(key),
            where=where,
            camera=read_member(container, members, CAMERA, where) or {},
            truths=read_member(container, members, GT, where) or [],
            infos=read_member(container, members, GT_INFO, where),
            masks=ShardMasks(
                visible=read_member(container, members, MASK_VISIB, where) if with_masks else None,
                full=read_member(container, members, MASK, where) if with_masks else None,
                where=where,
            ),
        )


class ShardMasks:
    """The masks of one image as run lengths, by an object's place as text."""

    def __init__(self, *, visible: Any, full: Any, where: str) -> None:
        """Takes the JSON's content, or None where there is none."""
        self._visible = visible
        self._full = full
        self._where = where

    def visible(self, index: int) -> RunLengthMask | None:
        """Returns the visible pixels of an object."""
        return self._mask(self._visible, index)

    def full(self, index: int) -> RunLengthMask | None:
        """Returns the whole silhouette's pixels within the image."""
        return self._mask(self._full, index)

    def _mask(self, table: Any, index: int) -> RunLengthMask | None:
        row = None if table is None else table.get(str(index))
        return None if row is None else mask_of(row, f"{self._where}, mask {index}")


def mask_runs(mask: RunLengthMask) -> dict[str, list[int]]:
    """Returns a mask as bop_toolkit writes it: lengths of runs down the columns, unset ones first."""
    flat = decode_mask(mask).ravel(order="F")
    changes = np.flatnonzero(np.diff(flat)) + 1
    edges = np.concatenate([[0], changes, [flat.size]])
    counts = np.diff(edges).tolist()
    return {"counts": [0, *counts] if flat[0] else counts, "size": list(mask.size_hw)}


def mask_of(row: Mapping[str, Any], where: str) -> RunLengthMask:
    """Returns a mask of run lengths, which may be a list or COCO's compressed text.

    Raises:
        DataError: they are no run lengths of an image.
    """
    try:
        height, width = (int(side) for side in row["size"])
        counts = row["counts"]
        if isinstance(counts, str):
            return RunLengthMask(counts=counts, size_hw=(height, width))
        if sum(counts) != height * width or min(counts) < 0:
            raise ValueError(f"runs of {sum(counts)} pixels in all, the shortest {min(counts)}")
        encoded = cast("dict[str, bytes]", coco_mask.frPyObjects(cast("Any", dict(row)), height, width))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{where}: expected counts and size of a mask ({error})") from error
    return RunLengthMask(counts=encoded["counts"].decode("ascii"), size_hw=(height, width))


def _image_member(members: Members) -> str | None:
    """Returns the image of a key, colour before grey."""
    parts = sorted(members, reverse=True)
    fitting = (part for part in parts if part.startswith((f"{RGB}.", f"{GRAY}.")) and part.endswith(IMAGE_SUFFIXES))
    part = next(fitting, None)
    return None if part is None else members[part]


def read_member(container: Container, members: Members, part: str, where: str) -> Any:
    """Returns the content of one of an image's JSON members, or None where there is none.

    Raises:
        DataError: it is no JSON.
    """
    if part not in members:
        return None
    try:
        return json.loads(container.read(members[part]))
    except ValueError as error:
        raise DataError(f"{where}.{part}: no readable JSON ({error})") from error


def _scene_of(key: str) -> str:
    return key.rpartition("_")[0] or key
