"""Ball patches in HDF5: every layout that is about, and what is wrong with some of them."""

import json
import logging
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from meshsight.core.container import open_container, read_path
from meshsight.core.errors import DataError
from meshsight.core.images import read_image, read_size_hw
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats.patches_h5 import Spec
from meshsight.datasets.opening import guess_reader, open_dataset
from meshsight.datasets.patches.circle import circle_label, circle_of, made_round
from meshsight.datasets.target import Target
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample

h5py = pytest.importorskip("h5py")
from meshsight.datasets.formats._patches_h5 import build  # noqa: E402

RNG = np.random.default_rng(3)
NAME = "tk03_combined_16x16_{}_ball_radius_center_X_y.h5"


def pixels(count: int, *shape: int) -> np.ndarray:
    return RNG.integers(0, 256, (count, *shape), dtype=np.uint8)


def h5(path: Path, **arrays: np.ndarray) -> Path:
    with h5py.File(path, "w") as file:
        for key, array in arrays.items():
            file[key] = array
    return path


@pytest.mark.parametrize("shape", [(16, 16), (16, 16, 1), (16, 16, 2), (16, 12, 3)])
def test_pixels_come_back_losslessly(tmp_path, shape):
    X = pixels(5, *shape)
    file = h5(tmp_path / "a.h5", X=X, y=np.array([0, 1, 1, 0, 1]))
    found = open_dataset(tmp_path)
    for row, sample in enumerate(found.samples()):
        with Image.open(BytesIO(read_path(found.root / sample.image))) as image:
            assert np.array_equal(np.asarray(image), X[row].squeeze())
        assert read_size_hw(found.root / sample.image) == sample.size_hw == shape[:2]
        seen = read_image(found.root / sample.image)
        luminance = X[row].reshape(*shape[:2], -1)
        assert np.array_equal(seen, luminance if luminance.shape[2] == 3 else luminance[:, :, :1].repeat(3, axis=2))
    assert open_container(file).names() == tuple(f"X/{row:06d}.png" for row in range(5))


def test_classes_alone_are_the_whole_patch(tmp_path):
    h5(tmp_path / "a.h5", X=pixels(3, 16, 16, 1), y=np.array([1.0, 0.0, 1.0]))
    found = open_dataset(tmp_path / "a.h5")
    assert found.classes == ("ball",)
    assert [[label.box for label in sample.objects] for sample in found.samples()] == [
        [(0, 0, 16, 16)],
        [],
        [(0, 0, 16, 16)],
    ]


def test_circles_are_radius_x_y_over_the_patch(tmp_path):
    y = np.array([[0.25, 0.5, 0.75], [0, 0, 0], [0.5, 1.25, 0.5]])
    h5(tmp_path / "a.h5", X=pixels(3, 16, 32, 3), Y=y)  # capital Y in older files
    first, second, third = open_dataset(tmp_path).samples()
    assert first.objects[0].full_box == (8, 4, 24, 20)  # r 8, x 16, y 12
    assert first.objects[0].box == (8, 4, 24, 16)
    assert circle_of(first.objects[0]) == (8, 16, 12)
    assert second.objects == ()
    assert third.objects[0].full_box == (24, -8, 56, 24)
    assert third.objects[0].box == (24, 0, 32, 16)


def test_a_ball_beside_its_patch_is_left_out_and_counted(tmp_path, caplog):
    h5(tmp_path / "a.h5", X=pixels(2, 16, 16, 1), y=np.array([[0.1, 1.5, 0.5], [0.1, 0.5, 0.5]]))
    with caplog.at_level(logging.WARNING):
        found = open_dataset(tmp_path)
    assert "left out 1 balls that do not touch their patch" in caplog.text
    assert [len(sample.objects) for sample in found.samples()] == [0, 1]


def test_splits_are_in_the_names(tmp_path):
    for split, count in (("train", 4), ("validation", 2), ("test", 1)):
        h5(tmp_path / NAME.format(split), X=pixels(count, 16, 16, 1), y=np.full((count, 3), 0.5))
    reader = guess_reader(tmp_path)
    assert sorted(reader.splits(tmp_path)) == ["test", "train", "validation"]
    assert open_dataset(f"{tmp_path}#validation").num_samples == 2
    assert open_dataset(tmp_path).num_samples == 7
    assert open_dataset(tmp_path / NAME.format("train")).num_samples == 4
    with pytest.raises(DataError, match="no split 'val'; there are: test, train, validation"):
        open_dataset(tmp_path, split="val")


def test_files_that_share_a_split_go_by_their_names(tmp_path):
    for camera in ("top", "bottom"):
        name = f"tk03_{camera}_16x16_train_ball_no_ball_X_y.h5"
        h5(tmp_path / name, X=pixels(2, 16, 16, 1), y=np.zeros(2))
    assert guess_reader(tmp_path).splits(tmp_path) == (
        "tk03_bottom_16x16_train_ball_no_ball_X_y",
        "tk03_top_16x16_train_ball_no_ball_X_y",
    )


