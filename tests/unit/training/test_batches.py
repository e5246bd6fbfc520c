from collections import Counter

import numpy as np
import torch

from meshsight.models.batch import PADDING
from meshsight.records.dataset import Dataset
from meshsight.specs.augmentation import AugmentationSpec
from meshsight.training.batches import BatchSource, Prefetcher
from meshsight.training.images import ImageStore
from meshsight.training.labels import read_labels


def source(dataset: Dataset, memory: int = 1 << 30, augmentation: AugmentationSpec | None = None) -> BatchSource:
    return BatchSource(
        labels=read_labels([dataset], 0.25),
        images=ImageStore(memory),
        augmentation=augmentation or AugmentationSpec(scale=(0.5, 2), translate=0.2),
        input_hw=(64, 96),
        batch_size=5,
        num_batches=100,
        seed=3,
    )


def flat(batches) -> list[torch.Tensor]:
    return [tensor for batch, _ in batches for tensor in (batch.images, *batch.targets)]


def test_batches_do_not_depend_on_workers_memory_or_where_one_starts(make_dataset) -> None:
    dataset = make_dataset()
    reference = flat(Prefetcher(source(dataset), 0).batches(0, 6))
    for workers, memory in ((1, 1 << 30), (3, 0)):
        for one, other in zip(reference, flat(Prefetcher(source(dataset, memory), workers).batches(0, 6)), strict=True):
            assert torch.equal(one, other)
    resumed = flat(Prefetcher(source(dataset), 2).batches(4, 6))
    for one, other in zip(reference[4 * 4 :], resumed, strict=True):
        assert torch.equal(one, other)


def test_each_epoch_visits_every_sample_once_in_another_order(make_dataset) -> None:
    order = source(make_dataset(num=12)).order
    orders = [[order.index(epoch * 12 + place) for place in range(12)] for epoch in range(3)]
    assert all(Counter(order) == Counter(range(12)) for order in orders)
    assert orders[0] != orders[1] != orders[2]


def test_a_sample_seen_again_is_augmented_anew(make_dataset) -> None:
    batches = source(make_dataset(num=1))
    one, other = (batches.sample(position, batches.augmentation, batches.input_hw).image for position in (0, 1))
    assert not np.array_equal(one, other)


def test_targets_are_padded_and_images_lie_channels_last(make_dataset) -> None:
    batch, counts = source(make_dataset(), augmentation=AugmentationSpec(hflip=0, scale=(1, 1), colour=None)).batch(0)
    assert batch.images.shape == (5, 3, 64, 96)
    assert batch.images.dtype == torch.uint8
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    is_padding = batch.targets.class_ids == PADDING
    assert (batch.targets.boxes[is_padding] == 0).all()
    assert counts.asked == int((~is_padding).sum())
    assert (counts.cut, counts.tiny, counts.outside, counts.ignored) == (0, 0, 0, 0)


def test_the_targets_lie_on_the_objects_pixels(make_dataset) -> None:
    batch, _ = source(make_dataset(), augmentation=AugmentationSpec(scale=(0.8, 1.6), colour=None)).batch(1)
    for image, boxes, class_ids in zip(batch.images, batch.targets.boxes, batch.targets.class_ids, strict=True):
        for box, class_id in zip(boxes[class_ids >= 0], class_ids[class_ids >= 0], strict=True):
            x, y = (int(v) for v in ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2))
            assert image[:, y, x].argmax() == class_id  # red is class 0, green class 1


def test_every_object_is_counted_exactly_once(make_dataset) -> None:
    batches = source(make_dataset(), augmentation=AugmentationSpec(scale=(1, 4), min_remaining=0.5, min_side_px=20))
    totals = [batches.batch(k) for k in range(12)]
    num_objects = sum(
        batches.labels.first[i + 1] - batches.labels.first[i]
        for position in range(60)
        for i in [batches.order.index(position)]
    )
    assert sum(c.asked + c.ignored + c.cut + c.tiny + c.outside for _, c in totals) == num_objects
    for field in ("asked", "cut", "tiny", "outside"):
        assert sum(getattr(counts, field) for _, counts in totals) > 0
    asked = sum(int(((batch.targets.class_ids >= 0) & ~batch.targets.is_ignored).sum()) for batch, _ in totals)
    assert asked == sum(counts.asked for _, counts in totals)
