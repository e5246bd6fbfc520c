"""Muon's orthogonal steps against singular values, and the joint optimiser against its members."""

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from meshsight.specs.optimisation import MuonSpec
from meshsight.training.muon import COEFFICIENTS, ITERATIONS, Muon, orthogonalise
from meshsight.training.optimiser import build_optimiser, set_learning_rate


def slow_iteration(matrix: torch.Tensor) -> torch.Tensor:
    """The source's iteration on the whole matrix, in float64."""
    a, b, c = COEFFICIENTS
    x = matrix.double() / matrix.double().norm()
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


@given(st.integers(1, 12), st.integers(1, 40), st.integers(0, 10**6))
def test_the_short_way_equals_the_long_way(rows: int, columns: int, seed: int) -> None:
    matrices = torch.randn(2, rows, columns, generator=torch.Generator().manual_seed(seed))
    expected = [slow_iteration(m if rows <= columns else m.T) for m in matrices]
    result = orthogonalise(matrices)
    for ours, slow in zip(result if rows <= columns else result.mT, expected, strict=True):
        assert torch.allclose(ours.double(), slow, atol=2e-3)


def test_singular_values_become_one_and_directions_stay() -> None:
    matrix = torch.randn(1, 24, 200, generator=torch.Generator().manual_seed(0))
    u, _, vh = torch.linalg.svd(matrix[0], full_matrices=False)
    result = orthogonalise(matrix)[0]
    values = torch.linalg.svdvals(result)
    assert values.min() > 0.6 and values.max() < 1.3
    alignment = torch.diagonal(u.T @ result @ vh.T)
    assert torch.allclose(alignment.sort().values, values.sort().values, atol=1e-4)


def test_no_gradient_gives_no_step() -> None:
    weight = nn.Parameter(torch.ones(4, 4))
    optimiser = Muon([{"params": [weight]}], momentum=0.9)
    optimiser.step()
    assert torch.equal(weight, torch.ones(4, 4))
    weight.grad = torch.zeros(4, 4)
    optimiser.step()
    assert torch.isfinite(weight).all() and torch.equal(weight, torch.ones(4, 4))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 2, 1))


def train(net: nn.Module, optimiser: object, steps: int) -> float:
    images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    loss = torch.tensor(0.0)
    for _ in range(steps):
        loss = (net(images) - 1).square().mean()
        loss.backward()
        optimiser.step()  # type: ignore[attr-defined]
        optimiser.zero_grad()  # type: ignore[attr-defined]
    return loss.item()


def test_convolutions_before_a_norm_go_to_muon_and_the_rest_to_adamw() -> None:
    net = network()
    optimiser = build_optimiser(MuonSpec(learning_rate=0.02, adamw_factor=0.5), net, 16)
    rates = {id(p): group["lr"] for group in optimiser.param_groups for p in group["params"]}
    assert rates.pop(id(net[0].weight)) == pytest.approx(0.02)
    assert set(rates.values()) == {0.01} and len(rates) == 4
    assert set_learning_rate(optimiser, 0.5) == pytest.approx(0.01)
    before = train(net, optimiser, 1)
    assert train(net, optimiser, 60) < 0.6 * before


def test_its_state_comes_back() -> None:
    first, second = network(), network()
    one, two = build_optimiser(MuonSpec(), first, 16), build_optimiser(MuonSpec(), second, 16)
    train(first, one, 5)
    second.load_state_dict(first.state_dict())
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    assert train(first, one, 5) == train(second, two, 5)


def test_a_network_without_norms_is_moved_by_adamw_alone() -> None:
    net = nn.Sequential(nn.Conv2d(3, 2, 1))
    optimiser = build_optimiser(MuonSpec(), net, 16)
    assert sum(len(group["params"]) for group in optimiser.param_groups) == 2
    assert train(net, optimiser, 3) > train(net, optimiser, 30)
