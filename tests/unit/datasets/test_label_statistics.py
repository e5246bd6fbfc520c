"""Attributes and counts of labels, against numbers worked out by hand and slow oracles."""

from pathlib import Path

import numpy as np
import pytest

from meshsight.core.pose import invert_pose, look_at
from meshsight.datasets.measures.label_attributes import batches, label_attributes
from meshsight.datasets.measures.label_statistics import GRID, LabelStatistics, measure_labels
from meshsight.datasets.measures.viewpoints import sphere_cells
from meshsight.records.dataset import Dataset
from meshsight.records.sample import Box, ObjectLabel, PixelCounts, Pose, Sample, StatedVisibility

CLASSES = ("mug", "can", "box")


def make_sample(frame: int, objects: tuple[ObjectLabel, ...], size_hw: tuple[int, int] = (100, 200)) -> Sample:
    return Sample(image=f"{frame}.png", size_hw=size_hw, objects=objects, frame=frame, group=str(frame))


def make_dataset(samples: list[Sample]) -> Dataset:
    return Dataset(
        root=Path(),
        classes=CLASSES,
        num_samples=len(samples),
        samples=lambda: iter(samples),
        name="data",
        fingerprint=None,
    )


def random_samples(count: int, seed: int = 0) -> list[Sample]:
    rng = np.random.default_rng(seed)
    samples = []
    for frame in range(count):
        labels = []
        for _ in range(int(rng.integers(0, 5))):
            low = rng.uniform(0, (150, 70))
            x1, y1, x2, y2 = (*low.tolist(), *(low + rng.uniform(1, (50, 30))).tolist())
            eye = rng.normal(size=3)
            pose = Pose(
                T_cam_object=invert_pose(look_at(3 * eye / np.linalg.norm(eye), np.zeros(3), 0.0)),
                scale=1.0,
                box_low_m=-np.ones(3),
                box_high_m=np.ones(3),
            )
            full = int(rng.integers(10, 100))
            pixels = PixelCounts(full=full, inside=full - 2, visible=full - 5)
            class_id = int(rng.integers(0, 2))
            labels.append(ObjectLabel(class_id=class_id, box=(x1, y1, x2, y2), pixels=pixels, pose=pose))
        samples.append(make_sample(frame, tuple(labels)))
    return samples


def test_attributes_of_one_object() -> None:
    label = ObjectLabel(
        class_id=1, box=(20.0, 30.0, 60.0, 40.0), pixels=PixelCounts(full=400, inside=300, visible=100), instance_id=7
    )
    found = label_attributes([make_sample(0, ()), make_sample(1, (label,))])
    assert (found.image.tolist(), found.class_id.tolist()) == ([1], [1])
    assert found.boxes.tolist() == [pytest.approx([0.1, 0.3, 0.3, 0.4])]
    assert found.center.tolist() == [pytest.approx([0.2, 0.35])]
    assert found.size_px[0] == pytest.approx(20)
    assert found.scale[0] == pytest.approx(np.sqrt(400 / 20000))
    assert found.aspect[0] == pytest.approx(4)
    assert (found.visibility[0], found.truncation[0], found.occlusion[0]) == pytest.approx((0.25, 0.25, 2 / 3))
    assert np.isnan(found.distance_m[0]) and np.isnan(found.direction).all() and np.isnan(found.roll_rad[0])


def test_what_foreign_sets_state_is_used_and_the_rest_is_unknown() -> None:
    labels = (
        ObjectLabel(class_id=0, box=(0.0, 0.0, 9.0, 9.0), stated=StatedVisibility(visibility=0.5)),
        ObjectLabel(class_id=0, box=(0.0, 0.0, 9.0, 9.0), stated=StatedVisibility(truncation=0.2, occlusion_level=1)),
        ObjectLabel(class_id=0, box=(0.0, 0.0, 9.0, 9.0)),
        ObjectLabel(class_id=0, box=(0.0, 0.0, 9.0, 9.0), is_ignored=True),
    )
    found = label_attributes([make_sample(0, labels)])
    np.testing.assert_array_equal(found.visibility, [0.5, np.nan, np.nan])
    np.testing.assert_array_equal(found.truncation, [np.nan, 0.2, np.nan])
    assert np.isnan(found.occlusion).all()


