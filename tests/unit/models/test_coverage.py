"""DetectNet_v2's grid by hand, and its clusters against a slow DBSCAN."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from meshsight.core.errors import SpecError
from meshsight.models.anchor_head import ImageTargets
from meshsight.models.batch import Targets
from meshsight.models.boxes import pairwise_iou
from meshsight.models.clustering import cluster, label_clusters
from meshsight.models.coverage_targets import CoverageTargets, coverage_radii, draw_targets
from meshsight.models.heads._coverage import CoverageHead, CoverageOutputs, balanced
from meshsight.models.heads.coverage import Spec
from meshsight.models.parts import FeatureSpec
from meshsight.models.points import cell_centres
from meshsight.specs.decoding import DecodeSpec

SIZE_HW = (64, 96)
"""A grid of 4 rows and 6 columns."""


def head(num_classes: int = 2, **settings: object) -> CoverageHead:
    torch.manual_seed(0)
    return CoverageHead(Spec.model_validate(settings), (FeatureSpec(8, 16),), num_classes)


def draw(*objects: tuple[int, list[float]], ignored: tuple[int, ...] = (), **settings: object) -> CoverageTargets:
    boxes = torch.tensor([box for _, box in objects], dtype=torch.float32).reshape(-1, 4)
    class_ids = torch.tensor([label for label, _ in objects])
    is_ignored = torch.tensor([i in ignored for i in range(len(objects))], dtype=torch.bool)
    centres, _ = cell_centres(SIZE_HW, (16,), torch.device("cpu"))
    return draw_targets(centres, ImageTargets(boxes, class_ids, is_ignored), Spec.model_validate(settings), 16, 2)


def cells(found: Tensor) -> list[tuple[int, int]]:
    """Row and column of the cells that are not 0."""
    return [(int(i) // 6, int(i) % 6) for i in torch.nonzero(found).flatten()]


def test_the_published_grid_has_60_by_34_cells() -> None:
    centres, _ = cell_centres((544, 960), (16,), torch.device("cpu"))
    assert len(centres) == 60 * 34


def test_an_ellipse_touches_the_box_and_is_never_smaller_than_a_cell() -> None:
    assert coverage_radii(torch.tensor([0.0, 0, 80, 48]), Spec(), 16).tolist() == [40, 24]
    assert coverage_radii(torch.tensor([0.0, 0, 80, 48]), Spec(coverage_radius=(0.5, 1)), 16).tolist() == [20, 24]
    assert coverage_radii(torch.tensor([0.0, 0, 8, 4]), Spec(), 16).tolist() == [32, 16]


def test_cells_in_the_ellipse_are_covered_and_those_in_the_corners_of_the_box_are_not() -> None:
    """Box (0, 0, 80, 48): middle (40, 24), semi-axes 40 and 24; centres at 8 + 16 i.

    Row 0 (y 8): (16/24)^2 = 0.444, so |x - 40| <= 29.8: columns 1, 2, 3. Row 1 (y 24): columns 0 to 4.
    """
    found = draw((1, [0, 0, 80, 48]))
    row_0, row_1, row_2 = ([(r, c) for c in cs] for r, cs in ((0, (1, 2, 3)), (1, range(5)), (2, (1, 2, 3))))
    assert cells(found.coverage[:, 1]) == [*row_0, *row_1, *row_2]
    assert not found.coverage[:, 0].any() and not found.is_silent.any()
    assert found.boxes[1, 1].tolist() == [0, 0, 80, 48]
    # 4 * (40 / 16) * (24 / 16) = 15 cells of the rectangle around it
    assert found.norm[1, 1].item() == pytest.approx(1 / 15)


def test_the_lower_object_is_in_front() -> None:
    upper, lower = [0.0, 0, 48, 48], [16.0, 0, 64, 64]
    for order in ((0, 1), (1, 0)):
        found = draw(*[((0, upper), (0, lower))[i] for i in order])
        assert found.boxes[6 * 1 + 2, 0].tolist() == lower
        assert found.boxes[6 * 1 + 0, 0].tolist() == upper


def test_a_dead_zone_belongs_to_nobody_and_teaches_nothing() -> None:
    """With a coverage of half the box and a dead zone of 1, the box's ellipse is silent outside of the coverage."""
    found = draw((0, [0, 0, 80, 48]), coverage_radius=(0.5, 0.7), dead_zone=1.0)
    whole = draw((0, [0, 0, 80, 48]))
    assert cells(found.coverage[:, 0]) == [(0, 2), (1, 1), (1, 2), (1, 3), (2, 2)]
    silent = set(cells(whole.coverage[:, 0])) - set(cells(found.coverage[:, 0]))
    assert set(cells(found.is_silent[:, 0])) == silent and not found.is_silent[:, 1].any()
    behind = draw((0, [0, 0, 40, 40]), (0, [0, 0, 80, 48]), coverage_radius=(0.5, 0.7), dead_zone=1.0)
    assert behind.boxes[6 * 1 + 0, 0].tolist() == [0, 0, 0, 0]


