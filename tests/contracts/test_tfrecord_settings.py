"""The formats' round trip again, over the settings of TFRecord that change what is written."""

import pytest

from meshsight.core.container import read_path
from meshsight.datasets.capacity import reduce_dataset
from meshsight.datasets.format import WHOLE
from meshsight.datasets.formats.tfrecord import Spec, build
from meshsight.datasets.opening import guess_kind, open_dataset
from meshsight.datasets.target import Target

from .labelled import CLASSES, dataset_of, labelled_folder
from .test_formats import assert_equal

SETTINGS = [
    {"embed_images": True},
    {"embed_images": True, "num_shards": 2},
    {"flavour": "tf_od"},
    {"flavour": "tf_od", "num_shards": 1},
    {"num_shards": 1, "image_dir_name": "rgb"},
]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_what_is_written_is_read(settings, seed, tmp_path):
    form = build(Spec(**settings))
    source = labelled_folder(tmp_path / "source", seed)
    given, _ = reduce_dataset(source, form.capacity)
    form.write({WHOLE: given}, Target(tmp_path / "written"))
    assert guess_kind(tmp_path / "written") == "tfrecord"
    found = open_dataset(tmp_path / "written")
    assert (found.classes, found.num_samples) == (CLASSES, 4)
    for before, after in zip(given.samples(), found.samples(), strict=True):
        assert_equal(before, after, form.capacity)
        assert read_path(found.root / after.image) == read_path(source.root / before.image)


@pytest.mark.parametrize("settings", [{}, {"embed_images": True}, {"flavour": "tf_od"}], ids=str)
@pytest.mark.parametrize("names", [("train", "val"), ("val", "test", "train"), ("test",)], ids=str)
def test_splits_keep_their_names(settings, names, tmp_path):
    form = build(Spec(**settings))
    samples = list(labelled_folder(tmp_path / "source", 7, count=2 * len(names)).samples())
    parts = {name: dataset_of(samples[2 * i : 2 * i + 2], tmp_path / "source") for i, name in enumerate(names)}
    given = {name: reduce_dataset(part, form.capacity)[0] for name, part in parts.items()}
    form.write(given, Target(tmp_path / "written"))
    assert set(form.splits(tmp_path / "written")) == set(names)
    for name in names:
        found = open_dataset(f"{tmp_path / 'written'}#{name}")
        assert found.classes == CLASSES
        for before, after in zip(given[name].samples(), found.samples(), strict=True):
            assert_equal(before, after, form.capacity)
