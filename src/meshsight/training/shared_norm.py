"""Batch normalisation over the parts of a batch that several processes hold; torch's own does it on CUDA alone.

Layers change in place: a backbone that keeps some at rest still knows them.
"""

import torch
import torch.distributed as dist
from jaxtyping import Float
from timm.layers import BatchNormAct2d, SyncBatchNormAct
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from meshsight.core.errors import SpecError
from meshsight.models.sharing import sum_over_processes


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Normalises by the mean and variance of the whole batch, as one process with all of it would."""

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalises, and in training follows the running statistics."""
        return normalise(self, input) if self.training and dist.is_initialized() else super().forward(input)


class SharedBatchNormAct2d(BatchNormAct2d):
    """The same with timm's activation after it."""

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalises, and in training follows the running statistics; activates."""
        if not self.training or not dist.is_initialized():
            return super().forward(x)
        own: nn.Module = self  # timm has no types of its own
        assert isinstance(own, nn.BatchNorm2d)
        normal = normalise(own, x)
        for part in (self.drop, self.act):
            assert isinstance(part, nn.Module)
            normal = part(normal)
        return normal


def normalise(norm: nn.BatchNorm2d, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
    """Normalises by the mean and variance over all processes, and follows the layer's running statistics."""
    x = input.to(torch.promote_types(input.dtype, torch.float32))
    own = x.new_tensor([x.numel() / x.shape[1]])
    sums = sum_over_processes(torch.cat([x.sum(dim=(0, 2, 3)), own]))
    mean, total = sums[:-1] / sums[-1].detach(), sums[-1].detach()
    # Squares of what is left after the mean: squares of the values themselves would cancel most of their digits.
    centred = x - mean[:, None, None]
    variance = sum_over_processes(centred.square().sum(dim=(0, 2, 3))) / total
    _follow(norm, mean.detach(), variance.detach() * (total / (total - 1).clamp(min=1)))
    scale = (variance + norm.eps).rsqrt() * norm.weight
    return (centred * scale[:, None, None] + norm.bias[:, None, None]).to(input.dtype)


@torch.no_grad()
def _follow(norm: nn.BatchNorm2d, mean: Float[Tensor, " c"], variance: Float[Tensor, " c"]) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked += 1
    share = 1 / float(norm.num_batches_tracked) if norm.momentum is None else norm.momentum
    norm.running_mean.lerp_(mean, share)
    norm.running_var.lerp_(variance, share)


SHARED: dict[str, dict[type[nn.Module], type[nn.Module]]] = {
    "cpu": {nn.BatchNorm2d: SharedBatchNorm2d, BatchNormAct2d: SharedBatchNormAct2d},
    "cuda": {nn.BatchNorm2d: nn.SyncBatchNorm, BatchNormAct2d: SyncBatchNormAct},
}
"""What becomes of a layer, by the kind of device."""


def share_norms(network: nn.Module, device: torch.device) -> nn.Module:
    """Makes all batch normalisation of a network go over the whole batch; weights and statistics stay.

    Raises:
        SpecError: a layer is of a kind that we cannot share.
    """
    shared = SHARED[device.type]
    for name, part in network.named_modules():
        if type(part) in shared:
            part.__class__ = shared[type(part)]
            if isinstance(part, nn.SyncBatchNorm):
                part.process_group = None  # that of all processes
        elif isinstance(part, _BatchNorm) and type(part) not in shared.values():
            raise SpecError(f"batch_norm: '{name}' is of a kind that processes cannot share; set it to train or frozen")
    return network
