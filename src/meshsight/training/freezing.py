"""Parts of a network that rest: parameters that are never trained, running statistics that stay as they are."""

from collections.abc import Sequence

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from meshsight.core.errors import SpecError
from meshsight.core.kinds import did_you_mean


def freeze(network: nn.Module, names: Sequence[str]) -> list[nn.Module]:
    """Takes parts of a network out of training.

    Args:
        network: whose parameters are frozen.
        names: of parts, whole or up to a dot.

    Returns:
        The parts, which belong into evaluation mode (see `train`).

    Raises:
        SpecError: a name fits no part.
    """
    resting: list[nn.Module] = []
    known = dict(network.named_modules())
    for name in names:
        if name not in known or name == "":
            raise SpecError(f"freeze: the network has no part '{name}'{did_you_mean(name, known)}")
        known[name].requires_grad_(False)
        resting.append(known[name])
    return resting


def batch_norms(network: nn.Module) -> list[nn.Module]:
    """Returns all layers with running statistics of a batch."""
    return [part for part in network.modules() if isinstance(part, _BatchNorm)]


def train(network: nn.Module, resting: Sequence[nn.Module]) -> None:
    """Puts a network into training mode, but for the parts that rest."""
    network.train()
    for part in resting:
        part.eval()
