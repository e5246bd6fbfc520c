"""Layers that several parts share."""

from torch import nn


class ConvNorm(nn.Sequential):
    """A convolution with batch normalisation and, unless told otherwise, a ReLU.

    The padding keeps the size of an odd kernel's map at stride 1, unless another is given.
    """

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        kernel: int = 3,
        *,
        stride: int = 1,
        padding: int | None = None,
        has_relu: bool = True,
    ):
        space = kernel // 2 if padding is None else padding
        # With the norm, only the direction of a kernel matters, and torch's small start lets it turn fastest.
        conv = nn.Conv2d(channels_in, channels_out, kernel, stride, space, bias=False)
        layers = [conv, nn.BatchNorm2d(channels_out)]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if has_relu else []))
