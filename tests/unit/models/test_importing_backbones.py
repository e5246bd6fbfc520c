"""Backbones alone, and what is told apart by shapes and settings."""

import re
from pathlib import Path

import pytest
import timm
import torch
from torch import Tensor
from torchvision import models

from meshsight.core.errors import ArtifactError, CallError
from meshsight.models.backbones import timm as timm_kind
from meshsight.models.backbones._timm import build
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.convert import Imported, convert
from meshsight.models.weights import write_weights


def tensors(network: torch.nn.Module, prefix: str = "") -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in network.state_dict().items()}


def import_state(state: dict[str, Tensor], name: str = "model.pth", config: str = "") -> Imported:
    return convert(Checkpoint(name=name, state=state, config=config))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18", {"kind": "resnet", "depth": 18}),
        ("resnet34", {"kind": "resnet", "depth": 34}),
        ("resnet50", {"kind": "resnet", "depth": 50}),
        ("resnet101", {"kind": "resnet", "depth": 101}),
        ("resnet152", {"kind": "timm", "name": "resnet152"}),
        ("resnext50_32x4d", {"kind": "timm", "name": "resnext50_32x4d"}),
        ("resnext101_32x8d", {"kind": "timm", "name": "resnext101_32x8d"}),
        ("resnext101_64x4d", {"kind": "timm", "name": "resnext101_64x4d"}),
        ("wide_resnet50_2", {"kind": "timm", "name": "wide_resnet50_2"}),
    ],
)
@pytest.mark.parametrize("prefix", ["", "backbone."])
def test_a_resnet_is_known_by_its_shapes(name: str, expected: dict[str, object], prefix: str) -> None:
    with torch.device("meta"):
        state = tensors(models.get_model(name, weights=None))
    head = {f"head.{key}": tensor for key, tensor in state.items() if key.startswith("fc.")}
    body = {f"{prefix}{key}": tensor for key, tensor in state.items() if not key.startswith("fc.")}
    found = import_state({**body, **(head if prefix else {"fc.weight": state["fc.weight"]})})
    assert found.is_backbone and found.classes == ()
    assert found.source == ("mmpretrain" if prefix else "torchvision or timm")
    assert found.spec.model_dump().items() >= expected.items()
    assert found.state.keys() == {key for key in state if not key.startswith("fc.")}
    assert any("classifier" in note for note in found.notes)


def mmpretrain_name(name: str) -> str:
    """Returns what mmpretrain calls a tensor of timm's ConvNeXt."""
    name = re.sub(r"^stem\.", "backbone.downsample_layers.0.", name)
    name = re.sub(r"^stages\.(\d)\.downsample\.", r"backbone.downsample_layers.\1.", name)
    name = re.sub(r"^stages\.(\d)\.blocks\.", r"backbone.stages.\1.", name)
    for old, new in (("conv_dw", "depthwise_conv"), ("mlp.fc1", "pointwise_conv1"), ("mlp.fc2", "pointwise_conv2")):
        name = name.replace(f".{old}.", f".{new}.")
    return name.replace("head.norm.", "backbone.norm3.").replace("head.fc.", "head.fc.")


@pytest.mark.parametrize("size", ["tiny", "small", "base", "large"])
def test_a_convnext_of_mmpretrain(size: str) -> None:
    with torch.device("meta"):
        state = tensors(timm.create_model(f"convnext_{size}"))
    found = import_state({mmpretrain_name(name): tensor for name, tensor in state.items()})
    assert found.spec.model_dump().items() >= {"kind": "timm", "name": f"convnext_{size}"}.items()
    assert found.state.keys() == {name for name in state if not name.startswith("head.")}


@torch.no_grad()
def test_an_imported_backbone_arrives_through_the_recipe(tmp_path: Path) -> None:
    """The file goes through `backbone.weights`, as a recipe would have it; 1x1 convolutions stand for matrices."""
    torch.manual_seed(0)
    original = timm.create_model("convnext_atto", depths=(3, 3, 9, 3), dims=(96, 192, 384, 768), conv_mlp=False)
    theirs = tensors(original)
    state = {
        mmpretrain_name(name): tensor[..., None, None] if ".mlp." in name and tensor.ndim == 2 else tensor
        for name, tensor in theirs.items()
        if "head" not in name
    }
    found = import_state(state)
    write_weights(tmp_path / "weights.safetensors", found.state, ())
    spec = timm_kind.Spec(name="convnext_tiny", weights=str(tmp_path / "weights.safetensors"))
    loaded = build(spec, True).state_dict()
    assert len(loaded) == len(found.state)
    for name, tensor in found.state.items():
        ours = loaded[f"network.{name}" if f"network.{name}" in loaded else f"network.{name.replace('.', '_', 1)}"]
        torch.testing.assert_close(ours, theirs[name].reshape(ours.shape))
        torch.testing.assert_close(ours, tensor)


