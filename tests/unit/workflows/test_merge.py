"""Merging: classes renamed, joined and dropped; images, groups and sources keep whose they are."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from meshsight.cli.main import program
from meshsight.core.errors import CallError, SpecError
from meshsight.datasets.format import WHOLE
from meshsight.datasets.merging import ClassMap, merged_classes, with_mapped_classes
from meshsight.datasets.opening import open_dataset
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.workflows.format_specs import format_spec, writer_of
from meshsight.workflows.merge import merge, read_class_map
from meshsight.workflows.verify import verify
from meshsight.workflows.writing import write_dataset

from ...contracts.labelled import dataset_of, labelled_folder

NAMES = ["ball", "Ball", "cup", "dog", "ß"]


def write(folder: Path, seed: int, classes: tuple[str, ...], kind: str = "meshsight") -> Path:
    drawn = labelled_folder(folder.with_name(f"drawn-{folder.name}"), seed=seed, count=3)
    write_dataset({WHOLE: replace(drawn, classes=classes)}, folder, writer_of(format_spec(kind)))
    return folder


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return write(tmp_path / "first", 1, ("ball", "cup", "person"))


@pytest.fixture
def second(tmp_path: Path) -> Path:
    return write(tmp_path / "second", 2, ("football", "mug", "dog"), kind="webdataset")


def names_of(dataset: Dataset) -> list[list[str]]:
    return [[dataset.classes[label.class_id] for label in sample.objects] for sample in dataset.samples()]


def test_two_formats_become_one_set_and_remember_whose_is_what(first: Path, second: Path, tmp_path: Path) -> None:
    done = merge([f"made={first}", second], tmp_path / "out")
    whole = open_dataset(tmp_path / "out")
    assert done.classes == whole.classes == ("ball", "cup", "person", "football", "mug", "dog")
    assert [(one.name, one.kind, one.num_images) for one in done.sources] == [
        ("made", "meshsight", 3),
        ("second", "webdataset", 3),
    ]
    samples = list(whole.samples())
    assert [sample.frame for sample in samples] == list(range(6))
    assert [sample.source for sample in samples] == ["made"] * 3 + ["second"] * 3
    before = [*open_dataset(first).samples(), *open_dataset(second).samples()]
    assert [s.group for s in samples] == [f"{s.source}/{b.group}" for s, b in zip(samples, before, strict=True)]
    assert len({sample.group for sample in samples}) == 6  # both sets have a scene-000000
    assert names_of(whole) == names_of(open_dataset(first)) + names_of(open_dataset(second))
    assert samples[0].image == "images/made/images/000000.png"
    assert verify(tmp_path / "out").is_good
    for sample, old in zip(samples[:3], before, strict=False):
        assert (whole.root / sample.image).read_bytes() == (first / old.image).read_bytes()


def test_classes_are_renamed_joined_and_dropped(first: Path, second: Path, tmp_path: Path) -> None:
    class_map = ClassMap(rename={"football": "ball", "second/mug": "cup"}, drop=("person",))
    done = merge([first, second], tmp_path / "out", class_map=class_map)
    assert done.classes == ("ball", "cup", "dog")
    assert done.sources[0].classes == {"ball": "ball", "cup": "cup", "person": None}
    told = {"football": "ball", "mug": "cup"}
    expected = [
        [told.get(name, name) for name in names if name != "person"]
        for names in names_of(open_dataset(first)) + names_of(open_dataset(second))
    ]
    assert names_of(open_dataset(tmp_path / "out")) == expected


def test_a_class_of_one_source_can_be_meant(tmp_path: Path) -> None:
    one, other = (write(tmp_path / name, seed, ("ball", "cup", "dog")) for seed, name in enumerate(["one", "other"]))
    class_map = ClassMap(rename={"other/ball": "puck"})
    merge([one, other], tmp_path / "out", class_map=class_map)
    found = names_of(open_dataset(tmp_path / "out"))
    ours, theirs = ({name for names in part for name in names} for part in (found[:3], found[3:]))
    assert "ball" in ours and "ball" not in theirs and "puck" in theirs


def test_splits_of_one_name_are_joined_and_may_be_missing(first: Path, tmp_path: Path) -> None:
    drawn = labelled_folder(tmp_path / "drawn-parted", seed=3)
    samples = list(drawn.samples())
    shards = writer_of(format_spec("webdataset"))
    for name, splits in (("p", ("train", "val")), ("q", ("train",))):
        parts = {split: dataset_of(samples[i::2], drawn.root) for i, split in enumerate(splits)}
        write_dataset(parts, tmp_path / name, shards)
    done = merge([tmp_path / "p", tmp_path / "q"], tmp_path / "out", to=format_spec("webdataset"))
    assert [(part.split, part.num_images) for part in done.written.parts] == [("train", 4), ("val", 2)]
    assert [s.source for s in open_dataset(f"{tmp_path / 'out'}#train").samples()] == ["p", "p", "q", "q"]
    with pytest.raises(
        CallError, match=r"'p' has the splits train, val and 'first' has none; name one, as in .*p#train"
    ):
        merge([first, tmp_path / "p"], tmp_path / "mixed")


def test_a_merge_of_merges_keeps_the_whole_way(first: Path, second: Path, tmp_path: Path) -> None:
    merge([first, second], tmp_path / "inner")
    merge([f"all={tmp_path / 'inner'}"], tmp_path / "outer")
    sources = [sample.source for sample in open_dataset(tmp_path / "outer").samples()]
    assert sources == ["all/first"] * 3 + ["all/second"] * 3


def test_names_that_differ_only_by_case_are_pointed_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = write(tmp_path / "one", 0, ("ball", "cup", "dog"))
    two = write(tmp_path / "two", 1, ("Ball", "cup", "dog"))
    done = merge([one, two], tmp_path / "out")
    said = "the classes 'ball' and 'Ball' differ only by case; --map Ball=ball joins them"
    assert done.repairs == (said,) and said in caplog.text


@pytest.mark.parametrize(
    ("class_map", "message"),
    [
        (ClassMap(rename={"bal": "x"}), "names 'bal', which no source has; did you mean 'ball'?"),
        (ClassMap(drop=("zebra",)), "names 'zebra', which no source has; there are: ball, cup, person"),
        (ClassMap(rename={"ball": "x"}, drop=("ball",)), "both renames and drops 'ball'"),
        (ClassMap(drop=("ball", "cup", "person")), "drops every class"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(first: Path, tmp_path: Path, class_map: ClassMap, message: str) -> None:
    with pytest.raises(CallError) as caught:
        merge([first], tmp_path / "out", class_map=class_map)
    assert message in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_sources_need_names_of_their_own(first: Path, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="two sources are called 'first'; name them, as in first="):
        merge([first, first], tmp_path / "out")
    with pytest.raises(CallError, match="'a/b' cannot be the name of a source"):
        merge([f"a/b={first}"], tmp_path / "out")
    merge([f"a={first}", f"b={first}"], tmp_path / "out")
    assert open_dataset(tmp_path / "out").num_samples == 6


def test_maps_come_from_options_and_files(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text("rename: {football: ball}\ndrop: [dog]\n")
    found = read_class_map([str(file), "mug = cup"], ["person"])
    assert found == ClassMap(rename={"football": "ball", "mug": "cup"}, drop=("person", "dog"))
    for content, message in (("renam: {a: b}", "did you mean 'rename'"), ("- a", "expected a mapping"), ("{", "YAML")):
        file.write_text(content)
        with pytest.raises(SpecError, match=message):
            read_class_map([str(file)])
    with pytest.raises(SpecError, match="empty name"):
        read_class_map(["mug="])
    with pytest.raises(SpecError, match="expected OLD=NEW or a YAML file"):
        read_class_map(["absent.yaml"])


@given(st.lists(st.lists(st.sampled_from(NAMES), unique=True, min_size=1), min_size=1, max_size=3), st.data())
def test_an_objects_new_class_is_what_the_map_says_of_its_old_one(lists: list[list[str]], data: st.DataObject) -> None:
    sources = {f"s{i}": tuple(names) for i, names in enumerate(lists)}
    known = sorted({name for names in lists for name in names})
    changed = data.draw(st.lists(st.sampled_from(known), unique=True))
    cut = data.draw(st.integers(0, len(changed)))
    class_map = ClassMap(
        rename={name: data.draw(st.sampled_from(NAMES)) for name in changed[:cut]}, drop=tuple(changed[cut:])
    )
    if len(changed) - cut == len(known):
        return
    classes = merged_classes(sources, class_map)
    assert len(set(classes)) == len(classes)
    for source, names in sources.items():
        objects = tuple(ObjectLabel(class_id=i, box=(0.0, 0.0, 1.0, 1.0)) for i in range(len(names)))
        sample = Sample(image="a", size_hw=(1, 1), objects=objects, frame=0, group="g")
        whole = replace(dataset_of([sample], Path()), classes=names)
        (found,) = names_of(with_mapped_classes(whole, source, class_map, classes))
        assert found == [class_map.rename.get(name, name) for name in names if name not in class_map.drop]


def test_the_verb_tells_what_became_of_classes(first: Path, second: Path, tmp_path: Path) -> None:
    call = ["merge", str(first), str(second), "--map", "football=ball", "--drop", "dog", "--out"]
    words = CliRunner().invoke(program, [*call, str(tmp_path / "a")])
    assert words.exit_code == 0
    assert "football -> ball, dog -> (dropped)" in words.stdout
    told = json.loads(CliRunner().invoke(program, [*call, str(tmp_path / "b"), "--to", "webdataset", "--json"]).stdout)
    assert told["classes"] == ["ball", "cup", "person", "mug"] and told["kind"] == "webdataset"
