"""Backbones that a recipe can name in one word: `backbone: resnext101_64x4d`.

Any other network of timm is `{kind: timm, name: NAME}`.
"""

_TIMM = {
    "resnext50_32x4d": "resnext50_32x4d",
    "resnext101_32x4d": "resnext101_32x4d",
    "resnext101_64x4d": "resnext101_64x4d",
    "convnext_tiny": "convnext_tiny",
    "convnext_small": "convnext_small",
    "convnext_base": "convnext_base",
    "convnext_large": "convnext_large",
    "swin_tiny": "swin_tiny_patch4_window7_224",
    "swin_small": "swin_small_patch4_window7_224",
    "swin_base": "swin_base_patch4_window7_224",
    "swin_large": "swin_large_patch4_window7_224",
    "mobilenetv2": "mobilenetv2_100",
    "mobilenetv3_small": "mobilenetv3_small_100",
    "mobilenetv3_large": "mobilenetv3_large_100",
}
"""Names in timm."""

_YOLOX = {
    "nano": (0.33, 0.25),
    "tiny": (0.33, 0.375),
    "s": (0.33, 0.5),
    "m": (0.67, 0.75),
    "l": (1.0, 1.0),
    "x": (1.33, 1.25),
}
"""Depth and width of YOLOX's backbones."""

BACKBONE_WORDS: dict[str, dict[str, object]] = {
    **{f"resnet{depth}": {"kind": "resnet", "depth": depth} for depth in (18, 34, 50, 101)},
    **{word: {"kind": "timm", "name": name} for word, name in _TIMM.items()},
    **{
        f"csp_darknet_{size}": {"kind": "csp_darknet", "depth": depth, "width": width, "is_depthwise": size == "nano"}
        for size, (depth, width) in _YOLOX.items()
    },
    "darknet53": {"kind": "darknet"},
}
"""What each word stands for."""
