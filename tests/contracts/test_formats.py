"""Every format that can be written gives back, when it is read, exactly what its capacity promises."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.container import read_path
from meshsight.core.errors import DataError
from meshsight.core.lens import NO_DISTORTION
from meshsight.core.masks import decode_mask
from meshsight.core.pose import transform_points
from meshsight.datasets.annotate import cuboid_points
from meshsight.datasets.capacity import UNITS, Capacity, Part, reduce_dataset
from meshsight.datasets.format import FORMAT_KINDS, WHOLE, Reader, Writer
from meshsight.datasets.opening import guess_reader, open_dataset
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

from .labelled import CLASSES, LENS, dataset_of, labelled_folder


def built(kind):
    return FORMAT_KINDS.builder(kind)(FORMAT_KINDS.module(kind).Spec())


def writable():
    return [kind for kind in FORMAT_KINDS.names if isinstance(built(kind), Writer) and isinstance(built(kind), Reader)]


KINDS = writable()
# The samples of one seed are shared by all formats: what one cannot hold, its capacity says.
SEEDS = range(3)


def write(kind: str, parts: dict[str, Dataset], folder: Path) -> dict[str, Dataset]:
    """Writes, and returns what was given to the writer."""
    writer = built(kind)
    reduced = {name: reduce_dataset(part, writer.capacity)[0] for name, part in parts.items()}
    writer.write(reduced, Target(folder))
    return reduced


def image_bytes(path: Path) -> bytes:
    """An image file without the text that a PNG may carry: some formats keep their labels there."""
    data = read_path(path)
    if not data.startswith(b"\x89PNG"):
        return data
    kept, place = [data[:8]], 8
    while place < len(data):
        end = place + 12 + int.from_bytes(data[place : place + 4], "big")
        if data[place + 4 : place + 8] not in (b"tEXt", b"iTXt"):
            kept.append(data[place:end])
        place = end
    return b"".join(kept)


def made(folder: Path, seed: int, capacity: Capacity) -> Dataset:
    return labelled_folder(folder, seed, most=capacity.max_objects or 4)


@pytest.mark.parametrize("kind", FORMAT_KINDS.names)
def test_a_format_is_named_as_its_file_and_reads_or_writes(kind):
    assert FORMAT_KINDS.module(kind).Spec().kind == kind
    assert isinstance(built(kind), Reader | Writer)


@pytest.mark.parametrize("kind", KINDS)
def test_a_capacity_is_sound(kind):
    capacity = built(kind).capacity
    assert Part.BOX in capacity.keeps or capacity.needs, "an object must be found somehow"
    assert all(within == 0 or part in UNITS for part, within in capacity.keeps.items())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_read(kind, seed, tmp_path):
    capacity = built(kind).capacity
    source = made(tmp_path / "source", seed, capacity)
    given = write(kind, {WHOLE: source}, tmp_path / "written")[WHOLE]
    assert type(guess_reader(tmp_path / "written")) is type(built(kind))
    found = open_dataset(tmp_path / "written")
    assert found.classes == CLASSES
    assert found.num_samples == 4
    for before, after in zip(given.samples(), found.samples(), strict=True):
        assert_equal(before, after, capacity)
        assert image_bytes(found.root / after.image) == image_bytes(source.root / before.image)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lens_comes_back_or_its_loss_is_said(kind, tmp_path):
    capacity = built(kind).capacity
    if Part.CAMERA not in capacity.keeps:
        return
    source = labelled_folder(tmp_path / "source", 3, most=capacity.max_objects or 4, distortion=LENS)
    reduced, losses = reduce_dataset(source, capacity)
    given = list(reduced.samples())
    assert (losses.parts[Part.LENS] > 0) == (Part.LENS not in capacity.keeps)
    write(kind, {WHOLE: source}, tmp_path / "written")
    for before, after in zip(given, open_dataset(tmp_path / "written").samples(), strict=True):
        if after.camera is not None:
            assert after.camera.distortion == (LENS if Part.LENS in capacity.keeps else NO_DISTORTION)
        assert_equal(before, after, capacity)


@pytest.mark.parametrize("kind", KINDS)
def test_splits_come_back_by_name(kind, tmp_path):
    capacity = built(kind).capacity
    if not capacity.keeps_splits:
        pytest.skip("each split becomes a folder of its own")
    samples = list(made(tmp_path / "source", 7, capacity).samples())
    parts = {"train": samples[:3], "val": samples[3:]}
    given = write(kind, {k: dataset_of(v, tmp_path / "source") for k, v in parts.items()}, tmp_path / "written")
    assert sorted(built(kind).splits(tmp_path / "written")) == ["train", "val"]
    for name in parts:
        found = open_dataset(f"{tmp_path / 'written'}#{name}")
        assert found.classes == CLASSES
        for before, after in zip(given[name].samples(), found.samples(), strict=True):
            assert_equal(before, after, capacity)


@pytest.mark.parametrize("kind", KINDS)
def test_awkward_image_names_survive(kind, tmp_path):
    """Unicode, spaces, and one name in two folders."""
    capacity = built(kind).capacity
    source = made(tmp_path / "source", 3, capacity)
    names = ("a/Straße 1.png", "b/Straße 1.png", "c d.png", "e.png")
    samples = [replace(sample, image=name) for sample, name in zip(source.samples(), names, strict=True)]
    for old, new in zip(source.samples(), samples, strict=True):
        (tmp_path / "source" / new.image).parent.mkdir(exist_ok=True)
        (tmp_path / "source" / old.image).rename(tmp_path / "source" / new.image)
    given = write(kind, {WHOLE: dataset_of(samples, tmp_path / "source")}, tmp_path / "written")[WHOLE]
    found = open_dataset(tmp_path / "written")
    pixels = {image_bytes(found.root / sample.image): sample for sample in found.samples()}
    assert len(pixels) == 4
    for before in given.samples():
        assert_equal(before, pixels[image_bytes(tmp_path / "source" / before.image)], capacity)


@pytest.mark.parametrize("kind", KINDS)
def test_class_names_survive_or_are_refused(kind, tmp_path):
    source = made(tmp_path / "source", 5, built(kind).capacity)
    twins = ("ball", "Ball", "two words")
    try:
        write(kind, {WHOLE: replace(source, classes=twins)}, tmp_path / "written")
    except DataError as error:
        assert "Ball" in str(error)
    else:
        assert open_dataset(tmp_path / "written").classes == twins


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_image_is_named(kind, tmp_path):
    source = made(tmp_path / "source", 6, built(kind).capacity)
    (tmp_path / "source" / "images" / "000001.png").unlink()
    with pytest.raises(DataError, match=r"000001\.png"):
        write(kind, {WHOLE: source}, tmp_path / "written")


@pytest.mark.parametrize("kind", KINDS)
def test_equal_data_gives_equal_bytes(kind, tmp_path):
    source = made(tmp_path / "source", 8, built(kind).capacity)
    for name in ("one", "two"):
        write(kind, {WHOLE: source}, tmp_path / name)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file())
    assert files
    for file in files:
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes(), file


def assert_equal(before: Sample, after: Sample, capacity: Capacity) -> None:
    """Compares two samples in every part that the format keeps; what it drops must be None afterwards."""
    assert after.size_hw == before.size_hw
    assert len(after.objects) == len(before.objects)
    keeps = capacity.keeps
    if Part.CAMERA in keeps and before.camera is not None:
        assert after.camera is not None
        assert np.allclose(after.camera.K, before.camera.K, rtol=0, atol=keeps[Part.CAMERA])
    if Part.CAMERA_POSE in keeps and before.T_world_cam is not None:
        assert after.T_world_cam is not None
        assert np.allclose(after.T_world_cam, before.T_world_cam, rtol=0, atol=1e-6)
    if Part.HIDDEN in keeps:
        assert [(i, counts(c)) for i, c in after.hidden] == [(i, counts(c)) for i, c in before.hidden]
    if Part.GROUP in keeps:
        assert after.group == before.group
    for old, new in zip(before.objects, after.objects, strict=True):
        assert_label_equal(old, new, keeps)


def assert_label_equal(old: ObjectLabel, new: ObjectLabel, keeps) -> None:
    assert new.class_id == old.class_id
    assert new.is_ignored == old.is_ignored
    assert new.is_cut == old.is_cut
    assert new.stated == old.stated
    assert counts(new.pixels) == counts(old.pixels)
    if Part.BOX in keeps:
        assert np.allclose(new.box, old.box, rtol=0, atol=keeps[Part.BOX])
    for part, name in ((Part.FULL_BOX, "full_box"), (Part.KEYPOINTS, "keypoints")):
        assert_near(getattr(old, name), getattr(new, name), keeps.get(part, 0.0), name)
    for name in ("mask", "full_mask"):
        before, after = getattr(old, name), getattr(new, name)
        if before is not None:  # a mask that is read may be drawn from polygons
            assert np.array_equal(decode_mask(after), decode_mask(before)), name
    if old.polygons is None:
        assert new.polygons is None
    else:
        assert new.polygons is not None and len(new.polygons) == len(old.polygons)
        for a, b in zip(old.polygons, new.polygons, strict=True):
            assert_near(a, b, keeps[Part.POLYGONS], "polygon")
    if old.pose is None:
        assert new.pose is None
    else:
        assert new.pose is not None
        assert_near(corners(old), corners(new), keeps[Part.POSE], "pose")
    for part, name in ((Part.MESH, "mesh"), (Part.INSTANCE_ID, "instance_id")):
        if part in keeps:
            assert getattr(new, name) == getattr(old, name)


def assert_near(old, new, within: float, name: str) -> None:
    assert (old is None) == (new is None), name
    if old is not None:
        assert np.allclose(np.asarray(new), np.asarray(old), rtol=0, atol=within), name


def corners(label: ObjectLabel) -> np.ndarray:
    assert label.pose is not None
    return transform_points(label.pose.T_cam_object, cuboid_points(label.pose))


def counts(pixels) -> tuple[int, int, int] | None:
    return None if pixels is None else (pixels.full, pixels.inside, pixels.visible)
