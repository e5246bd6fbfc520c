"""The convolution of Darknet and YOLOv3."""

from torch import nn


class ConvLeaky(nn.Sequential):
    """A convolution, batch normalisation and a leaky ReLU of slope 0.1."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1):
        conv = nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=False)
        nn.init.kaiming_normal_(conv.weight, a=0.1, mode="fan_out")
        super().__init__(conv, nn.BatchNorm2d(channels_out), nn.LeakyReLU(0.1, inplace=True))