def test_another_array_under_x(tmp_path):
    """As in the published tk03 file."""
    X = pixels(4, 16, 16, 1)
    h5(tmp_path / "a.h5", X=np.zeros((4, 7)), patches=X, y=np.array([0, 1, 1, 0]))
    with pytest.raises(
        DataError, match=r"'X' must be uint8 images.*'X' float64 \(4, 7\).*open it with `images: patches`"
    ):
        open_dataset(tmp_path)
    found = open_dataset(tmp_path, spec=Spec(images="patches"))
    assert np.array_equal(read_image(found.root / next(found.samples()).image), X[0].repeat(3, axis=2))


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"X": np.zeros((4, 8, 8, 1)), "y": np.zeros(4)}, "must be uint8 images"),  # normalised already
        ({"X": np.zeros((4, 8, 8, 1), np.uint8), "y": np.zeros(3)}, r"of shape \(3, h, w"),
        ({"X": np.zeros((4, 8, 8, 1), np.uint8), "y": np.zeros((4, 2))}, r"found \(4, 2\)"),
        ({"X": np.zeros((4, 8, 8, 1), np.uint8), "y": np.array([0, 1, 2, 0])}, "up to 1 for ball"),
        ({"X": np.zeros((4, 8, 8, 1), np.uint8), "y": np.array([0, 1, 0.5, 0])}, "up to 1 for ball"),
        ({"X": np.zeros((4, 8, 8, 1), np.uint8), "y": np.full((4, 3), np.nan)}, "not finite"),
        ({"X": np.zeros((4, 8, 8, 1), np.uint8)}, r"no labels 'y'; there are 'X' uint8"),
    ],
)
def test_faults_are_named(tmp_path, arrays, words):
    h5(tmp_path / "a.h5", **arrays)
    with pytest.raises(DataError, match=words):
        open_dataset(tmp_path, spec=Spec())


def test_a_torn_file_is_named(tmp_path):
    file = h5(tmp_path / "a.h5", X=pixels(400, 16, 16, 1), y=np.zeros(400))
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(DataError, match=r"a\.h5: damaged or no HDF5 file"):
        open_dataset(tmp_path, spec=Spec())


def patch_set(folder: Path, images: list[np.ndarray], labels: list[ObjectLabel | None]) -> Dataset:
    folder.mkdir()
    samples = []
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(image).save(folder / f"{number}.png")
        objects = () if label is None else (label,)
        samples.append(
            Sample(
                image=f"{number}.png",
                size_hw=image.shape[:2],
                objects=objects,
                frame=number,
                group=f"photo {number // 2}",
            )
        )
    return Dataset(root=folder, classes=("ball",), num_samples=len(samples), samples=lambda: iter(samples),
                   name="patches", fingerprint=None)  # fmt: skip


def written(source: Dataset, folder: Path, spec: Spec) -> Path:
    writer = build(spec)
    writer.write({WHOLE: reduce_dataset(source, writer.capacity)[0]}, Target(folder))
    (file,) = folder.iterdir()
    return file


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_what_is_written_is_what_the_field_reads(tmp_path, channels):
    images = [image.squeeze() for image in pixels(4, 16, 16, channels)]
    labels = [circle_label(0, (4.0, 7.0, 9.0), (16, 16)), None, circle_label(0, (9.0, -1.5, 12.25), (16, 16)), None]
    file = written(patch_set(tmp_path / "source", images, labels), tmp_path / "out", Spec())
    assert file.name == "patches_16x16_ball_radius_center_X_y.h5"
    with h5py.File(file) as opened:  # as the field's own scripts do
        X, y = np.array(opened["X"]), np.array(opened["y"])
        assert json.loads(opened.attrs["classes"]) == ["ball"]
        assert opened["group"].asstr()[()].tolist() == ["photo 0", "photo 0", "photo 1", "photo 1"]
    assert X.dtype == np.uint8 and X.shape == (4, 16, 16, channels)
    assert np.array_equal(X, np.stack(images).reshape(X.shape))
    assert np.allclose(y * 16, [[4, 7, 9], [0, 0, 0], [9, -1.5, 12.25], [0, 0, 0]])


def test_classes_alone_can_be_written(tmp_path):
    images = list(pixels(3, 16, 16))
    labels = [circle_label(0, (4.0, 7.0, 9.0), (16, 16)), None, None]
    file = written(patch_set(tmp_path / "source", images, labels), tmp_path / "out", Spec(target="class"))
    assert file.name == "patches_16x16_ball_no_ball_X_y.h5"
    with h5py.File(file) as opened:
        assert opened["y"][()].tolist() == [1, 0, 0]
    assert next(open_dataset(file).samples()).objects[0].box == (0, 0, 16, 16)


def test_patches_of_two_sizes_or_modes_are_refused(tmp_path):
    for name, other in (("size", pixels(1, 16, 12, 3)[0]), ("mode", pixels(1, 16, 16)[0])):
        source = patch_set(tmp_path / name, [pixels(1, 16, 16, 3)[0], other], [None, None])
        with pytest.raises(DataError, match=r"1\.png: .* but the first patch has 16 x 16 px of 3 channels"):
            written(source, tmp_path / f"{name}-out", Spec())
        assert list((tmp_path / f"{name}-out").iterdir()) == [], "nothing half done"


@given(
    radius=st.floats(0.5, 40),
    x=st.floats(-30, 46),
    y=st.floats(-30, 46),
    width=st.integers(4, 48),
    height=st.integers(4, 48),
)
@settings(max_examples=60, derandomize=True)
def test_a_circle_is_its_own_label(radius, x, y, width, height):
    label = circle_label(0, (radius, x, y), (height, width))
    touches = x + radius > 0 and x - radius < width and y + radius > 0 and y - radius < height
    assert (label is not None) == touches
    if label is not None:
        assert circle_of(label) == pytest.approx((radius, x, y), abs=1e-12)
        sample = Sample(image="a.png", size_hw=(height, width), objects=(label,), frame=0, group="a")
        again = made_round(label, sample)
        assert circle_of(again) == pytest.approx((radius, x, y), abs=1e-12)
