"""Pickled ball patches: the mean comes back, the labels are circles."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from meshsight.core.errors import DataError
from meshsight.core.images import read_image
from meshsight.datasets.formats.patches_pickle import Spec
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.patches.circle import circle_of

RNG = np.random.default_rng(5)
PIXELS = RNG.integers(0, 256, (3, 16, 16, 1), dtype=np.uint8)
MEAN = np.float32(PIXELS.mean() / 255)
IMAGES = (PIXELS / 255 - MEAN).astype(np.float32)
TARGETS = np.array([[0.25, 0.5, 0.75, 1], [0, 0, 0, 0], [0.5, 1.0, 0.25, 1]])


def stream(path: Path, *values: object) -> Path:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as file:
        for value in values:
            pickle.dump(value, file, protocol=2)
    return path


def test_pixels_and_circles_come_back(tmp_path):
    stream(tmp_path / "set" / "tk03_combined_detection.pkl", MEAN, IMAGES, TARGETS)
    found = open_dataset(tmp_path / "set")
    assert (found.classes, found.num_samples) == (("ball",), 3)
    samples = list(found.samples())
    for pixels, sample in zip(PIXELS, samples, strict=True):
        assert sample.size_hw == (16, 16)
        assert np.array_equal(read_image(found.root / sample.image), pixels.repeat(3, axis=2))
    assert [len(sample.objects) for sample in samples] == [1, 0, 1]
    assert circle_of(samples[0].objects[0]) == (4, 8, 12)
    assert samples[2].objects[0].full_box == (8, -4, 24, 12)
    assert samples[2].objects[0].box == (8, 0, 16, 12)


@pytest.mark.parametrize("paths", [["a.png", "b.png", "a.png"], np.array(["a.png", "b.png", "a.png"])])
def test_the_flag_and_the_paths_may_stand_apart(tmp_path, paths):
    file = stream(tmp_path / "a.pkl", MEAN, IMAGES[..., 0], TARGETS[:, :3], TARGETS[:, 3] > 0, paths)
    samples = list(open_dataset(file).samples())
    assert [len(sample.objects) for sample in samples] == [1, 0, 1]
    assert [sample.group for sample in samples] == ["a.png", "b.png", "a.png"]


def test_flags_alone_are_whole_patches(tmp_path):
    file = stream(tmp_path / "a.pkl", MEAN, IMAGES, np.array([0, 1, 1]))
    boxes = [[label.box for label in sample.objects] for sample in open_dataset(file).samples()]
    assert boxes == [[], [(0, 0, 16, 16)], [(0, 0, 16, 16)]]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ((MEAN, IMAGES), "2 pickles; expected the mean, the images and their labels"),
        ((MEAN, "images", TARGETS), "second pickle must be the images, found str"),
        ((MEAN, PIXELS, TARGETS), r"floats of .*, found uint8 \(3, 16, 16, 1\)"),
        ((np.float32(0.9), IMAGES + 0.3, TARGETS), "must lie in 0..1"),
        (("mean", IMAGES, TARGETS), "first pickle must be the mean"),
        ((np.zeros(7), IMAGES, TARGETS), "first pickle must be the mean"),
        ((MEAN, IMAGES, TARGETS[:2]), "must be 3 rows of radius, x, y and is_ball"),
        ((MEAN, IMAGES, TARGETS[:, :2]), "must be 3 rows"),
        ((MEAN, IMAGES, TARGETS * np.nan), "must be 3 rows"),
    ],
)
def test_faults_are_named(tmp_path, values, words):
    file = stream(tmp_path / "a.pkl", *values)
    with pytest.raises(DataError, match=words) as caught:
        open_dataset(file, spec=Spec())
    assert "a.pkl" in str(caught.value)


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'trace'}",)

    stream(tmp_path / "set" / "a.pkl", MEAN, IMAGES, [Bomb()])
    with pytest.raises(DataError, match=r"a\.pkl: asks for '\w+\.system'"):
        open_dataset(tmp_path / "set", spec=Spec())
    assert not (tmp_path / "trace").exists()


def test_a_torn_file_is_one_error(tmp_path):
    file = stream(tmp_path / "a.pkl", MEAN, IMAGES, TARGETS)
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(DataError, match=r"a\.pkl: the pickle at byte [\d,]+ is cut off or damaged"):
        open_dataset(file, spec=Spec())
