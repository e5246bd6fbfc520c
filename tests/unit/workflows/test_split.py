"""Splits on disk: parts that make the whole, folds by links, lists, and what is refused."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.errors import CallError, DataError
from meshsight.datasets.format import WHOLE
from meshsight.datasets.opening import open_dataset
from meshsight.datasets.split import SplitRule
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Sample
from meshsight.workflows.format_specs import format_spec, writer_of
from meshsight.workflows.split import SplitPlan, make_rule, parse_fractions, split
from meshsight.workflows.verify import verify
from meshsight.workflows.writing import Writing, write_dataset

from ...contracts.labelled import dataset_of, labelled_folder

HALVES = SplitRule(fractions={"train": 0.5, "val": 0.5}, is_stratified=True)
SHARDS = format_spec("webdataset")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Twelve samples of six groups."""
    drawn = labelled_folder(tmp_path / "drawn", seed=1, count=12)
    samples = [replace(sample, group=f"g{sample.frame // 2}") for sample in drawn.samples()]
    write_dataset({WHOLE: dataset_of(samples, drawn.root)}, tmp_path / "own", writer_of(format_spec("meshsight")))
    return tmp_path / "own"


def images(samples: Iterable[Sample]) -> list[str]:
    return [sample.image for sample in samples]


def groups(dataset: Dataset) -> set[str]:
    return {sample.group for sample in dataset.samples()}


def test_the_parts_make_the_whole_and_share_no_group(own: Path, tmp_path: Path) -> None:
    done = split(own, tmp_path / "out", SplitPlan(rule=HALVES))
    assert (done.kind, done.num_groups) == ("meshsight", 6)
    train, val = (open_dataset(tmp_path / "out" / name) for name in ("train", "val"))
    assert verify(tmp_path / "out" / "train").is_good and verify(tmp_path / "out" / "val").is_good
    assert not groups(train) & groups(val)
    whole = images(open_dataset(own).samples())
    assert sorted([*images(train.samples()), *images(val.samples())]) == whole
    (written,) = done.written
    assert sum(part.num_images for part in written.parts) == 12
    counts = [
        sum(label.class_id == 0 for s in part.samples() for label in s.objects if not label.is_ignored)
        for part in (train, val)
    ]
    assert [*done.objects["Stop sign"].values()] == counts


def test_a_format_with_splits_holds_them_in_one_set(own: Path, tmp_path: Path) -> None:
    split(own, tmp_path / "out", SplitPlan(rule=HALVES, to=SHARDS))
    parts = [open_dataset(f"{tmp_path / 'out'}#{name}") for name in ("train", "val")]
    assert not groups(parts[0]) & groups(parts[1])
    assert sum(part.num_samples for part in parts) == 12


@pytest.mark.parametrize("is_stratified", [True, False])
def test_every_sample_is_in_the_val_of_one_fold_and_the_train_of_the_others(
    own: Path, tmp_path: Path, is_stratified: bool
) -> None:
    rule = make_rule(None, 3, by="group", is_stratified=is_stratified, seed=3)
    split(own, tmp_path / "out", SplitPlan(rule=rule, is_folded=True), writing=Writing(images="hardlink"))
    whole = images(open_dataset(own).samples())
    vals: list[str] = []
    for index in range(3):
        train, val = (open_dataset(tmp_path / "out" / f"fold_{index}" / name) for name in ("train", "val"))
        assert not groups(train) & groups(val)
        assert sorted([*images(train.samples()), *images(val.samples())]) == whole
        assert (train.root / images(train.samples())[0]).samefile(own / images(train.samples())[0])
        vals += images(val.samples())
    assert sorted(vals) == whole


def test_lists_name_the_same_images_and_copy_none(own: Path, tmp_path: Path) -> None:
    split(own, tmp_path / "out", SplitPlan(rule=HALVES))
    done = split(own, tmp_path / "lists", SplitPlan(rule=HALVES, is_list=True))
    assert done.kind == "list"
    assert sorted(path.name for path in (tmp_path / "lists").iterdir()) == ["train.txt", "val.txt"]
    for name in ("train", "val"):
        listed = (tmp_path / "lists" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
        assert listed == images(open_dataset(tmp_path / "out" / name).samples())


def test_what_cannot_be_is_refused_and_leaves_nothing(own: Path, tmp_path: Path) -> None:
    seven = make_rule(None, 7, by="group", is_stratified=True, seed=0)
    with pytest.raises(DataError, match="none of the 6 groups falls to 'fold_6'; ask for fewer or larger parts"):
        split(own, tmp_path / "out", SplitPlan(rule=seven, is_folded=True))
    with pytest.raises(CallError, match="lies within the data set"):
        split(own, own / "out", SplitPlan(rule=HALVES))
    split(own, tmp_path / "parted", SplitPlan(rule=HALVES, to=SHARDS))
    with pytest.raises(CallError, match=r"has the splits train, val; name one, as in .*parted#train"):
        split(tmp_path / "parted", tmp_path / "out", SplitPlan(rule=HALVES))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drawn", "own", "parted"]


def test_fractions_are_read_or_refused() -> None:
    assert parse_fractions("train=0.8, val=.2") == {"train": 0.8, "val": 0.2}
    for text in ("train", "train=", "=1", "a/b=1", "..=1", "train=much"):
        with pytest.raises(CallError, match="--into"):
            parse_fractions(text)
    for into, folds in ((None, None), ("a=1", 3), (None, 1), ("a=0.5,b=0.6", None)):
        with pytest.raises(CallError):
            make_rule(into, folds, by="group", is_stratified=False, seed=0)


def test_the_verb_tells_the_shares(own: Path, tmp_path: Path) -> None:
    call = ["split", str(own), str(tmp_path / "a"), "--into", "train=0.5,val=0.5", "--stratify", "--by", "scene"]
    done = CliRunner().invoke(program, call)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == f"{tmp_path / 'a'} (meshsight): 6 groups"
    assert any(line.startswith("Stop sign") and "%" in line for line in lines)
    folded = ["split", str(own), str(tmp_path / "b"), "--folds", "2", "--stratify", "--to", "webdataset", "--json"]
    told = json.loads(CliRunner().invoke(program, folded).stdout)
    assert [Path(one["folder"]).name for one in told["written"]] == ["fold_0", "fold_1"]