def test_an_ignored_region_is_silent_where_no_object_covers_it() -> None:
    found = draw((0, [0, 0, 96, 64]), (1, [0, 0, 32, 32]), ignored=(0,))
    assert found.is_silent[:, 0].all()
    assert cells(~found.is_silent[:, 1]) == cells(found.coverage[:, 1]) != []


def test_distances_are_in_units_of_35_pixels_from_half_a_pixel() -> None:
    """Cell (1, 2) counts from (32.5, 16.5); the box (10, 5, 60, 50) ends 22.5, 11.5, 27.5 and 33.5 away."""
    head_ = head(1)
    boxes = torch.tensor([10.0, 5, 60, 50]).expand(24, 1, 4)
    found = head_.distances_to(boxes, SIZE_HW)
    assert (found[8, 0] * 35).tolist() == pytest.approx([22.5, 11.5, 27.5, 33.5])
    raw = CoverageOutputs(torch.zeros(1, 24, 1), found.reshape(1, 24, 4))
    torch.testing.assert_close(head_.boxes(raw, SIZE_HW)[0], boxes)


def one_object() -> Targets:
    return Targets(torch.tensor([[[0.0, 0, 80, 48]]]), torch.tensor([[1]]), torch.zeros(1, 1, dtype=torch.bool))


def test_losses_by_hand() -> None:
    """24 cells, 2 classes, 11 of the 48 covered: a coverage of 0.5 costs log 2 times 0.05 or 0.95 everywhere.

    Distances of 0 are wrong by what they should be; each of the 11 cells counts 1/15.
    """
    head_ = head()
    raw = CoverageOutputs(torch.zeros(1, 24, 2), torch.zeros(1, 24, 8))
    losses = head_.loss(raw, one_object(), SIZE_HW)
    assert sum(head_.weights).item() == pytest.approx(1)
    expected = math.log(2) * (11 * 0.05 + 37 * 0.95) / 48
    assert losses["class"].item() == pytest.approx(expected / 11, rel=1e-5)
    drawn = draw((1, [0, 0, 80, 48]))
    covered = torch.nonzero(drawn.coverage[:, 1]).flatten()
    wanted = head_.distances_to(drawn.boxes, SIZE_HW)[covered, 1].abs().mean(dim=1).sum() / 15 / 48
    assert losses["box"].item() == pytest.approx(wanted.item() * 10 / 11, rel=1e-5)


def test_weights_bring_the_losses_into_the_wanted_ratio() -> None:
    weights = balanced(torch.tensor([0.2, 0.01]), (1.0, 10.0))
    assert (weights * torch.tensor([0.2, 0.01])).tolist() == pytest.approx([0.2 / 201, 2 / 201])
    assert balanced(torch.tensor([1.0, 1e-9]), (1.0, 10.0)).tolist() == pytest.approx([1e-4, 0.9999])


def test_weights_are_set_anew_at_shares_of_a_training_and_only_by_training() -> None:
    head_ = head(num_updates=10).train()
    raw = CoverageOutputs(torch.zeros(1, 24, 2), torch.zeros(1, 24, 8))
    head_.set_progress(0.0)
    first = head_.loss(raw, one_object(), SIZE_HW)
    head_.set_progress(0.05)
    assert head_.weights.tolist() == pytest.approx([1 / 11, 10 / 11])
    with torch.no_grad():
        head_.loss(raw, one_object(), SIZE_HW)
    assert head_.sums[2] == 1
    head_.set_progress(0.1)
    costs = torch.tensor([first["class"] * 11, first["box"] * 11 / 10])
    assert head_.weights.tolist() == pytest.approx(balanced(costs, (1.0, 10.0)).tolist(), rel=1e-4)
    assert head_.sums.tolist() == [0, 0, 0]
    second = head_.loss(raw, one_object(), SIZE_HW)
    assert (second["box"] / second["class"]).item() == pytest.approx(10, rel=1e-4)
    again = head(num_updates=10)
    again.load_state_dict(head_.state_dict())
    assert torch.equal(again.weights, head_.weights) and again.num_set == 1


