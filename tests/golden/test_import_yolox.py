"""Official YOLOX names and colours, through numbers of mmdetection 3.3.0 (tests/golden/README.md)."""

import gzip
import json
import re
from pathlib import Path

import pytest
import torch
from torch import Tensor

from meshsight.models.build import build_detector
from meshsight.models.detectors._dense import DenseDetector
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.convert import convert
from meshsight.models.importing.yolox import to_mmdet_names

from .mmdet import Golden, assert_near

KEYS = json.loads(gzip.decompress((Path(__file__).parent / "mmdet_keys.json.gz").read_bytes()))

OFFICIAL = {
    "backbone.stem.conv": "backbone.backbone.stem.conv",
    **{f"backbone.stage{i}.": f"backbone.backbone.dark{i + 1}." for i in range(1, 5)},
    "neck.reduce_layers.0": "backbone.lateral_conv0",
    "neck.reduce_layers.1": "backbone.reduce_conv1",
    "neck.top_down_blocks.0": "backbone.C3_p4",
    "neck.top_down_blocks.1": "backbone.C3_p3",
    "neck.downsamples.0": "backbone.bu_conv2",
    "neck.downsamples.1": "backbone.bu_conv1",
    "neck.bottom_up_blocks.0": "backbone.C3_n3",
    "neck.bottom_up_blocks.1": "backbone.C3_n4",
    "neck.out_convs": "head.stems",
    **{f"bbox_head.multi_level_{kind}_convs": f"head.{kind}_convs" for kind in ("cls", "reg")},
    **{f"bbox_head.multi_level_conv_{kind}": f"head.{kind}_preds" for kind in ("cls", "reg", "obj")},
}
"""From mmdetection's names to the official ones, written down from the two programs' modules."""


def official(name: str) -> str:
    start = next(old for old in OFFICIAL if name.startswith(old))
    name = OFFICIAL[start] + name.removeprefix(start)
    for old, new in (("main_conv", "conv1"), ("short_conv", "conv2"), ("final_conv", "conv3")):
        name = name.replace(f".{old}.", f".{new}.")
    name = name.replace(".depthwise_conv.", ".dconv.").replace(".pointwise_conv.", ".pconv.")
    return re.sub(r"\.blocks\.(\d)\.", r".m.\1.", name)


@pytest.fixture(scope="module")
def tiny() -> dict[str, Tensor]:
    """A whole YOLOX of stored parts, under mmdetection's names."""
    parts = (("cspdarknet", "backbone"), ("yolox_pafpn", "neck"), ("yolox", "bbox_head"))
    return {
        f"{prefix}.{key.removeprefix('w.')}": tensor
        for name, prefix in parts
        for key, tensor in Golden(name).arrays.items()
        if key.startswith("w.")
    }


def build(state: dict[str, Tensor]) -> tuple[str, DenseDetector]:
    found = convert(Checkpoint(name="yolox.pth", state=state), classes=("a", "b", "c"))
    network = build_detector(found.spec, 3, is_pretrained=False)
    assert isinstance(network, DenseDetector)
    network.load_state_dict(found.state)
    return found.source, network.eval()


@pytest.mark.parametrize("is_official", [False, True])
@torch.no_grad()
def test_our_rgb_gives_what_their_bgr_gives(tiny: dict[str, Tensor], is_official: bool) -> None:
    state = {official(name): tensor for name, tensor in tiny.items()} if is_official else tiny
    source, network = build(state)
    assert source == ("YOLOX" if is_official else "mmdetection")
    golden = Golden("cspdarknet")
    levels = network.backbone(network.normalise(golden.arrays["img"].flip(1)))
    for ours, theirs in zip(levels, golden.series("out."), strict=True):
        assert_near(ours, theirs)
    neck, head = Golden("yolox_pafpn"), Golden("yolox")
    for ours, theirs in zip(network.neck(neck.series("feat")), neck.series("out."), strict=True):
        assert_near(ours, theirs)
    raw = network.head(head.series("feat"))
    rows = [level.flatten(2).transpose(1, 2) for level in head.series("out.0.")]
    assert_near(raw.class_logits, torch.cat(rows, dim=1))


@pytest.mark.parametrize("is_depthwise", [False, True])
def test_the_official_names_of_yolox_s_and_nano(is_depthwise: bool) -> None:
    names = list(KEYS["yolox/yolox_s_8xb8-300e_coco"])
    if is_depthwise:
        pattern = r"(stage\d\.0|blocks\.\d\.conv2|downsamples\.\d|_(?:cls|reg)_convs\.\d\.\d)\.(conv|bn)\."
        doubled = [
            [re.sub(pattern, rf"\1.{part}.\2.", name) for part in ("depthwise_conv", "pointwise_conv")]
            for name in names
        ]
        names = [name for pair in doubled for name in dict.fromkeys(pair)]
    state = {official(name): torch.empty(0) for name in names}
    assert len(state) == len(names)
    assert set(to_mmdet_names(state)) == set(names)


@pytest.mark.parametrize(("depth", "width", "blocks"), [(0.67, 0.75, 2), (1.33, 1.25, 4)])
def test_depth_and_width_are_read_from_the_tensors(depth: float, width: float, blocks: int) -> None:
    with torch.device("meta"):
        found = convert(Checkpoint(name="yolox_s.pth", state=_sized(depth, width)))
    spec = found.spec.model_dump()
    assert (spec["backbone"]["depth"], spec["backbone"]["width"]) == (pytest.approx(depth, abs=0.01), width)
    assert (spec["neck"]["num_blocks"], spec["head"]["channels"]) == (blocks, int(256 * width))


def _sized(depth: float, width: float) -> dict[str, Tensor]:
    """A YOLOX of any size under mmdetection's names: the same blocks as often as it has them, wider."""
    counts = {1: 3, 2: 9, 3: 9, 4: 3}
    state: dict[str, Tensor] = {}
    for name, shape in KEYS["yolox/yolox_s_8xb8-300e_coco"].items():
        sides = [side if side in (1, 3, 4, 12, 80) else int(side * 2 * width) for side in shape]
        block = re.search(r"stage(\d)\.\d\.blocks\.0|blocks(\.\d)\.blocks\.0", name)
        count = 0 if block is None else max(round(counts[int(block[1] or 1)] * depth), 1)
        names = [name.replace("blocks.0.conv", f"blocks.{i}.conv") for i in range(count)] or [name]
        if block is not None or ".blocks." not in name:
            state |= {copy: torch.empty(sides, device="meta") for copy in names}
    return state
