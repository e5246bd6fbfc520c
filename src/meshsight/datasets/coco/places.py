r"""Where the images of a COCO file lie: under the names that it gives, or under what is left of them.

A name from another machine (`coco_image_root/images/x.png`, `C:\data\x.png`, `/home/me/x.png`) is shortened from the
front until it leads to a file here. No name leads out of the data set's folder.
"""

import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple

from meshsight.core.errors import DataError
from meshsight.datasets.coco.files import ANNOTATIONS, split_name
from meshsight.datasets.coco.repairs import Repairs

_ROOT = re.compile(r"^([A-Za-z]:)?/+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlace:
    """Where images are.

    Attributes:
        root: folder that the names are relative to.
        names: path of each image below it, with forward slashes.
    """

    root: Path
    names: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ImageSearch:
    """Where to look for images.

    Attributes:
        file: the label file.
        base: the data set's folder, which nothing may lead out of.
        places: folders that names may be relative to, in the order of trying.
        missing: `keep` is content to find none or some of them.
    """

    file: Path
    base: Path
    places: Sequence[Path]
    missing: Literal["refuse", "keep"]

    @cached_property
    def by_name(self) -> Mapping[str, Sequence[tuple[str, ...]]]:
        """The paths of all files below the folder by their last name; gathered only when no place fits."""
        found: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for folder, _, names in os.walk(self.base):
            parents = Path(folder).relative_to(self.base).parts
            for name in names:
                found[name].append((*parents, name))
        return found


def image_search(path: Path, file: Path, image_root: str | None, missing: Literal["refuse", "keep"]) -> ImageSearch:
    """Returns where the images of a label file may be.

    Args:
        path: the file or folder that the user named.
        file: the label file.
        image_root: the folder that names are relative to, itself relative to the data set's; None tries the usual ones.
        missing: what to do without an image.
    """
    parent = file.parent.parent if file.parent.name == ANNOTATIONS else file.parent
    base = path if path.is_dir() else parent
    if image_root is not None:
        return ImageSearch(file=file, base=base / image_root, places=[base / image_root], missing=missing)
    split = split_name(file, base)
    tails = (split, f"images/{split}", "", "images")
    places = [place / tail for place in (parent, base, file.parent) for tail in tails]
    return ImageSearch(file=file, base=base, places=list(dict.fromkeys(places)), missing=missing)


def find_images(names: Sequence[str], search: ImageSearch, repairs: Repairs) -> ImagePlace:
    """Finds every image.

    Raises:
        DataError: an image is missing, two names lead to one image, or a name leads out of the folder.
    """
    plain = [_plain_name(name, search) for name in names]
    sought = plain[:1] if search.missing == "refuse" else plain
    first = next((found for name in sought if (found := _find(name, search))), None)
    if first is None:
        looked = ", ".join(str(place) for place in search.places)
        raise DataError(
            f"{search.file}: image '{plain[0]}' not found (looked in {looked}); say where with `image_root`"
        )
    found = [_find_like(first, name, search) for name in plain]
    absent = [name for name, one in zip(plain, found, strict=True) if one is None]
    if absent and search.missing == "refuse":
        many = f"{len(absent)} of {len(names)} images are missing in {first.place}"
        raise DataError(f"{search.file}: {many}, first '{absent[0]}'")
    kept = [one or _Found(first.place, name) for one, name in zip(found, plain, strict=True)]
    num_changed = sum(name != one.suffix for name, one in zip(names, kept, strict=True))
    repairs.add("image paths made to fit this folder", num_changed)
    if num_changed:
        _refuse_twins(plain, kept, search.file)
    return _place(kept, search)


class _Found(NamedTuple):
    """An image: the folder that its name counts from, what is left of the name, and what was cut off."""

    place: Path
    suffix: str
    num_cut: int = 0


def _plain_name(name: str, search: ImageSearch) -> str:
    """Returns a name with forward slashes, without a root or steps back.

    A name with steps back (`../images/x.png`) counts from the label file's folder.
    """
    text = name.replace("\\", "/")
    unrooted = _ROOT.sub("", text, count=1)
    parts = [part for part in unrooted.split("/") if part not in ("", ".")]
    if ".." not in parts:
        return "/".join(parts)
    is_from_file = unrooted == text and search.file.is_relative_to(search.base)
    way = list(search.file.parent.relative_to(search.base).parts) if is_from_file else []
    for part in parts:
        if part == ".." and not way:
            raise DataError(f"{search.file}: the image name '{text}' leads out of the data set's folder")
        way = way[:-1] if part == ".." else [*way, part]
    return "/".join(way)


def _find_like(first: _Found, name: str, search: ImageSearch) -> _Found | None:
    """Looks where another image was found, and then everywhere."""
    suffix = name.split("/", first.num_cut)[-1]
    if (first.place / suffix).is_file():
        return _Found(first.place, suffix, first.num_cut)
    return _find(name, search)


def _find(name: str, search: ImageSearch) -> _Found | None:
    """Finds the longest end of a name that leads to a file: in the usual places, or else anywhere in the folder."""
    parts = name.split("/")
    for num_cut in range(len(parts)):
        suffix = "/".join(parts[num_cut:])
        for place in search.places:
            if (place / suffix).is_file():
                return _Found(place, suffix, num_cut)
    candidates = search.by_name.get(parts[-1], ())
    lengths = [_common_end(parts, candidate) for candidate in candidates]
    if not lengths or lengths.count(max(lengths)) > 1:
        return None
    kept, best = max(lengths), candidates[lengths.index(max(lengths))]
    return _Found(search.base.joinpath(*best[:-kept]), "/".join(best[-kept:]), len(parts) - kept)


def _common_end(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(reversed(one), reversed(other), strict=False))
    return next((length for length, (a, b) in pairs if a != b), min(len(one), len(other)))


def _refuse_twins(names: Sequence[str], found: Sequence[_Found], file: Path) -> None:
    """Refuses two names of which too much was cut off to tell them apart."""
    owners: dict[Path, str] = {}
    for name, one in zip(names, found, strict=True):
        path = one.place / one.suffix
        if owners.setdefault(path, name) != name:
            raise DataError(
                f"{file}: the images '{owners[path]}' and '{name}' would both be {path}; say where with `image_root`"
            )


def _place(found: Sequence[_Found], search: ImageSearch) -> ImagePlace:
    place = found[0].place
    if all(one.place == place for one in found):
        return ImagePlace(root=place, names=[one.suffix for one in found])
    names = [(one.place / one.suffix).relative_to(search.base).as_posix() for one in found]
    return ImagePlace(root=search.base, names=names)
