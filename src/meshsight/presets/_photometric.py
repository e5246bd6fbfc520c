"""Colours as SSD distorts them (arXiv 1512.02325), which YOLOv3 and the real-time DETRs took over."""

from meshsight.specs.augmentation import ColourJitterSpec

PHOTOMETRIC = ColourJitterSpec(
    brightness=0.125, contrast=0.5, saturation=0.5, hue_deg=18.0, channel_gain=0.0, probability=0.5
)
"""32 of 255, factors of 0.5 to 1.5, 18 degrees, each half of the time: mmdetection's PhotoMetricDistortion and
torchvision's RandomPhotometricDistort by their defaults, save that channels are not exchanged."""