@torch.no_grad()
def test_a_convnext_of_torchvision_gives_the_maps_it_gave() -> None:
    torch.manual_seed(0)
    theirs = models.convnext_tiny(weights=None, stochastic_depth_prob=0.0).eval()
    for name, tensor in theirs.state_dict().items():
        tensor.copy_(torch.rand_like(tensor) if "layer_scale" in name else tensor + 0.02 * torch.randn_like(tensor))
    found = import_state(tensors(theirs))
    assert found.source == "torchvision or timm"
    assert found.spec.model_dump()["name"] == "convnext_tiny"
    ours = build(timm_kind.Spec(name="convnext_tiny", pretrained=False), False).eval()
    flat = {name.replace(".", "_", 1): tensor for name, tensor in found.state.items()}
    ours.network.load_state_dict(flat)
    images = torch.rand(1, 3, 64, 64)
    maps: list[Tensor] = []
    level = images
    for i, layer in enumerate(theirs.features):
        level = layer(level)
        if i % 2:
            maps.append(level)
    for mine, original in zip(ours(images), maps, strict=True):
        torch.testing.assert_close(mine, original, rtol=1e-4, atol=1e-4 * original.abs().max().item())


def test_what_is_not_known_is_refused_in_one_line() -> None:
    for state, words in (
        ({"encoder.weight": torch.zeros(1)}, r"no model that is known here \(they begin with encoder.weight\)"),
        ({"conv1.weight": torch.zeros(1), "layer1.0.conv1.weight": torch.zeros(1)}, "no ResNet of the published"),
        ({"bbox_head.new.weight": torch.zeros(1)}, "a detector of mmdetection that meshsight cannot import"),
    ):
        with pytest.raises(ArtifactError, match=words) as raised:
            import_state(state)
        assert "\n" not in str(raised.value)


def retina_state(depth: int = 18) -> dict[str, Tensor]:
    """A RetinaNet with three classes, narrow where it may be."""
    generator = torch.Generator().manual_seed(0)
    state = {
        f"backbone.{name}": t for name, t in models.get_model(f"resnet{depth}").state_dict().items() if "fc" not in name
    }

    def conv(name: str, channels_out: int, channels_in: int, side: int = 3) -> None:
        state[f"{name}.weight"] = torch.rand(channels_out, channels_in, side, side, generator=generator)
        state[f"{name}.bias"] = torch.rand(channels_out, generator=generator)

    for i in range(3):
        conv(f"neck.lateral_convs.{i}.conv", 16, 128 << i, 1)
        conv(f"neck.fpn_convs.{i}.conv", 16, 16)
    conv("neck.fpn_convs.3.conv", 16, 512)
    conv("neck.fpn_convs.4.conv", 16, 16)
    for i in range(4):
        conv(f"bbox_head.cls_convs.{i}.conv", 16, 16)
        conv(f"bbox_head.reg_convs.{i}.conv", 16, 16)
    conv("bbox_head.retina_cls", 27, 16)
    conv("bbox_head.retina_reg", 36, 16)
    return state


@pytest.mark.parametrize(
    ("name", "config", "head"),
    [
        ("retinanet_r18.pth", "", "retina"),
        ("epoch_12.pth", "bbox_head=dict(type='FreeAnchorRetinaHead')", "freeanchor"),
        ("epoch_12.pth", "bbox_head=dict(type='PISARetinaHead')", "pisa"),
        ("pisa.pth", "load_from='pisa.pth', bbox_head=dict(type='RetinaHead')", "retina"),
        ("freeanchor_r50.pth", "", "freeanchor"),
        ("retinanet_free_anchor_r50.pth", "", "freeanchor"),
        ("epoch_12.pth", "", "retina"),
    ],
)
def test_heads_that_look_alike_are_told_apart_by_the_settings(name: str, config: str, head: str) -> None:
    found = import_state(retina_state(), name, config)
    assert found.spec.model_dump()["head"]["kind"] == head
    assert any("--head" in note for note in found.notes) == (name == "epoch_12.pth" and not config)


