"""Repairs are made where there is one right answer, and nowhere else."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.masks import encode_mask, mask_box, tight_box
from meshsight.datasets.inspection.corner_order import TURNED
from meshsight.datasets.inspection.fixing import Repair, is_same, is_size_certain, repair_dataset, repair_sample
from meshsight.datasets.inspection.image_facts import ImageFacts
from meshsight.records.sample import ObjectLabel, Sample

from ...contracts.labelled import dataset_of, labelled_sample

SIZE = (96, 128)


def label(*box: float, class_id: int = 0) -> ObjectLabel:
    return ObjectLabel(class_id=class_id, box=box)


def sample(*objects: ObjectLabel, image: str = "a.png") -> Sample:
    return Sample(image=image, size_hw=SIZE, objects=objects, frame=0, group="a")


def mended(*objects: ObjectLabel, image: ImageFacts | None = None) -> tuple[list, dict[Repair, int]]:
    counts: Counter[Repair] = Counter()
    found = repair_sample(sample(*objects), image, counts)
    return [] if found is None else [one.box for one in found.objects], dict(counts)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_sound_stays_as_it_is(seed):
    rng = np.random.default_rng(seed)
    samples = [labelled_sample(rng, frame) for frame in range(5)]
    dataset, repairs = repair_dataset(dataset_of(samples, Path("nowhere")), {})
    for before, after in zip(samples, dataset.samples(), strict=True):
        assert is_same(before, after)
    assert repairs.counts == {}
    assert dataset.num_samples == 5


@pytest.mark.parametrize(
    ("box", "expected", "repair"),
    [
        ((-1.5, 10, 30, 40), (0, 10, 30, 40), Repair.CLIPPED),
        ((90, 10, 130, 40), (90, 10, 128, 40), Repair.CLIPPED),
        ((28, 5, 138, 95), (28, 5, 128, 95), Repair.CLIPPED),  # 10 px, but less than a tenth of it
        ((100, 10, 150, 40), (100, 10, 150, 40), None),  # which half is wrong?
        ((200, 10, 250, 40), (200, 10, 250, 40), None),
        ((127.5, 10, 129.5, 40), (127.5, 10, 128, 40), Repair.CLIPPED),
        ((128, 10, 129.5, 40), None, Repair.OBJECT_DROPPED),
        ((30, 10, 30, 40), None, Repair.OBJECT_DROPPED),
        ((30, 40, 50, 10), None, Repair.OBJECT_DROPPED),
        ((float("nan"), 40, 50, 10), None, Repair.OBJECT_DROPPED),
    ],
)
def test_boxes(box, expected, repair):
    boxes, counts = mended(label(*map(float, box)))
    assert boxes == ([] if expected is None else [expected])
    assert counts == ({} if repair is None else {repair: 1})


def test_a_degenerate_box_is_that_of_the_mask():
    mask = np.zeros(SIZE, bool)
    mask[10:20, 30:50] = True
    assert mended(replace(label(5.0, 5.0, 5.0, 9.0), mask=encode_mask(mask))) == (
        [(30.0, 10.0, 50.0, 20.0)],
        {Repair.BOX_OF_MASK: 1},
    )


@pytest.mark.parametrize(("num_seen", "is_proved"), [(200, True), (199, False)])
def test_a_box_beside_its_mask_is_tightened_where_pixels_were_counted(num_seen, is_proved):
    mask = np.zeros(SIZE, bool)
    mask[10:20, 30:50] = True
    rng = np.random.default_rng(0)
    counts = next(one.pixels for one in labelled_sample(rng, 9).objects)
    wide = replace(
        label(20.0, 10.0, 60.0, 20.0), mask=encode_mask(mask), pixels=replace(counts, visible=num_seen, inside=400)
    )
    assert mended(wide)[0] == [(30.0, 10.0, 50.0, 20.0) if is_proved else wide.box]


def test_only_exact_twins_are_dropped():
    one = replace(label(1.0, 1.0, 9.0, 9.0), keypoints=np.array([[1.0, 2.0, 2.0]]))
    other = replace(one, keypoints=np.array([[1.0, 3.0, 2.0]]))
    boxes, counts = mended(one, other, replace(one, keypoints=one.keypoints.copy()), replace(one, class_id=1))
    assert len(boxes) == 3
    assert counts == {Repair.OBJECT_TWICE: 1}


def test_turned_corners_come_back():
    whole = labelled_sample(np.random.default_rng(2), 7)
    turned = replace(whole, objects=tuple(replace(o, keypoints=o.keypoints[TURNED]) for o in whole.objects))
    counts: Counter[Repair] = Counter()
    assert is_same(repair_sample(turned, None, counts), whole)
    assert counts == {Repair.CORNERS: len(whole.objects)}


@pytest.mark.parametrize(
    ("said", "is_certain"),
    [((128, 96), True), ((48, 64), False), ((192, 256), False), ((100, 128), True), ((96, 640), True)],
)
def test_a_size_is_corrected_unless_the_image_was_scaled(said, is_certain):
    """The image is 96 x 128; a size of the same shape may mean that it was scaled after labelling."""
    wrong = replace(sample(label(10.0, 10.0, 40.0, 90.0)), size_hw=said)
    assert is_size_certain(wrong, SIZE) == is_certain
    counts: Counter[Repair] = Counter()
    found = repair_sample(wrong, ImageFacts(size_hw=SIZE), counts)
    assert found is not None
    assert found.size_hw == (SIZE if is_certain else said)
    assert counts == ({Repair.SIZE: 1} if is_certain else {})


def test_a_size_is_not_corrected_where_boxes_mask_or_camera_disagree():
    assert not is_size_certain(replace(sample(label(0.0, 0.0, 10.0, 110.0)), size_hw=(128, 96)), SIZE)
    masked = replace(label(0.0, 0.0, 9.0, 9.0), mask=encode_mask(np.ones((128, 96), bool)))
    assert not is_size_certain(replace(sample(masked), size_hw=(128, 96)), SIZE)


def test_images_that_cannot_be_used_lose_their_labels():
    box = label(1.0, 1.0, 9.0, 9.0)
    samples = [sample(box, image=name) for name in ("a", "b", "c", "b", "c")]
    samples[4] = replace(samples[4], objects=(label(2.0, 2.0, 9.0, 9.0),))
    dataset, repairs = repair_dataset(
        dataset_of(samples, Path("nowhere")), {"a": ImageFacts(problem="truncated"), "x": ImageFacts(is_missing=True)}
    )
    assert [one.image for one in dataset.samples()] == ["b", "c", "c"]
    assert dataset.num_samples == 3
    assert repairs.counts == {Repair.IMAGE_DROPPED: 1, Repair.IMAGE_TWICE: 1}
    assert len(list(dataset.samples())) == 3
    assert repairs.counts == {Repair.IMAGE_DROPPED: 1, Repair.IMAGE_TWICE: 1}, "counts are those of the last pass"


@given(st.data())
def test_the_box_of_a_mask_needs_no_decoding(data):
    height, width = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    mask = rng.uniform(size=(height, width)) < data.draw(st.sampled_from([0.02, 0.2, 0.7, 1.0]))
    expected = tight_box(mask)
    assert mask_box(encode_mask(mask)) == (None if expected is None else tuple(expected.tolist()))
