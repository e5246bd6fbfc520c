"""Every kind of data set becomes every other; what is broken off, full or hostile leaves nothing behind."""

import io
import resource
import signal
import subprocess
import sys
import tarfile
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.container import read_path
from meshsight.core.errors import CallError, MeshsightError, MissingExtraError, StorageError
from meshsight.core.images import write_image
from meshsight.datasets.format import FORMAT_KINDS, WHOLE
from meshsight.datasets.opening import OWN, open_dataset
from meshsight.datasets.sample_json import sample_to_json
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.workflows.convert import convert
from meshsight.workflows.format_specs import format_spec, writer_of
from meshsight.workflows.verify import verify
from meshsight.workflows.writing import write_dataset

from ..contracts.labelled import CLASSES, dataset_of, labelled_folder

NUM_MANY = 600
CHAIN = ("voc", "coco", "kitti", "yolo", "tfrecord", "coco")


def can_write(kind: str) -> bool:
    try:
        writer_of(format_spec(kind))
    except (CallError, MissingExtraError):
        return False
    return True


KINDS = tuple(filter(can_write, FORMAT_KINDS.names))


def write(dataset: Dataset, folder: Path, kind: str) -> Path:
    write_dataset({WHOLE: dataset}, folder, writer_of(format_spec(kind)))
    return folder


def boxes_by_image(dataset: Dataset) -> dict[bytes, list[tuple[str, tuple[float, ...]]]]:
    """Returns class and box of every object, sorted, by the bytes of its image: names may change, pixels may not."""
    found = {
        read_path(dataset.root / sample.image): sorted(
            (dataset.classes[label.class_id], label.box) for label in sample.objects if not label.is_ignored
        )
        for sample in dataset.samples()
    }
    assert len(found) == dataset.num_samples
    return found


def assert_same_boxes(one: Dataset, other: Dataset, within_px: float) -> None:
    before, after = boxes_by_image(one), boxes_by_image(other)
    assert before.keys() == after.keys()
    for image, objects in before.items():
        assert [name for name, _ in after[image]] == [name for name, _ in objects]
        assert np.allclose([box for _, box in after[image]], [box for _, box in objects], rtol=0, atol=within_px)


def test_boxes_come_through_the_whole_chain(tmp_path: Path) -> None:
    source = write(labelled_folder(tmp_path / "drawn", seed=1, count=8), tmp_path / "0-voc", CHAIN[0])
    for number, kind in enumerate(CHAIN[1:], start=1):
        done = convert(source, tmp_path / f"{number}-{kind}", to=format_spec(kind))
        assert (done.source_kind, done.repairs) == (CHAIN[number - 1], ())
        source = done.written.folder
    first, last = open_dataset(tmp_path / "0-voc"), open_dataset(source)
    assert last.classes == first.classes == CLASSES
    assert_same_boxes(first, last, within_px=0.01)


def test_ten_thousand_objects_in_one_image_come_through_the_chain(tmp_path: Path) -> None:
    write_image(tmp_path / "drawn" / "a.png", np.zeros((1000, 1000, 3), np.uint8))
    corners = [(float(x), float(y)) for y in range(0, 1000, 10) for x in range(0, 1000, 10)]
    objects = tuple(ObjectLabel(class_id=i % 3, box=(x, y, x + 7, y + 9)) for i, (x, y) in enumerate(corners))
    sample = Sample(image="a.png", size_hw=(1000, 1000), objects=objects, frame=0, group="a")
    source = write(dataset_of([sample], tmp_path / "drawn"), tmp_path / "0-voc", CHAIN[0])
    # In a process without the shape checks of tests, under which large sets are slow.
    subprocess.run([sys.executable, "-c", WALK_CHAIN, source, *CHAIN[1:]], check=True)
    assert_same_boxes(open_dataset(source), open_dataset(tmp_path / "5-coco"), within_px=0.01)


WALK_CHAIN = """
import sys
from pathlib import Path
from meshsight.workflows.convert import convert
from meshsight.workflows.format_specs import format_spec
source = Path(sys.argv[1])
for number, kind in enumerate(sys.argv[2:], start=1):
    source = convert(source, source.with_name(f"{number}-{kind}"), to=format_spec(kind)).written.folder
"""


