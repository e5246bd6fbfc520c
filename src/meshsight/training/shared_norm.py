"""Batch normalisation over the parts of a batch that several processes hold; torch's own does it on CUDA alone."""

from typing import Any

import torch
import torch.distributed as dist
from jaxtyping import Float
from torch import Tensor, nn


class _SumOverProcesses(torch.autograd.Function):
    """The sum over processes: what depends on it in any of them has its gradient in all."""

    @staticmethod
    def forward(ctx: Any, own: Tensor) -> Tensor:
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


class SharedBatchNorm2d(nn.BatchNorm2d):
    """Normalises by the mean and variance of the whole batch, as one process with all of it would."""

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalises, and in training follows the running statistics."""
        if not self.training or not dist.is_initialized():
            return super().forward(input)
        x = input.float()
        own = x.new_tensor([x.numel() / x.shape[1]])
        sums = _over_processes(torch.cat([x.sum(dim=(0, 2, 3)), own]))
        mean, total = sums[:-1] / sums[-1].detach(), sums[-1].detach()
        # Squares of what is left after the mean: squares of the values themselves would cancel most of their digits.
        centred = x - mean[:, None, None]
        variance = _over_processes(centred.square().sum(dim=(0, 2, 3))) / total
        self._follow(mean.detach(), variance.detach() * (total / (total - 1).clamp(min=1)))
        scale = (variance + self.eps).rsqrt() * self.weight
        return (centred * scale[:, None, None] + self.bias[:, None, None]).to(input.dtype)

    @torch.no_grad()
    def _follow(self, mean: Float[Tensor, " c"], variance: Float[Tensor, " c"]) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        share = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


def share_norms(network: nn.Module, device: torch.device) -> nn.Module:
    """Makes all batch normalisation of a network go over the whole batch; weights and statistics stay."""
    if device.type == "cuda":
        return nn.SyncBatchNorm.convert_sync_batchnorm(network)
    for part in network.modules():
        if type(part) is nn.BatchNorm2d:
            part.__class__ = SharedBatchNorm2d
    return network


def _over_processes(own: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
    total = _SumOverProcesses.apply(own)
    assert isinstance(total, Tensor)
    return total
