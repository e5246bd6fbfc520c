"""The overlap of discs against counting points, and its gradient against finite differences."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from meshsight.models.patch.circle_iou import circle_intersection, circle_iou
from meshsight.models.patch.losses import circle_loss
from meshsight.models.patch.spec import CircleLossSpec
from meshsight.models.patch.targets import PatchTargets

NUM_POINTS = 200_000


def circles(*rows: tuple[float, float, float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def random_pairs(count: int) -> tuple[Tensor, Tensor]:
    rng = np.random.default_rng(0)
    radii, centres = rng.uniform(0.05, 0.5, (2, count, 1)), rng.uniform(0, 1, (2, count, 2))
    a, b = torch.from_numpy(np.concatenate([radii, centres], axis=2))
    return a, b


def counted_iou(a: np.ndarray, b: np.ndarray, rng: np.random.Generator) -> float:
    """Counts random points of the square around both discs."""
    lows = np.minimum(a[1:] - a[0], b[1:] - b[0])
    highs = np.maximum(a[1:] + a[0], b[1:] + b[0])
    points = rng.uniform(lows, highs, (NUM_POINTS, 2))
    in_a, in_b = (((points - circle[1:]) ** 2).sum(axis=1) <= circle[0] ** 2 for circle in (a, b))
    return (in_a & in_b).sum() / (in_a | in_b).sum()


def test_the_overlap_is_what_counting_points_finds() -> None:
    a, b = random_pairs(40)
    rng = np.random.default_rng(1)
    expected = [counted_iou(one.numpy(), other.numpy(), rng) for one, other in zip(a, b, strict=True)]
    assert sum(0.01 < value < 0.9 for value in expected) > 10
    # Four deviations of a share of at least a third of the points.
    np.testing.assert_allclose(circle_iou(a, b), expected, atol=4 * 0.5 / math.sqrt(NUM_POINTS / 3))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ((1, 0, 0), (1, 0, 0), 1.0),
        ((2, 0, 0), (1, 0.5, 0.5), 0.25),
        ((1, 0.5, 0.5), (2, 0, 0), 0.25),
        ((2, 0, 0), (1, 1, 0), 0.25),
        ((1, 0, 0), (1, 2, 0), 0.0),
        ((1, 0, 0), (1, 5, 0), 0.0),
        # Two unit discs through each other's centre share 2/3 pi - sqrt(3)/2.
        ((1, 0, 0), (1, 1, 0), (2 / 3 * math.pi - math.sqrt(3) / 2) / (4 / 3 * math.pi + math.sqrt(3) / 2)),
    ],
)
def test_known_overlaps(a: tuple[float, float, float], b: tuple[float, float, float], expected: float) -> None:
    assert circle_iou(circles(a), circles(b)).item() == pytest.approx(expected, abs=1e-12)


def test_gradients_are_those_of_finite_differences() -> None:
    a, b = random_pairs(40)
    apart = torch.linalg.vector_norm(a[:, 1:] - b[:, 1:], dim=1)
    edges = torch.stack([(apart - a[:, 0] - b[:, 0]).abs(), (apart - (a[:, 0] - b[:, 0]).abs()).abs()])
    is_smooth = edges.min(dim=0).values > 1e-3
    assert int(is_smooth.sum()) > 30
    torch.autograd.gradcheck(
        circle_intersection, (a[is_smooth].requires_grad_(), b[is_smooth].requires_grad_()), eps=1e-7
    )


@pytest.mark.parametrize("other", [(1, 0, 0), (1, 2, 0), (2, 1, 0), (0.5, 0.5, 0), (1, 9, 9)])
def test_gradients_are_finite_where_circles_touch(other: tuple[float, float, float]) -> None:
    a, b = circles((1, 0, 0)).requires_grad_(), circles(other)
    circle_iou(a, b).sum().backward()
    assert a.grad is not None and bool(a.grad.isfinite().all())


def targets_of(wanted: Tensor) -> PatchTargets:
    return PatchTargets(torch.ones(len(wanted)), wanted, torch.ones(len(wanted), dtype=torch.bool))


@pytest.mark.parametrize("kind", ["mae", "huber", "iou"])
@pytest.mark.parametrize("start", [(0.2, 0.9, 0.1), (-0.1, 0.5, 0.5), (0.01, -0.4, 1.4)])
def test_every_loss_leads_to_the_circle(kind: str, start: tuple[float, float, float]) -> None:
    spec = CircleLossSpec.model_validate({"kind": kind})
    wanted = torch.tensor([[0.3, 0.4, 0.6]])
    found = torch.tensor([start], requires_grad=True)
    optimiser = torch.optim.Adam([found], lr=0.02)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.99)
    for _ in range(400):
        optimiser.zero_grad()
        circle_loss(found, targets_of(wanted), spec).backward()
        optimiser.step()
        schedule.step()
    torch.testing.assert_close(found.detach(), wanted, atol=0.01, rtol=0)


def test_losses_by_hand() -> None:
    found, wanted = torch.tensor([[0.2, 0.5, 0.5]]), torch.tensor([[0.3, 0.52, 0.1]])
    losses = {
        kind: circle_loss(found, targets_of(wanted), CircleLossSpec.model_validate({"kind": kind, "weight": 2}))
        for kind in ("mae", "huber")
    }
    assert losses["mae"].item() == pytest.approx(2 * (0.1 + 0.02 + 0.4) / 3)
    straight = 0.05 * (0.1 - 0.025) + 0.05 * (0.4 - 0.025)
    assert losses["huber"].item() == pytest.approx(2 * (straight + 0.02**2 / 2) / 3)
    same = circle_loss(found, targets_of(found), CircleLossSpec(kind="iou"))
    assert same.item() == pytest.approx(0, abs=1e-6)


def test_unknown_circles_teach_nothing() -> None:
    found = torch.rand(3, 3, requires_grad=True)
    targets = PatchTargets(torch.ones(3), torch.full((3, 3), torch.nan), torch.tensor([False, False, False]))
    for kind in ("mae", "huber", "iou"):
        loss = circle_loss(found, targets, CircleLossSpec.model_validate({"kind": kind}))
        loss.backward()
        assert loss.item() == 0
    assert found.grad is not None and not bool(found.grad.any())