def cli(*arguments: str | Path) -> None:
    """Runs the program as users do."""
    subprocess.run([sys.executable, "-m", "meshsight.cli", *map(str, arguments)], check=True, capture_output=True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_becomes_every_other(kind: str, tmp_path: Path) -> None:
    source = write(labelled_folder(tmp_path / "drawn", seed=1, most=1), tmp_path / kind, kind)
    for other in KINDS:
        done = convert(source, tmp_path / f"to-{other}", to=format_spec(other))
        assert done.source_kind == kind
        found = open_dataset(tmp_path / f"to-{other}")
        assert found.num_samples == 4
        assert sum(len(sample.objects) for sample in found.samples()) == done.written.parts[0].num_objects
        if other == OWN:
            assert verify(tmp_path / f"to-{other}").is_good


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Makes the system refuse to let any file grow larger, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", KINDS)
def test_a_full_disk_is_one_line_and_leaves_nothing(kind: str, tmp_path: Path) -> None:
    source = write(labelled_folder(tmp_path / "drawn", seed=1, most=1), tmp_path / "own", OWN)
    before = sorted(tmp_path.iterdir())
    with files_of_at_most(100), pytest.raises(StorageError) as caught:
        convert(source, tmp_path / "out", to=format_spec(kind))
    assert "\n" not in str(caught.value) and "File too large" in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_is_broken_off_leaves_nothing_half_done_and_can_be_done_again(how: signal.Signals, tmp_path: Path) -> None:
    source = write(many(tmp_path / "drawn", NUM_MANY), tmp_path / "shards", "webdataset")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "meshsight.cli", "convert", str(source), str(out), "--to", "yolo"]
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # else it is ignored where the tests are
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, preexec_fn=heeding) as process:
        wait_for(lambda: num_hidden_images(tmp_path) > 5)
        process.send_signal(how)
        process.communicate(timeout=30)
    assert process.returncode != 0 and not out.exists()
    assert num_hidden_images(tmp_path) > 0 if how == signal.SIGKILL else hidden(tmp_path) == []
    cli("convert", source, out, "--to", "yolo")
    assert hidden(tmp_path) == []
    assert open_dataset(out).num_samples == NUM_MANY


def many(folder: Path, count: int) -> Dataset:
    """Labels of one tiny image, over and over."""
    write_image(folder / "a.png", np.zeros((16, 16, 3), np.uint8))
    label = ObjectLabel(class_id=0, box=(2.0, 3.0, 12.0, 13.0))

    def samples() -> Iterator[Sample]:
        for index in range(count):
            yield Sample(image="a.png", size_hw=(16, 16), objects=(label,), frame=index, group=str(index))

    return replace(dataset_of([], folder), num_samples=count, samples=samples)


def hidden(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.startswith(".")]


def num_hidden_images(folder: Path) -> int:
    return sum(1 for work in hidden(folder) for _ in work.rglob("*.png"))


def wait_for(is_so) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.005)


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stem", ["../../climbed", "/climbed", "x/../../../climbed"])
def test_archive_members_cannot_climb_out(kind: str, stem: str, tmp_path: Path) -> None:
    source = write(labelled_folder(tmp_path / "drawn", seed=1, most=1), tmp_path / "in" / "shards", "webdataset")
    sample = replace(next(open_dataset(source).samples()), image="climbed.png")
    image = read_path(tmp_path / "drawn" / "images" / "000000.png")
    with tarfile.open(source / "shard-000000.tar", "a") as archive:
        add(archive, f"{stem}.png", image)
        add(archive, f"{stem}.json", sample_to_json(sample).encode())
    before = set(everything(tmp_path))
    try:
        convert(source, tmp_path / "deep" / "er" / "out", to=format_spec(kind))
    except MeshsightError as error:
        assert "climbed" in str(error)
    new = set(everything(tmp_path)) - before
    assert all(path.is_relative_to(tmp_path / "deep" / "er" / "out") for path in new if path.is_file())
    assert not list(Path("/").glob("climbed*"))


def everything(folder: Path) -> Sequence[Path]:
    return list(folder.rglob("*"))


@pytest.mark.parametrize(("kind", "setting"), [("webdataset", "shard_images=20"), ("tfrecord", "embed_images=true")])
def test_memory_does_not_grow_with_the_data_in_sharded_kinds(kind: str, setting: str, tmp_path: Path) -> None:
    writer = writer_of(format_spec(kind, [setting]))

    def peak(count: int) -> int:
        dataset = many(tmp_path / "drawn", count)
        tracemalloc.start()
        write_dataset({WHOLE: dataset}, tmp_path / f"out-{count}", writer)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(20)  # what is made once
    few, lots = peak(60), peak(240)
    assert lots - few < 180 * 200, "more than a name is held for each image"
