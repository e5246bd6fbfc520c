"""Batch normalisation whose statistics, scale and shift never change: in training, one scale and one shift.

torch's own layer does the work of a full normalisation backwards, too, for parameters that learn nothing.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class FixedBatchNorm2d(nn.BatchNorm2d):
    """The same values as `nn.BatchNorm2d` at rest, cheaper where gradients pass through it."""

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Normalises by what is fixed; without gradients as torch does, so that exported graphs stay as they are."""
        if not torch.is_grad_enabled() or self.training or torch.compiler.is_exporting():
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        scale = self.weight * (self.running_var + self.eps).rsqrt()
        shift = self.bias - self.running_mean * scale
        return torch.addcmul(shift[:, None, None], input, scale[:, None, None])


def fix_norms(norms: list[nn.Module]) -> None:
    """Turns plain layers into fixed ones, in place; layers with an activation of their own stay as they are."""
    for norm in norms:
        if type(norm) is nn.BatchNorm2d:
            norm.__class__ = FixedBatchNorm2d
