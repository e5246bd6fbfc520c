"""Plain folders of photographs, and samples picked evenly."""

from pathlib import Path

import numpy as np
import pytest

from meshsight.core.errors import DataError
from meshsight.core.images import write_image
from meshsight.datasets.measures.photographs import open_photographs
from meshsight.datasets.measures.sampling import even_indices, pick_evenly, pick_samples


def write_images(folder: Path, names: tuple[str, ...]) -> None:
    for name in names:
        write_image(folder / name, np.zeros((20, 30, 3), np.uint8))


def test_every_readable_image_is_a_sample_without_objects(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_images(tmp_path, ("b.jpg", "inner folder/ä 1.png", ".hidden.png", "a.rf.0123.jpg"))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    (tmp_path / "notes.txt").write_text("no image")
    dataset = open_photographs(tmp_path)
    samples = list(dataset.samples())
    assert [sample.image for sample in samples] == ["a.rf.0123.jpg", "b.jpg", "inner folder/ä 1.png"]
    assert (dataset.num_samples, dataset.classes) == (3, ())
    assert all(sample.size_hw == (20, 30) and sample.objects == () for sample in samples)
    assert samples[0].group == "a"  # copies of one photograph belong together
    assert "broken.png" in caplog.text


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no readable image"):
        open_photographs(tmp_path)


@pytest.mark.parametrize(
    ("total", "count", "expected"), [(10, 4, [0, 2, 5, 7]), (3, 5, [0, 1, 2]), (0, 4, []), (5, 5, [0, 1, 2, 3, 4])]
)
def test_indices_are_spread_evenly(total: int, count: int, expected: list[int]) -> None:
    assert even_indices(total, count) == expected


def test_samples_are_picked_over_all_parts(tmp_path: Path) -> None:
    write_images(tmp_path / "train", tuple(f"{i}.png" for i in range(6)))
    write_images(tmp_path / "val", ("x.png", "y.png"))
    parts = {name: open_photographs(tmp_path / name) for name in ("train", "val")}
    picked = pick_samples(parts, 4)
    assert [(one.split, one.sample.image) for one in picked] == [
        ("train", "0.png"),
        ("train", "2.png"),
        ("train", "4.png"),
        ("val", "x.png"),
    ]
    assert all(one.path.is_file() for one in picked)
    assert [one.sample.image for one in pick_evenly(picked, 2)] == ["0.png", "4.png"]
