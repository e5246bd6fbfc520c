"""The competition's CSV: exactly its columns, a row for every image, and numbers that come back."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.errors import DataError
from meshsight.datasets.detections_csv import ImageDetections, read_detections_csv, write_detections_csv
from meshsight.records.detections import Detections, no_detections


def detections(*rows: tuple[float, ...]) -> Detections:
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    return Detections(
        class_ids=table[:, 0].astype(np.int64),
        scores=table[:, 1].astype(np.float32),
        boxes=table[:, 2:].astype(np.float32),
    )


def test_the_file_is_as_the_competition_wants_it(tmp_path):
    path = tmp_path / "submission.csv"
    found = detections((0, 0.875, 1, 2.5, 30, 40), (9, 0.1, 0, 0, 1e-6, 1024))
    write_detections_csv(
        path,
        [
            ImageDetections(image="test/0000.jpg", detections=found),
            ImageDetections(image="test/a, b.jpg", detections=no_detections()),
        ],
    )
    assert path.read_bytes() == (
        b'PredictionString,image_id\n0 0.875 1 2.5 30 40 9 0.1 0 0 0.000001 1024,test/0000.jpg\n,"test/a, b.jpg"\n'
    )
    with path.open(newline="") as file:  # someone else's reader
        assert [row["image_id"] for row in csv.DictReader(file)] == ["test/0000.jpg", "test/a, b.jpg"]


FLOATS = st.floats(0, 1e5, width=32)
ROWS = st.lists(st.tuples(st.integers(0, 90), st.floats(0, 1, width=32), FLOATS, FLOATS, FLOATS, FLOATS), max_size=5)


@given(images=st.lists(st.tuples(st.text(min_size=1, max_size=12), ROWS), max_size=5, unique_by=lambda pair: pair[0]))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_what_is_written_is_read(tmp_path_factory, images):
    images = [(name, rows) for name, rows in images if name.isprintable()]
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_detections_csv(path, [ImageDetections(image=name, detections=detections(*rows)) for name, rows in images])
    found = read_detections_csv(path)
    assert [one.image for one in found] == [name for name, _ in images]
    for one, (_, rows) in zip(found, images, strict=True):
        expected = detections(*rows)
        for field in ("boxes", "scores", "class_ids"):
            assert np.array_equal(getattr(one.detections, field), getattr(expected, field))


def test_competitors_files_are_read(tmp_path):
    """Columns the other way round, a byte order mark, carriage returns, spaces at the end, no text for no detection."""
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffimage_id,PredictionString\r\ntest/1.jpg,3 0.5 1.0 2.0 3.0 4.0 \r\ntest/2.jpg,\r\n".encode())
    first, second = read_detections_csv(path)
    assert (first.image, first.detections.class_ids.tolist()) == ("test/1.jpg", [3])
    assert first.detections.boxes.tolist() == [[1, 2, 3, 4]]
    assert (second.image, len(second.detections.scores)) == ("test/2.jpg", 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected the columns PredictionString, image_id, found nothing"),
        ("id,boxes\n1,2\n", "found id, boxes"),
        ("PredictionString,image_id\n0 0.5 1 2 3,a.jpg\n", "line 2: 5 numbers; expected class score"),
        ("PredictionString,image_id\n,a.jpg\n0 0.5 1 2 3 x,b.jpg\n", "line 3: not a number"),
        ("PredictionString,image_id\n0.5 0.5 1 2 3 4,a.jpg\n", "not a number"),
        ("PredictionString,image_id\n0 nan 1 2 3 4,a.jpg\n", "must be finite"),
        ("PredictionString,image_id\n-1 0.5 1 2 3 4,a.jpg\n", "class ids count from 0"),
        ("PredictionString,image_id\n,a.jpg\n,a.jpg\n", "line 3: a second row of image 'a.jpg'"),
        ("PredictionString,image_id\n0 0.5 1 2 3 4,\n", "line 2: no image_id"),
    ],
)
def test_faults_are_named(tmp_path, text, words):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        read_detections_csv(path)
    assert "a.csv" in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"absent\.csv: cannot be read as CSV"):
        read_detections_csv(tmp_path / "absent.csv")


def test_one_image_twice_is_refused(tmp_path: Path):
    twice = [ImageDetections(image="a.jpg", detections=no_detections())] * 2
    with pytest.raises(DataError, match=r"'a\.jpg': two rows"):
        write_detections_csv(tmp_path / "a.csv", twice)
    assert list(tmp_path.iterdir()) == []
