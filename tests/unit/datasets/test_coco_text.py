"""A walk through a COCO file's text sees what `json.loads` sees, in any alphabet and layout, and names what is torn."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meshsight.core.errors import DataError
from meshsight.core.masks import encode_mask
from meshsight.datasets.coco.masks import uncompress_runs
from meshsight.datasets.coco.text import CocoText
from meshsight.datasets.formats import coco

TABLES = frozenset({"images", "annotations"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FILES = st.dictionaries(st.text(max_size=5), VALUES, max_size=4).flatmap(
    lambda others: st.fixed_dictionaries({key: st.lists(VALUES, max_size=4) for key in TABLES}).map(
        lambda tables: {**others, **tables}
    )
)


def walked(text: CocoText) -> dict[str, Any]:
    """Puts the rows together again."""
    whole: dict[str, Any] = {}
    for row in text.rows(TABLES):
        if row.table not in TABLES:
            whole[row.table] = row.value
        elif row.number is None:
            whole[row.table] = []
        else:
            assert row.number == len(whole[row.table])
            assert json.loads(text.json(row.start, row.stop)) == row.value
            whole[row.table].append(row.value)
    return whole


@settings(max_examples=150, derandomize=True, deadline=None)
@given(content=FILES, indent=st.sampled_from([None, 0, 2]), is_ascii=st.booleans(), has_mark=st.booleans())
def test_the_walk_sees_what_json_sees(
    tmp_path_factory: pytest.TempPathFactory,
    content: dict[str, Any],
    indent: int | None,
    is_ascii: bool,
    has_mark: bool,
) -> None:
    file = tmp_path_factory.getbasetemp() / "walk.json"
    written = json.dumps(content, indent=indent, ensure_ascii=is_ascii)
    try:
        file.write_text(written, encoding="utf-8-sig" if has_mark else "utf-8")
    except UnicodeEncodeError:  # half of a pair, which JSON can escape but UTF-8 cannot hold
        return
    assert walked(CocoText(file)) == json.loads(written)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "'{' is expected, line 1, byte 0 of 0"),
        ("[]", "'{' is expected"),
        ('{"images": {}}', "images: a list is expected"),
        ('{"images": [1, 2', "',' is expected, line 1, byte 16 of 16"),
        ('{"images": [1,\n {"a" 2}]}', "Expecting ':' delimiter, line 2"),
        ('{"images": [1,]}', "a value is expected, line 1, byte 14"),
        ('{"images": [], "images": []}', "the key 'images' is there twice"),
        ('{"images": []} {', "something stands after the end of the object"),
        ('{"images": ["\xe4"]}', "line 1, byte 12"),
        ('{3: 4}', "the key 3 is no text"),
        ('{"info": ' + "[" * 100_000, "lists within lists without end"),
    ],
)  # fmt: skip
def test_what_is_torn_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "torn.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError) as error:
        walked(CocoText(tmp_path / "torn.json"))
    assert str(error.value).startswith(f"{tmp_path / 'torn.json'}: no COCO file: ")
    assert fault in str(error.value)


def test_a_file_that_is_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = json.dumps({"images": [{"id": 1, "file_name": "ä"}], "annotations": [1.5, None]}, ensure_ascii=False)
    for length in range(len(whole.encode())):
        (tmp_path / "cut.json").write_bytes(whole.encode()[:length])
        with pytest.raises(DataError, match="no COCO file"):
            walked(CocoText(tmp_path / "cut.json"))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.json: cannot be read: No such file"):
        CocoText(tmp_path / "gone.json")


def test_runs_are_those_of_the_mask() -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        mask = rng.random(tuple(rng.integers(1, 60, 2))) < rng.random() ** 3
        edges = np.flatnonzero(np.diff(mask.T.ravel(), prepend=False, append=~mask[-1, -1]))
        assert np.array_equal(uncompress_runs(encode_mask(mask).counts), np.diff(edges, prepend=0))


@pytest.mark.parametrize("counts", ["", "~~~", "ooooo", "a", "ÿ", " 1", "Ōo"])
def test_what_are_no_runs(counts: str) -> None:
    assert uncompress_runs(counts) is None


def labels(num_images: int, num_annotations: int, name: str = "image") -> dict[str, Any]:
    """Rows as COCO has them; the boxes and polygons say the number of their annotation."""
    return {
        "images": [
            {"id": i, "file_name": f"{name}-{i:06d}.png", "width": 640, "height": 480} for i in range(num_images)
        ],
        "annotations": [
            {
                "id": k + 1,
                "image_id": k % num_images,
                "category_id": 1,
                "bbox": [k % 600, 2, 10, 20 + k / 1000],
                "segmentation": [[k % 600, 2, k % 600 + 10, 2.25, k % 600 + 10, 30.75, k % 600, 31.5, k % 600 - 1, 17]],
            }
            for k in range(num_annotations)
        ],
        "categories": [{"id": 1, "name": "thing"}],
    }


@pytest.mark.parametrize("name", ["image", "图像🛑"])
def test_labels_take_at_most_three_times_the_file(
    tmp_path: Path, write_picture: Callable[[Path, tuple[int, int]], None], name: str
) -> None:
    """At the peak of opening and of a pass, also in another alphabet; a parsed file would take seven times as much."""
    content = labels(40, 2000, name)
    file = tmp_path / "labels.json"
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    write_picture(tmp_path / content["images"][0]["file_name"], (480, 640))
    for image in content["images"][1:]:
        (tmp_path / image["file_name"]).hardlink_to(tmp_path / content["images"][0]["file_name"])
    read = coco.build(coco.Spec())
    read.open(tmp_path, None)  # fills what is only ever filled once
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    dataset = read.open(tmp_path, None)
    num_objects = sum(len(sample.objects) for sample in dataset.samples())
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert num_objects == 2000
    assert peak <= 3 * file.stat().st_size


def test_ten_thousand_annotations_on_one_image(
    tmp_path: Path, write_picture: Callable[[Path, tuple[int, int]], None]
) -> None:
    content = labels(1, 10_000)
    (tmp_path / "labels.json").write_text(json.dumps(content))
    write_picture(tmp_path / content["images"][0]["file_name"], (480, 640))
    (sample,) = coco.build(coco.Spec()).open(tmp_path, None).samples()
    assert [label.box for label in sample.objects] == [
        (x, y, x + w, y + h) for x, y, w, h in (row["bbox"] for row in content["annotations"])
    ]
    assert all(
        label.polygons is not None and np.array_equal(label.polygons[0].ravel(), row["segmentation"][0])
        for label, row in zip(sample.objects, content["annotations"], strict=True)
    )
