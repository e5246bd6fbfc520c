from dataclasses import replace

import numpy as np

from meshsight.specs.training_data import DataSpec
from meshsight.training.filtering import filter_labels, say_left_out
from meshsight.training.labels import read_labels


def test_everything_left_out_is_counted_by_cause_and_source(make_dataset, caplog) -> None:
    table = read_labels([make_dataset("a", num=6), make_dataset("b", num=4, seed=1)], 0.0)
    boxes, crowd, ignored = table.boxes.copy(), table.is_crowd.copy(), table.is_ignored.copy()
    first = [table.rows(i).start for i in range(10)]
    boxes[first[0], 2] = boxes[first[0], 0]  # no area
    boxes[first[1], 3] = boxes[first[1], 1] + 2  # tiny
    crowd[first[6]] = ignored[first[6]] = True
    ignored[first[7]] = True  # hidden
    for i in (2, 8):
        ignored[table.rows(i)] = True  # nothing to find
    sizes = table.sizes_hw.copy()
    sizes[5] = (16, 200)
    table = replace(table, boxes=boxes, is_crowd=crowd, is_ignored=ignored, sizes_hw=sizes)

    spec = DataSpec(drop_empty=True, min_image_px=32, min_box_px=4)
    kept, (a, b) = filter_labels(table, spec)
    assert (a.images_small, a.images_empty) == (1, 1 + sum(len(range(*table.rows(i).indices(99))) == 1 for i in (0, 1)))
    assert (a.boxes_without_area, a.boxes_tiny, a.boxes_crowd) == (1, 1, 0)
    assert (b.boxes_crowd, b.boxes_without_area) == (1, 0)
    assert b.boxes_hidden == 1 + (table.rows(8).stop - table.rows(8).start)
    assert len(kept) == len(table) - sum(counts.images_small + counts.images_empty for counts in (a, b))
    assert len(kept.boxes) == kept.first[-1]
    for i, path in enumerate(kept.paths):
        before = table.paths.index(path)
        rows = table.boxes[table.rows(before)]
        expected = rows[(rows[:, 2:] > rows[:, :2]).all(axis=1)]
        np.testing.assert_array_equal(kept.boxes[kept.rows(i)], expected)
        assert kept.source_ids[i] == table.source_ids[before]
    with caplog.at_level("INFO"):
        say_left_out(table.sources, (a, b))
    assert "a: not asked for or left out: images small 1" in caplog.text


def test_crowds_are_ignored_dropped_or_asked_for(make_dataset) -> None:
    table = read_labels([make_dataset("a", num=2)], 0.0)
    crowd = np.zeros_like(table.is_crowd)
    crowd[0] = True
    table = replace(table, is_crowd=crowd, is_ignored=crowd)
    for crowds, num_boxes, num_ignored in (("ignore", 0, 1), ("drop", 1, 0), ("keep", 0, 0)):
        kept, (counts,) = filter_labels(table, DataSpec.model_validate({"crowds": crowds}))
        assert len(table.boxes) - len(kept.boxes) == num_boxes
        assert kept.is_ignored.sum() == num_ignored
        assert counts.boxes_crowd == 1


def test_nothing_to_leave_out_leaves_the_table_as_it_is(make_dataset) -> None:
    table = read_labels([make_dataset("a", num=2)], 0.0)
    kept, (counts,) = filter_labels(table, DataSpec())
    assert counts.model_dump() == dict.fromkeys(counts.model_dump(), 0)
    assert kept.boxes is table.boxes