def test_a_cluster_is_the_mean_by_coverage_and_scores_by_its_sum() -> None:
    """Three cells of one object with coverages 0.9, 0.6 and 0.3, one lone cell of 0.8, and one that covers nothing."""
    head_ = head(1, min_coverage=1.0)
    distances = head_.distances_to(torch.tensor([10.0, 5, 60, 50]).expand(24, 1, 4).clone(), SIZE_HW)
    other = head_.distances_to(torch.tensor([14.0, 5, 64, 50]).expand(24, 1, 4).clone(), SIZE_HW)
    distances[8] = other[8]
    coverage = torch.full((24,), 0.001)
    coverage[7], coverage[8], coverage[9] = 0.9, 0.6, 0.3
    lone = head_.distances_to(torch.tensor([70.0, 30, 96, 64]).expand(24, 1, 4).clone(), SIZE_HW)
    coverage[23], distances[23] = 0.8, lone[23]
    raw = CoverageOutputs(torch.logit(coverage)[None, :, None], distances.reshape(1, 24, 4))
    found = head_.decode(raw, SIZE_HW, DecodeSpec(score_threshold=0.0))
    assert (found.scores > 0).sum() == 1  # the lone cell has less than 1 around it: noise
    assert found.scores[0, 0].item() == pytest.approx(1.8 / 2.8, rel=1e-5)
    assert found.boxes[0, 0].tolist() == pytest.approx([10 + 4 * 0.6 / 1.8, 5, 60 + 4 * 0.6 / 1.8, 50], rel=1e-5)
    mean = head(1, confidence="mean", min_coverage=0.5).decode(raw, SIZE_HW, DecodeSpec(score_threshold=0.0))
    assert mean.scores[0, :3].tolist() == pytest.approx([0.8, 0.6, 0], rel=1e-5)
    low = head(1, min_height_px=45.0).decode(raw, SIZE_HW, DecodeSpec(score_threshold=0.0))
    assert not (low.scores > 0).any()


def slow_dbscan(boxes: Tensor, weights: Tensor, class_ids: Tensor, eps: float, least: float) -> list[frozenset[int]]:
    """Founders joined from neighbour to neighbour, one class at a time; others join the first founder's cluster."""
    near = (pairwise_iou(boxes, boxes) >= 1 - eps).numpy() & (class_ids[:, None] == class_ids[None]).numpy()
    taking_part = (weights > 0).numpy()
    near &= taking_part[:, None] & taking_part[None]
    founders = taking_part & ((near * weights.numpy()).sum(axis=1) >= least)
    clusters: list[set[int]] = []
    seen: set[int] = set()
    for start in np.flatnonzero(founders):
        if start in seen:
            continue
        group, queue = set(), [start]
        while queue:
            here = queue.pop()
            if here in group:
                continue
            group.add(here)
            queue += [other for other in np.flatnonzero(near[here] & founders) if other not in group]
        seen |= group
        clusters.append(group)
    founded = [list(group) for group in clusters]
    for place in np.flatnonzero(taking_part & ~founders):
        homes = [index for index, group in enumerate(founded) if any(near[place][group])]
        if homes:
            clusters[homes[0]].add(place)
    return [frozenset(int(i) for i in group) for group in clusters]


@pytest.mark.parametrize("seed", range(6))
def test_clusters_equal_a_slow_dbscan(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    middles = torch.rand(60, 2, generator=generator) * 30
    boxes = torch.cat([middles, middles + 20 + torch.rand(60, 2, generator=generator) * 6], dim=1)
    weights = torch.rand(60, generator=generator) * (torch.rand(60, generator=generator) > 0.2)
    class_ids = torch.randint(0, 2, (60,), generator=generator)
    labels, is_member = label_clusters(boxes[None], weights[None], class_ids[None], 0.4, 1.0)
    groups: dict[int, set[int]] = {}
    for place in torch.nonzero(is_member[0]).flatten().tolist():
        groups.setdefault(int(labels[0, place]), set()).add(place)
    expected = slow_dbscan(boxes, weights, class_ids, 0.4, 1.0)
    assert {frozenset(group) for group in groups.values()} == set(expected) and len(expected) > 3
    assert any(len(group) > 3 for group in expected)


def test_a_long_chain_is_one_cluster() -> None:
    """Each box overlaps only the next ones; the ends are far apart."""
    left = torch.arange(200.0) * 4
    order = torch.randperm(200, generator=torch.Generator().manual_seed(0))
    boxes = torch.stack([left, torch.zeros(200), left + 20, torch.full((200,), 20.0)], dim=1)[order]
    found = cluster(boxes[None], torch.ones(1, 200), torch.zeros(1, 200, dtype=torch.int64), 0.4, 1.0)
    assert found.size[0, 0] == 200 and (found.weight[0] > 0).sum() == 1


def test_several_levels_and_wrong_weights_are_refused() -> None:
    with pytest.raises(SpecError, match="one level, found 2"):
        CoverageHead(Spec(), (FeatureSpec(8, 16), FeatureSpec(8, 32)), 2)
    with pytest.raises(SpecError, match="expected 2 numbers, found 1"):
        CoverageHead(Spec(class_weights=(1.0,)), (FeatureSpec(8, 16),), 2)
