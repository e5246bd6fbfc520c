import pytest

from meshsight.models.backbones import _csp_darknet, _darknet, _timm, _tiny, csp_darknet, darknet, timm, tiny
from meshsight.models.parts import Backbone
from meshsight.specs.optimisation import LayerDecaySpec
from meshsight.training.depth import number_layers


def of_timm(name: str) -> Backbone:
    return _timm.build(timm.Spec(name=name, pretrained=False), is_pretrained=False)


def mmdetection(name: str, highest: int) -> int:
    """The rule of mmdetection's layer-wise decay for ConvNeXt, by the names that timm gives its parts."""
    parts = name.split(".")
    if parts[1].startswith("stem"):
        return 0
    stage, is_downsample = int(parts[1].removeprefix("stages_")), parts[2] == "downsample"
    block = 0 if is_downsample else int(parts[3])
    return {0: 1, 1: 2, 2: 3 + block // 3, 3: highest}[stage]


@pytest.mark.parametrize(("name", "highest"), [("convnext_atto", 6), ("convnext_tiny", 6), ("convnext_small", 12)])
def test_convnext_has_mmdetections_layers(name: str, highest: int) -> None:
    if name == "convnext_atto":
        found = number_layers(of_timm(name), LayerDecaySpec())
        assert found.highest == 5  # its third stage has six blocks
        return
    found = number_layers(of_timm(name), LayerDecaySpec())
    assert found.highest == highest
    assert found.of == {name: mmdetection(name, highest) for name in found.of}


def test_the_factors_of_the_reference() -> None:
    """0.95 over the six layers of ConvNeXt-T: stem 0.698, stage 1 0.735, ... stage 4 0.95."""
    found = number_layers(of_timm("convnext_tiny"), LayerDecaySpec(rate=0.95))
    factors = sorted({round(0.95 ** (found.highest + 1 - layer), 3) for layer in found.of.values()})
    assert factors == [0.698, 0.735, 0.774, 0.815, 0.857, 0.902, 0.95]


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("resnet18", [1, 1, 1, 1, 1]),
        ("resnet50", [1, 1, 2, 2, 1]),
        ("mobilenetv3_small_050", [1, 1, 1, 1, 1]),
        ("regnety_002", [1, 1, 1, 2, 3]),
        ("swin_tiny_patch4_window7_224", [1, 1, 1, 2, 1]),
    ],
)
def test_any_timm_backbone_has_layers_that_rise_from_stem_to_last_stage(name: str, sizes: list[int]) -> None:
    found = number_layers(of_timm(name), LayerDecaySpec())
    layers = list(found.of.values())
    assert layers == sorted(layers)
    assert set(layers) == set(range(found.highest + 1))
    assert found.highest == sum(sizes) - 1
    stages = number_layers(of_timm(name), LayerDecaySpec(by="stage"))
    assert stages.highest == len(sizes) - 1


def test_our_backbones_have_layers_too() -> None:
    ours = (
        (_tiny.build(tiny.Spec(), False), 4),
        (_darknet.build(darknet.Spec(channels=4), False), 10),
        (_csp_darknet.build(csp_darknet.Spec(), False), 4),
    )
    for backbone, highest in ours:
        found = number_layers(backbone, LayerDecaySpec())
        assert found.highest == highest
        assert set(found.of) == {name for name, _ in backbone.named_parameters()}
        single = number_layers(backbone, LayerDecaySpec(blocks_per_layer=1))
        assert single.highest > highest


def test_a_stated_number_of_layers_is_the_last_stages() -> None:
    found = number_layers(of_timm("convnext_tiny"), LayerDecaySpec(num_layers=12))
    assert found.highest == 12
    assert {layer for name, layer in found.of.items() if "stages_3" in name} == {12}
    assert {layer for name, layer in found.of.items() if "stages_1" in name} == {2}
