"""Labels drawn from a folder, and previews of a recipe."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.cli.verbs.show import PARTS
from meshsight.core.errors import CallError, DataError
from meshsight.core.files import write_text
from meshsight.core.images import read_image, write_image
from meshsight.plotting.label_marks import Drawn
from meshsight.plotting.style import class_color
from meshsight.presets.basic import basic
from meshsight.records.dataset import Dataset
from meshsight.records.sample import ObjectLabel, Sample
from meshsight.workflows.preview import preview
from meshsight.workflows.show import Looks, Selection, show

SMALL = Looks(side=96)


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    samples = []
    for i in range(10):
        write_image(tmp_path / "data" / f"{i}.png", np.full((64, 96, 3), 20 * i, np.uint8))
        label = ObjectLabel(class_id=0, box=(10.0, 20.0, 40.0, 50.0))
        samples.append(Sample(image=f"{i}.png", size_hw=(64, 96), objects=(label,) * 2, frame=i, group=str(i)))
    return Dataset(
        root=tmp_path / "data",
        classes=("mug",),
        num_samples=10,
        samples=lambda: iter(samples),
        name="data",
        fingerprint=None,
    )


def test_a_grid_spread_over_the_data(dataset: Dataset, tmp_path: Path) -> None:
    shown = show(dataset, out=tmp_path / "grid.png", selection=Selection(count=4), looks=SMALL)
    assert (shown.num_images, shown.num_objects) == (4, 8)
    grid = read_image(tmp_path / "grid.png")
    assert grid.shape == (2 * (64 + 8) + 8, 2 * (96 + 8) + 8, 3)
    greys = [grid[8 + y * 72 + 60, 8 + x * 104 + 90, 0] for y in (0, 1) for x in (0, 1)]
    assert greys == [0, 40, 100, 140]  # samples 0, 2, 5 and 7
    assert (grid[8 + 20 : 8 + 50, 8 + 10 : 8 + 40] == class_color(0)).all(axis=2).any()


def test_a_folder_of_pictures(dataset: Dataset, tmp_path: Path) -> None:
    shown = show(dataset, out=tmp_path / "out", selection=Selection(count=99), looks=SMALL)
    assert [path.name for path in shown.paths] == [f"{i}.jpg" for i in range(10)]
    assert all(read_image(path).shape == (64, 96, 3) for path in shown.paths)


def test_one_sample_is_one_picture_without_a_frame(dataset: Dataset, tmp_path: Path) -> None:
    show(dataset, out=tmp_path / "one.jpg", selection=Selection(count=1), looks=SMALL)
    assert read_image(tmp_path / "one.jpg").shape == (64, 96, 3)


def test_bad_calls(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(CallError, match="--count 0"):
        show(dataset, out=tmp_path / "x.png", selection=Selection(count=0))
    with pytest.raises(CallError, match=r"x\.gif: expected a file ending in \.png"):
        show(dataset, out=tmp_path / "x.gif", selection=Selection(count=1))
    with pytest.raises(DataError, match="no such data set"):
        show(tmp_path / "nowhere", out=tmp_path / "x.png")
    with pytest.raises(CallError, match=r"grid: expected a file ending in \.png"):
        preview(basic(), tmp_path, out=tmp_path / "grid")
    with pytest.raises(CallError, match="--count -1"):
        preview(basic(), tmp_path, out=tmp_path / "grid.png", count=-1)


def test_samples_by_name_and_by_number(dataset: Dataset, tmp_path: Path) -> None:
    chosen = Selection(images=("7", "2.png"), frames=(4, 7))
    shown = show(dataset, out=tmp_path / "out", selection=chosen, looks=SMALL)
    assert [path.name for path in shown.paths] == ["2.jpg", "4.jpg", "7.jpg"]
    with pytest.raises(CallError, match=r"--image 4\.jpg: no such image in .*; did you mean '4\.png'"):
        show(dataset, out=tmp_path / "x.png", selection=Selection(images=("4.jpg",)))
    with pytest.raises(CallError, match=r"--frame 10: .* no such frame among its 10"):
        show(dataset, out=tmp_path / "x.png", selection=Selection(frames=(3, 10)))


def test_one_by_one_images_keep_their_size_when_they_are_large(dataset: Dataset, tmp_path: Path) -> None:
    write_image(tmp_path / "data" / "0.png", np.zeros((700, 900, 3), np.uint8))
    show(dataset, out=tmp_path / "out", selection=Selection(count=1))
    assert read_image(tmp_path / "out" / "0.jpg").shape == (700, 900, 3)


def test_equal_names_in_two_folders_do_not_overwrite_each_other(dataset: Dataset, tmp_path: Path) -> None:
    samples = []
    for frame, name in enumerate(("a/0.png", "b/0.png")):
        write_image(tmp_path / "data" / name, np.zeros((64, 96, 3), np.uint8))
        samples.append(Sample(image=name, size_hw=(64, 96), objects=(), frame=frame, group=name))
    both = replace(dataset, num_samples=2, samples=lambda: iter(samples))
    shown = show(both, out=tmp_path / "out", looks=SMALL)
    assert [path.name for path in shown.paths] == ["a_0.jpg", "b_0.jpg"]


def test_a_page_that_can_be_narrowed_down_to_a_class(dataset: Dataset, tmp_path: Path) -> None:
    first, *others = dataset.samples()
    samples = [replace(first, objects=()), *others]
    mixed = replace(dataset, samples=lambda: iter(samples))
    shown = show(mixed, out=tmp_path / "page.html", selection=Selection(count=3), looks=SMALL)
    text = (tmp_path / "page.html").read_text()
    assert shown.paths == (tmp_path / "page.html",)
    assert text.count("data:image/webp;base64,") == 3
    assert 'data-tag="mug"' in text and 'data-tag="no object"' in text
    assert "3 of 10 images, 4 objects" in text


def test_only_what_is_asked_for_is_drawn(dataset: Dataset, tmp_path: Path) -> None:
    def colours(parts: frozenset[Drawn]) -> bool:
        show(dataset, out=tmp_path / "a.png", selection=Selection(count=1), looks=replace(SMALL, parts=parts))
        return bool((read_image(tmp_path / "a.png") == class_color(0)).all(axis=2).any())

    assert colours(frozenset({Drawn.BOXES}))
    assert colours(frozenset({Drawn.NAMES}))
    assert not colours(frozenset({Drawn.MASKS, Drawn.CORNERS, Drawn.AXES, Drawn.VISIBILITY}))


def test_the_command_knows_the_parts_that_can_be_drawn() -> None:
    assert set(PARTS) == {part.value for part in Drawn}


def test_the_command_draws_a_split_of_any_format(tmp_path: Path) -> None:
    for split, grey in (("train", 50), ("val", 200)):
        write_image(tmp_path / "data" / split / "1.png", np.full((64, 96, 3), grey, np.uint8))
        coco = {
            "images": [{"id": 1, "file_name": "1.png", "width": 96, "height": 64}],
            "categories": [{"id": 1, "name": "mug"}],
            "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 30]}],
        }
        write_text(tmp_path / "data" / "annotations" / f"instances_{split}.json", json.dumps(coco))
    call = ["show", str(tmp_path / "data"), "--out", str(tmp_path / "a.png"), "--split", "val", "--draw", "boxes"]
    done = CliRunner().invoke(program, [*call, "--json"])
    assert done.exit_code == 0, done.output
    assert read_image(tmp_path / "a.png")[0, -1, 0] == 200
    refused = CliRunner().invoke(program, [*call[:-1], "boxes,mask"])
    assert refused.exit_code == 2
    assert "no part 'mask'; there are: boxes, masks" in refused.output


@pytest.mark.gl
def test_a_preview_shows_what_generate_would_draw(tmp_path: Path) -> None:
    first = preview(basic(), tmp_path, out=tmp_path / "a.png", count=2, looks=SMALL)
    again = preview(basic(), tmp_path, out=tmp_path / "b.png", count=2, looks=SMALL)
    assert first.num_frames == 2
    assert first.num_objects == again.num_objects
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert read_image(tmp_path / "a.png").std() > 5
