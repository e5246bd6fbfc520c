"""What benchmarks of training steps share: a batch, a step's end, and the comparison of two networks."""

import statistics
from argparse import ArgumentParser, Namespace
from typing import Protocol

import torch
from measuring import Target, median_ratio, take_turns
from torch import Tensor, nn

from meshsight.models.batch import Targets

TARGETS = (Target(figure="ratio", limit=1.05),)
NUM_CLASSES = 80
OBJECTS_PER_IMAGE = 7
"""As in COCO, on average."""


class Side(Protocol):
    """A network and its step."""

    network: nn.Module

    def step(self, images: Tensor, targets: Targets) -> float:
        """Does one step on images in 0..255; returns the loss."""
        ...


def add_options(parser: ArgumentParser) -> None:
    """Adds what all of them take."""
    parser.add_argument("--size", type=int, default=320, help="side of the input, a multiple of 32")
    parser.add_argument("--batch", type=int, default=4, help="images of a step")
    parser.add_argument("--rounds", type=int, default=5, help="steps of either network, after one to warm up")


def make_batch(options: Namespace) -> tuple[Tensor, Targets]:
    """Returns noise with boxes of COCO's number, from a sixteenth to a half of the image's side."""
    rng, count, size = torch.Generator().manual_seed(0), options.batch, options.size
    images = torch.randint(0, 256, (count, 3, size, size), generator=rng, dtype=torch.uint8)
    sides = size * (1 / 16 + 7 / 16 * torch.rand(count, OBJECTS_PER_IMAGE, 2, generator=rng))
    corners = (size - sides) * torch.rand(count, OBJECTS_PER_IMAGE, 2, generator=rng)
    class_ids = torch.randint(0, NUM_CLASSES, (count, OBJECTS_PER_IMAGE), generator=rng)
    boxes = torch.cat([corners, corners + sides], dim=-1)
    return images, Targets(boxes, class_ids, torch.zeros(class_ids.shape, dtype=torch.bool))


def learn(optimiser: torch.optim.Optimizer, loss: Tensor) -> float:
    """Ends a step with its loss; returns that."""
    loss.backward()
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)
    return float(loss.detach())


def num_parameters(network: nn.Module) -> int:
    """Counts what is trained."""
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def compare(ours: Side, theirs: Side, peer: str, options: Namespace) -> dict[str, float | int | str | None]:
    """Lets two networks of equal size do steps in turns, and returns the figures."""
    counts = [num_parameters(side.network) for side in (ours, theirs)]
    assert abs(counts[0] / counts[1] - 1) < 0.01, counts
    batch = make_batch(options)
    first = ours.step(*batch), theirs.step(*batch)
    rows = take_turns(options.rounds, lambda: ours.step(*batch), lambda: theirs.step(*batch))
    seconds = [[row[side].cpu_s for row in rows] for side in range(2)]
    return {
        "ratio": median_ratio(*seconds),
        "ours_cpu_s": statistics.median(seconds[0]),
        f"{peer}_cpu_s": statistics.median(seconds[1]),
        "parameters_of_each": counts[0],
        "first_loss_ours": first[0],
        f"first_loss_{peer}": first[1],
    }
