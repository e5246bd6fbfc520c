"""`meshsight verify`: is a data set folder complete, and is every byte the one that was written?"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from meshsight.core.errors import DataError
from meshsight.core.files import sha256_of_file
from meshsight.datasets.folder import DATA_FOLDERS, RUN
from meshsight.datasets.manifest import COCO, MANIFEST, Manifest, Shard, read_manifest
from meshsight.datasets.sample_json import read_samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong with a data set.

    Attributes:
        path: the file, relative to the data set's folder.
        problem: what is wrong with it.
    """

    path: str
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResult:
    """What `verify` found.

    Attributes:
        folder: the data set.
        num_frames: frames that it has.
        missing: frames that could not be drawn when it was made, and why; no fault of the files.
        num_files: files that were checked.
        findings: everything that is wrong, in the order of the folder.
    """

    folder: Path
    num_frames: int
    missing: dict[int, str]
    num_files: int
    findings: tuple[Finding, ...]

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def verify(folder: Path) -> VerifyResult:
    """Checks a finished data set folder: every file is there, has its checksum, and belongs there.

    Raises:
        DataError: the folder is missing or unfinished, or its manifest cannot be read.
    """
    manifest = read_manifest(folder)
    findings = [*_files(folder, manifest), *_shards(folder, manifest), *_strangers(folder, manifest)]
    return VerifyResult(
        folder=folder,
        num_frames=manifest.num_frames,
        missing=manifest.missing,
        num_files=1 + len(_checksums(manifest)),
        findings=tuple(findings),
    )


def _checksums(manifest: Manifest) -> dict[str, str]:
    """Returns the SHA-256 of every file by its path in the folder."""
    checksums = {COCO: manifest.coco_sha256}
    for shard in manifest.shards:
        checksums |= {shard.labels_path: shard.labels_sha256, **shard.images}
        if shard.scenes_sha256 is not None:
            checksums[shard.scenes_path] = shard.scenes_sha256
    return checksums


def _files(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    for path, expected in _checksums(manifest).items():
        try:
            found = sha256_of_file(folder / path)
        except FileNotFoundError:
            yield Finding(path=path, problem="is missing")
        except OSError as error:
            yield Finding(path=path, problem=f"cannot be read: {error.strerror or error}")
        else:
            if found != expected:
                yield Finding(
                    path=path, problem=f"was changed: SHA-256 is {found[:12]}..., expected {expected[:12]}..."
                )


def _shards(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """Checks that the shards cover all frames, and that the labels are those of the shard's images."""
    expected = 0
    for shard in manifest.shards:
        if shard.first_frame != expected or len(shard.images) != shard.num_frames:
            yield Finding(path=MANIFEST, problem=f"shard {shard.name} begins at {shard.first_frame}, not {expected}")
        expected = shard.stop_frame
        yield from _labels(folder, shard)
    held = sum(shard.num_frames for shard in manifest.shards)
    if held != manifest.num_frames:
        yield Finding(path=MANIFEST, problem=f"the shards hold {held} frames of {manifest.num_frames}")


def _labels(folder: Path, shard: Shard) -> Iterator[Finding]:
    if not (folder / shard.labels_path).is_file():
        return  # reported as missing already
    try:
        labelled = [sample.image for sample in read_samples(folder / shard.labels_path)]
    except DataError as error:
        yield Finding(path=shard.labels_path, problem=str(error))
    else:
        if labelled != list(shard.images):
            yield Finding(path=shard.labels_path, problem="does not label the shard's images in their order")


def _strangers(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    """Finds what does not belong into the data set; `.run/` does not count."""
    known = {MANIFEST, *_checksums(manifest)}
    places = {*DATA_FOLDERS, *(str(place) for file in known for place in PurePosixPath(file).parents)}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_known = name.as_posix() in (known if path.is_file() else places)
        if name.parts[0] != RUN and not is_known:
            yield Finding(path=name.as_posix(), problem="does not belong to the data set")
