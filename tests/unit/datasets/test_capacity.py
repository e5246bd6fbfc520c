"""What a format cannot say is dropped and counted; what it can stays as it was."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.errors import DataError
from meshsight.core.masks import encode_mask
from meshsight.datasets.capacity import EXACT, Capacity, Losses, Part, reduce_dataset, reduce_sample
from meshsight.records.sample import ObjectLabel, PixelCounts, Sample, StatedVisibility

from ...contracts.labelled import dataset_of, labelled_sample

OPTIONAL = {
    Part.MASK: "mask",
    Part.KEYPOINTS: "keypoints",
    Part.FULL_BOX: "full_box",
    Part.PIXELS: "pixels",
    Part.POSE: "pose",
    Part.MESH: "mesh",
    Part.INSTANCE_ID: "instance_id",
}


def sample_of(*labels: ObjectLabel) -> Sample:
    return Sample(image="a.png", size_hw=(8, 8), objects=labels, frame=0, group="a", source="here")


def plain() -> ObjectLabel:
    return ObjectLabel(class_id=0, box=(0.0, 0.0, 4.0, 4.0))


@given(st.sets(st.sampled_from(sorted(Part))), st.integers(0, 20))
def test_exactly_the_parts_that_are_not_kept_are_dropped_and_counted(parts: set[Part], seed: int) -> None:
    kept = parts | {Part.BOX, Part.IGNORED}
    sample = replace(labelled_sample(np.random.default_rng(seed), 0), source="here")
    losses = Losses()
    reduced = reduce_sample(sample, Capacity(keeps=dict.fromkeys(kept, EXACT)), losses)
    assert len(reduced.objects) == len(sample.objects)
    for part, name in OPTIONAL.items():
        for before, after in zip(sample.objects, reduced.objects, strict=True):
            assert getattr(after, name) is (getattr(before, name) if part in kept else None)
        assert losses.parts[part] == (0 if part in kept else len(sample.objects))
    for part, value in ((Part.SOURCE, reduced.source), (Part.CAMERA, reduced.camera)):
        assert (value is None) == (part not in kept)
        assert losses.parts[part] == (part not in kept)
    assert losses.parts[Part.HIDDEN] == (0 if Part.HIDDEN in kept else len(sample.hidden))


def test_a_region_to_ignore_never_becomes_an_object() -> None:
    losses = Losses()
    sample = sample_of(plain(), replace(plain(), is_ignored=True))
    reduced = reduce_sample(sample, Capacity(keeps={Part.BOX: EXACT}), losses)
    assert [label.is_ignored for label in reduced.objects] == [False]
    assert losses.parts[Part.IGNORED] == 1


def test_an_object_without_a_needed_part_is_left_out_and_counted_once() -> None:
    losses = Losses()
    full = replace(plain(), mask=encode_mask(np.ones((8, 8), bool)), mesh="m")
    capacity = Capacity(keeps={Part.MASK: EXACT}, needs=frozenset({Part.MASK}))
    reduced = reduce_sample(sample_of(plain(), full), capacity, losses)
    assert [label.mask for label in reduced.objects] == [full.mask]
    assert losses.lacking == {Part.MASK: 1} and losses.parts == {Part.MESH: 1, Part.SOURCE: 1}


def test_a_format_says_it_in_its_own_words_first() -> None:
    def stated(label: ObjectLabel, sample: Sample) -> ObjectLabel:
        assert label.pixels is not None
        return replace(label, stated=StatedVisibility(truncation=label.pixels.truncation))

    losses = Losses()
    capacity = Capacity(keeps={Part.BOX: EXACT, Part.STATED: EXACT}, in_its_words=stated)
    sample = sample_of(replace(plain(), pixels=PixelCounts(full=4, inside=3, visible=3)))
    (label,) = reduce_sample(sample, capacity, losses).objects
    assert label.pixels is None and label.stated == StatedVisibility(truncation=0.25)
    assert losses.parts[Part.PIXELS] == 1 and Part.STATED not in losses.parts


def test_more_objects_than_the_format_holds_are_refused() -> None:
    capacity = Capacity(keeps={Part.BOX: EXACT}, max_objects=1)
    reduce_sample(sample_of(plain()), capacity, Losses())
    with pytest.raises(DataError, match=r"a\.png: 2 objects; the format holds at most 1 an image"):
        reduce_sample(sample_of(plain(), plain()), capacity, Losses())


def test_losses_are_those_of_the_last_pass(tmp_path, random_sample: Callable[[int, int], Sample]) -> None:
    samples = [random_sample(seed, seed) for seed in range(3)]
    reduced, losses = reduce_dataset(dataset_of(samples, tmp_path), Capacity(keeps={Part.BOX: EXACT}))
    list(reduced.samples())
    once = dict(losses.parts)
    list(reduced.samples())
    assert dict(losses.parts) == once and once[Part.HIDDEN] == sum(len(sample.hidden) for sample in samples) > 0