def test_batches_are_the_whole_in_order() -> None:
    samples = random_samples(10)
    assert [len(batch) for batch in batches(samples, 4)] == [4, 4, 2]
    assert [sample for batch in batches(samples, 4) for sample in batch] == samples


def test_counts_by_hand() -> None:
    def label(class_id: int, box: Box, is_ignored: bool = False) -> ObjectLabel:
        return ObjectLabel(class_id=class_id, box=box, is_ignored=is_ignored)

    small: Box = (0.0, 0.0, 4.0, 4.0)
    samples = [
        make_sample(0, (label(0, small), label(0, small), label(2, small), label(1, small, is_ignored=True))),
        make_sample(1, (label(2, (100.0, 50.0, 200.0, 100.0)),)),
        make_sample(2, (), size_hw=(50, 50)),
    ]
    found = measure_labels(make_dataset(samples))
    assert (found.num_images, found.num_empty, found.num_objects, found.num_ignored) == (3, 1, 4, 1)
    assert found.class_counts.tolist() == [2, 0, 2]
    assert found.class_images.tolist() == [1, 0, 2]
    assert found.per_image == {3: 1, 1: 1, 0: 1}
    assert found.sizes_hw == {(100, 200): 2, (50, 50): 1}
    assert found.size_px.quantile(0.5) == pytest.approx(4, rel=0.2)
    assert found.views.sum() == 0 and found.visibility.total == 0


def test_places_are_counted_as_a_slow_loop_counts_them() -> None:
    samples = random_samples(40)
    boxes = label_attributes(samples).boxes
    expected = np.zeros((GRID, GRID), int)
    for x1, y1, x2, y2 in (boxes * GRID).tolist():
        for row in range(GRID):
            for column in range(GRID):
                expected[row, column] += x1 < column + 1 and x2 > column and y1 < row + 1 and y2 > row
    np.testing.assert_array_equal(measure_labels(make_dataset(samples)).covered, expected)


def test_splits_together_are_the_whole() -> None:
    samples = random_samples(60)
    whole, pooled = measure_labels(make_dataset(samples)), LabelStatistics(CLASSES)
    for part in (samples[:13], samples[13:]):
        pooled.add_statistics(measure_labels(make_dataset(part)))
    for name in ("num_images", "num_empty", "num_objects", "num_ignored", "num_hidden", "per_image", "sizes_hw"):
        assert getattr(pooled, name) == getattr(whole, name)
    for name in ("class_counts", "class_images", "views", "covered"):
        np.testing.assert_array_equal(getattr(pooled, name), getattr(whole, name))
    for name in ("size_px", "aspect", "visibility", "truncation", "occlusion", "distance_m", "roll_deg"):
        np.testing.assert_array_equal(getattr(pooled, name).counts, getattr(whole, name).counts)
        assert getattr(whole, name).total == whole.num_objects


def test_views_are_counted_by_class_in_their_cells() -> None:
    samples = random_samples(50)
    found = label_attributes(samples)
    views = measure_labels(make_dataset(samples)).views
    assert views.sum(axis=1).tolist() == np.bincount(found.class_id, minlength=3).tolist()
    cells = sphere_cells().cell_of(found.direction[found.class_id == 1])
    np.testing.assert_array_equal(views[1], np.bincount(cells, minlength=sphere_cells().num_cells))
    np.testing.assert_allclose(found.distance_m, 3.0)


def test_more_objects_take_no_more_memory() -> None:
    def size(statistics: LabelStatistics) -> int:
        return statistics.views.nbytes + statistics.covered.nbytes + statistics.size_px.counts.nbytes

    assert size(measure_labels(make_dataset(random_samples(5)))) == size(
        measure_labels(make_dataset(random_samples(500)))
    )
