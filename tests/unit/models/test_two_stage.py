"""The parts of Faster R-CNN that the golden numbers do not reach: suppression, sampling, reading in a graph."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.ops import nms

from meshsight.models.anchors import BACKGROUND, NEUTRAL
from meshsight.models.batch import Targets
from meshsight.models.detectors.two_stage import RegionSpec
from meshsight.models.parts import FeatureSpec
from meshsight.models.proposals import Proposals
from meshsight.models.regions import RegionNetwork
from meshsight.models.sampling import sample_owners
from meshsight.models.suppression import suppress


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 120), iou=st.floats(0.3, 0.8))
def test_suppression_is_the_greedy_one(seed: int, count: int, iou: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    corners = torch.rand(2, count, 2, generator=generator) * 60
    boxes = torch.cat([corners, corners + 5 + 40 * torch.rand(2, count, 2, generator=generator)], dim=2)
    kept = suppress(boxes, iou)
    for image in range(2):
        best_first = torch.arange(count, 0, -1).float()
        assert torch.nonzero(kept[image]).flatten().tolist() == sorted(nms(boxes[image], best_first, iou).tolist())


def test_a_sample_has_its_share_of_positives() -> None:
    torch.manual_seed(0)
    owner = torch.tensor([0] * 50 + [BACKGROUND] * 200 + [NEUTRAL] * 30)
    sampled = sample_owners(owner, 64, 0.25, seed=0)
    assert int((sampled == 0).sum()) == 16
    assert int((sampled == BACKGROUND).sum()) == 48
    assert bool((sampled[owner == NEUTRAL] == NEUTRAL).all())
    few = sample_owners(torch.tensor([3] + [BACKGROUND] * 200), 64, 0.25, seed=0)
    assert int((few == 3).sum()) == 1 and int((few == BACKGROUND).sum()) == 63


@pytest.fixture
def network() -> RegionNetwork:
    torch.manual_seed(0)
    return RegionNetwork(RegionSpec(channels=16, side=3), tuple(FeatureSpec(4, 4 << i) for i in range(4)), 2)


def test_reading_in_a_graph_equals_reading_by_level(network: RegionNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    pyramid = [torch.randn(2, 4, 256 >> i, 256 >> i) for i in range(4)]
    sides = torch.tensor([8.0, 60.0, 150.0, 400.0, 900.0])
    regions = torch.stack([torch.tensor([i % 2, 10.0, 20.0, 10 + s, 20 + s]) for i, s in enumerate(sides)])
    by_level = network.read(pyramid, regions)
    monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
    torch.testing.assert_close(network.read(pyramid, regions), by_level)


def test_true_boxes_are_among_the_samples_and_ignored_proposals_are_not(network: RegionNetwork) -> None:
    boxes = torch.tensor([[[10.0, 10.0, 50.0, 50.0], [100.0, 100.0, 200.0, 200.0]]])
    targets = Targets(boxes, torch.tensor([[1, 0]]), torch.tensor([[False, True]]))
    proposals = Proposals(torch.tensor([[[110.0, 110.0, 190.0, 190.0], [60.0, 0.0, 90.0, 30.0]]]), torch.ones(1, 2))
    samples = network.sample(proposals, targets)
    assert sorted(samples.class_ids.tolist()) == [1, 2]
    assert samples.regions[samples.class_ids == 1].tolist() == [[0.0, 10.0, 10.0, 50.0, 50.0]]
    assert samples.regions[samples.class_ids == 2].tolist() == [[0.0, 60.0, 0.0, 90.0, 30.0]]