def test_the_head_may_be_named() -> None:
    checkpoint = Checkpoint(name="epoch_12.pth", state=retina_state())
    assert convert(checkpoint, head="pisa").spec.model_dump()["head"]["kind"] == "pisa"
    with pytest.raises(CallError, match="--head yolo: expected one of freeanchor, pisa, retina"):
        convert(checkpoint, head="yolo")


def test_class_names_are_those_given_then_those_in_the_file() -> None:
    named = Checkpoint(name="retina.pth", state=retina_state(), classes=("a", "b", "c"))
    assert convert(named).classes == ("a", "b", "c")
    assert convert(named, classes=("x", "y", "z")).classes == ("x", "y", "z")
    with pytest.raises(CallError, match="the weights have 3 classes, but 2 are named"):
        convert(named, classes=("x", "y"))
    unnamed = convert(Checkpoint(name="retina.pth", state=retina_state()))
    assert unnamed.classes == ("class_0", "class_1", "class_2")
    assert any("--classes" in note for note in unnamed.notes)


def test_caffe_is_refused_and_other_colours_are_folded_in() -> None:
    with pytest.raises(ArtifactError, match="caffe's style"):
        import_state(retina_state(), "retinanet_r50_caffe_fpn_1x.pth")
    with pytest.raises(ArtifactError, match="caffe's style"):
        import_state(retina_state(), config="backbone=dict(style='caffe')")
    state = retina_state()
    config = "data_preprocessor=dict(mean=[103.53, 116.28, 123.675], std=[57.375, 57.12, 58.395], bgr_to_rgb=False)"
    kernel = import_state(state, "retina.pth", config).state["backbone.network.conv1.weight"]
    torch.testing.assert_close(kernel, state["backbone.conv1.weight"].flip(1))
    config = "img_norm_cfg = dict(mean=[103.53, 116.28, 123.675], std=[1.0, 1.0, 1.0], to_rgb=False)"
    kernel = import_state(state, "retina.pth", config).state["backbone.network.conv1.weight"]
    pixel = torch.tensor([200.0, 100.0, 50.0])  # red, green, blue
    mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    ours = (kernel.sum((2, 3)) * ((pixel - mean) / std)).sum(1)
    theirs = (state["backbone.conv1.weight"].sum((2, 3)) * (pixel - mean).flip(0)).sum(1)
    torch.testing.assert_close(ours, theirs)
    with pytest.raises(ArtifactError, match="only ImageNet's"):
        import_state(state, "retina.pth", "mean=[0, 0, 0], std=[1, 1, 1], to_rgb=True")


def test_shared_convolutions_that_differ_are_refused() -> None:
    state = retina_state()
    for kind in ("cls", "reg"):
        for i in range(4):
            weight = state.pop(f"bbox_head.{kind}_convs.{i}.conv.weight")
            del state[f"bbox_head.{kind}_convs.{i}.conv.bias"]
            for level in range(5):
                name = f"bbox_head.{kind}_convs.{level}.{i}"
                state[f"{name}.conv.weight"] = weight
                norm = torch.nn.BatchNorm2d(16).state_dict()
                state |= {f"{name}.bn.{key}": tensor for key, tensor in norm.items()}
    assert import_state(state).spec.model_dump()["head"]["norm"] == "batch_per_level"
    state["bbox_head.cls_convs.2.1.conv.weight"] = torch.zeros(16, 16, 3, 3)
    with pytest.raises(ArtifactError, match="expected what the tensors shared with it hold"):
        import_state(state)


def test_whatever_is_missing_or_misshapen_is_refused_with_a_line() -> None:
    state = {name: tensor.to("meta") for name, tensor in retina_state().items()}
    for name in [*list(state)[:8], *(name for name in state if not name.startswith("backbone."))]:
        with pytest.raises(ArtifactError, match=r"^model\.pth: ") as raised:
            import_state({other: tensor for other, tensor in state.items() if other != name})
        assert "\n" not in str(raised.value)
    with pytest.raises(ArtifactError, match=r"looks like RetinaNet, resnet18, FPN.* is \[16\] instead of \[27\]"):
        import_state({**state, "bbox_head.retina_cls.bias": torch.empty(16, device="meta")}, "retina.pth")
