"""Layers that several parts share."""

from torch import nn


class ConvNorm(nn.Sequential):
    """A convolution with "same" padding, batch normalisation and, unless told otherwise, a ReLU."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1, has_relu: bool = True):
        conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)
        nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
        layers = [conv, nn.BatchNorm2d(channels_out)]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if has_relu else []))
