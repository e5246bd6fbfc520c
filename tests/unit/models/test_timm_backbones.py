from pathlib import Path

import pytest
import timm as timm_library
import torch

from meshsight.core.errors import ArtifactError, SpecError
from meshsight.models.backbones import _timm, resnet, timm
from meshsight.models.backbones._resnet import build as build_resnet
from meshsight.models.backbones._timm import build

NAME = "mobilenetv3_small_050"


def frozen_names(backbone: torch.nn.Module) -> set[str]:
    return {name.removeprefix("network.") for name, p in backbone.named_parameters() if not p.requires_grad}


def test_levels_start_at_stride_4() -> None:
    backbone = build(timm.Spec(name=NAME, pretrained=False), is_pretrained=True)
    levels = backbone(torch.rand(1, 3, 64, 96))
    assert [f.stride for f in backbone.features] == [4, 8, 16, 32]
    for feature, level in zip(backbone.features, levels, strict=True):
        assert level.shape == (1, feature.channels, 64 // feature.stride, 96 // feature.stride)


def test_frozen_stages_of_a_resnet_are_the_stem_and_the_first_stages() -> None:
    backbone = build_resnet(resnet.Spec(depth=18, pretrained=False, frozen_stages=1), is_pretrained=True)
    assert {name.split(".")[0] for name in frozen_names(backbone)} == {"conv1", "bn1", "layer1"}
    assert not any(p.requires_grad for p in backbone.network.layer1.parameters())
    before = {name: b.clone() for name, b in backbone.named_buffers()}
    backbone.train()(torch.rand(2, 3, 64, 64))
    after = dict(backbone.named_buffers())
    moved = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    assert moved == {"layer2", "layer3", "layer4"}


def test_frozen_norm_keeps_statistics_and_learns_scales() -> None:
    backbone = build_resnet(resnet.Spec(depth=18, pretrained=False, norm="frozen"), is_pretrained=True)
    before = {name: b.clone() for name, b in backbone.named_buffers()}
    backbone.train()(torch.rand(2, 3, 64, 64))
    assert all(torch.equal(before[name], b) for name, b in backbone.named_buffers())
    assert frozen_names(backbone) == set()


def test_stages_of_other_families_are_found() -> None:
    backbone = build(timm.Spec(name=NAME, pretrained=False, frozen_stages=2), is_pretrained=True)
    stages = {name.rsplit(".", 3)[0] for name in frozen_names(backbone) if name.startswith("blocks")}
    assert {stage.split(".")[1] for stage in stages} == {"0", "1"}
    assert any(name.startswith("conv_stem") for name in frozen_names(backbone))


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_come_from_a_file(tmp_path: Path, suffix: str) -> None:
    torch.manual_seed(1)
    source = timm_library.create_model("resnet18.tv_in1k", pretrained=False)
    path = tmp_path / f"resnet18{suffix}"
    if suffix == ".pth":
        torch.save(source.state_dict(), path)
    else:
        _save_safetensors(source, path)
    backbone = build_resnet(resnet.Spec(depth=18, weights=str(path)), is_pretrained=True)
    expected = source.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in backbone.network.state_dict().items())


def _save_safetensors(network: torch.nn.Module, path: Path) -> None:
    from safetensors.torch import save_file  # noqa: PLC0415 - only this test needs it

    save_file(network.state_dict(), path)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save(timm_library.create_model(NAME, pretrained=False).state_dict(), path)
    with pytest.raises(ArtifactError, match=r"other.pth: no weights of 'resnet18.tv_in1k'"):
        build_resnet(resnet.Spec(depth=18, weights=str(path)), is_pretrained=True)


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.pth"
    torch.save({"conv1.weight": Path("/")}, path)
    with pytest.raises(ArtifactError, match=r"evil.pth: no weights of"):
        build_resnet(resnet.Spec(depth=18, weights=str(path)), is_pretrained=True)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ArtifactError, match=r"backbone.weights: no file 'nowhere.pth'"):
        build(timm.Spec(name=NAME, weights="nowhere.pth"), is_pretrained=True)


def test_without_a_network_one_line_says_what_to_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(_timm.timm, "create_model", unreachable)
    with pytest.raises(ArtifactError, match=r"Fetch them from https://\S+\.pth and set backbone.weights") as caught:
        build_resnet(resnet.Spec(depth=50), is_pretrained=True)
    assert "\n" not in str(caught.value) and "backbone.pretrained to false" in str(caught.value)


def test_nothing_is_fetched_where_weights_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    create = _timm.timm.create_model

    def spy(name: str, **kwargs: bool) -> object:
        seen.append(kwargs.get("pretrained", False))
        return create(name, features_only=True)

    monkeypatch.setattr(_timm.timm, "create_model", spy)
    build(timm.Spec(name=NAME), is_pretrained=False)
    assert seen == [False]


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(SpecError, match=r"timm has no 'resnet19'; did you mean 'resnet\d+"):
        build(timm.Spec(name="resnet19"), is_pretrained=True)


def test_a_network_without_a_pyramid_is_refused() -> None:
    with pytest.raises(SpecError, match="no pyramid"):
        build(timm.Spec(name="vit_tiny_patch16_224", pretrained=False), is_pretrained=True)


def test_too_many_frozen_stages_are_refused() -> None:
    with pytest.raises(SpecError, match="the network has 4 stages, found 5"):
        build(timm.Spec(name=NAME, pretrained=False, frozen_stages=5), is_pretrained=True)
