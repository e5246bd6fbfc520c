"""Labels drawn from a folder, and previews of a recipe."""

from pathlib import Path

import numpy as np
import pytest

from meshsight.core.errors import CallError, DataError
from meshsight.core.images import read_image, write_image
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


@pytest.mark.gl
def test_a_preview_shows_what_generate_would_draw(tmp_path: Path) -> None:
    first = preview(basic(), tmp_path, out=tmp_path / "a.png", count=2, looks=SMALL)
    again = preview(basic(), tmp_path, out=tmp_path / "b.png", count=2, looks=SMALL)
    assert first.num_frames == 2
    assert first.num_objects == again.num_objects
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert read_image(tmp_path / "a.png").std() > 5
