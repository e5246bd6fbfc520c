"""BOP-WebDataset shards, ours and others'."""

import json

import numpy as np
import pytest

from meshsight.core.errors import DataError
from meshsight.core.masks import encode_mask
from meshsight.datasets.bop.shard_images import mask_of
from meshsight.datasets.format import FORMAT_KINDS
from meshsight.datasets.formats import bop_webdataset
from meshsight.datasets.opening import guess_reader, open_dataset

from .bop_sets import dataset, posed, write


def test_shards_are_told_apart_from_ours(tmp_path):
    source = dataset(tmp_path, (posed(),))
    assert isinstance(
        guess_reader(write("bop_webdataset", source, tmp_path / "bop").root), bop_webdataset.BopWebdatasetFormat
    )
    for place in (tmp_path / "bop", tmp_path / "bop" / "train_pbr"):
        (place / "classes.json").write_text((tmp_path / "bop" / "classes.json").read_text())
        assert not FORMAT_KINDS.builder("webdataset")(FORMAT_KINDS.module("webdataset").Spec()).recognises(place)


def test_shards_are_filled_in_order(tmp_path):
    found = write("bop_webdataset", dataset(tmp_path, *[(posed(),)] * 5), tmp_path / "out", shard_images=2)
    assert json.loads((tmp_path / "out" / "train_pbr" / "key_to_shard.json").read_text()) == {
        "000000_000000": 0,
        "000000_000001": 0,
        "000001_000000": 1,
        "000001_000001": 1,
        "000002_000000": 2,
    }
    assert [sample.frame for sample in found.samples()] == [0, 1, 2, 3, 4]


def test_shards_by_themselves_are_read(tmp_path, caplog):
    """As the benchmark offers them: no list of classes, and no models beside them."""
    found = write("bop_webdataset", dataset(tmp_path, (posed("cube", 1),), (posed(),)), tmp_path / "out")
    written = list(found.samples())
    shards = tmp_path / "out" / "train_pbr"
    for name in ("classes.json", "camera.json"):
        (tmp_path / "out" / name).unlink()
    near = open_dataset(shards)
    assert near.classes == ("obj_000001", "obj_000002")
    assert all(label.pose is not None for sample in near.samples() for label in sample.objects)
    shards.rename(tmp_path / "alone")
    alone = open_dataset(tmp_path / "alone")
    assert "poses have no box" in caplog.text
    assert alone.classes == ("obj_000001", "obj_000002")
    for before, after in zip(written, alone.samples(), strict=True):
        assert [label.box for label in after.objects] == [label.box for label in before.objects]
        assert [label.mask for label in after.objects] == [label.mask for label in before.objects]


@pytest.mark.parametrize("first", [False, True])
def test_run_lengths_survive(first):
    rng = np.random.default_rng(3)
    mask = rng.random((7, 9)) < 0.4
    mask[0, 0] = first
    encoded = encode_mask(mask)
    runs = bop_webdataset.mask_runs(encoded)
    assert sum(runs["counts"]) == 63 and runs["size"] == [7, 9]
    values = np.repeat(np.arange(len(runs["counts"])) % 2, runs["counts"]).reshape(7, 9, order="F")
    assert np.array_equal(values.astype(bool), mask)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"counts": [3], "size": [40, 60]}, "runs of 3 pixels in all"),
        ({"counts": [2400]}, "'size'"),
        ({"counts": 5, "size": [40, 60]}, "expected counts and size"),
        ({"counts": [-1, 2401], "size": [40, 60]}, "the shortest -1"),
    ],
)
def test_bad_run_lengths_are_refused(row, message):
    with pytest.raises(DataError, match=message):
        mask_of(row, "shard, key, mask 0")
