"""Builds a backbone of timm, with its pretrained weights or none, and freezes what is asked for."""

import pickle
from pathlib import Path
from typing import Any

import timm
from jaxtyping import Float
from safetensors import SafetensorError
from timm.layers import Format
from timm.models import FeatureInfo
from torch import Tensor, nn

from meshsight.core.errors import ArtifactError, SpecError
from meshsight.core.kinds import did_you_mean
from meshsight.models.backbones.timm import Spec
from meshsight.models.fixed_norm import fix_norms
from meshsight.models.parts import Backbone, FeatureSpec, Pyramid

FINEST_STRIDE, DEEPEST_STRIDE = 4, 32
ANY_SIZE_IF_ASKED = "timm.models.swin_transformer"
"""Swin (both versions) takes images of any size, but only if told so when it is made."""


class TimmBackbone(Backbone):
    """The levels of a timm network from stride 4 on."""

    def __init__(self, network: nn.Module, spec: Spec):
        super().__init__()
        self.network = network
        self.is_channels_last = getattr(network, "output_fmt", Format.NCHW) == Format.NHWC
        info = _feature_info(network)
        levels = [FeatureSpec(*pair) for pair in zip(info.channels(), info.reduction(), strict=True)]
        # Where stages keep their size, the last one of a stride is its level.
        last = {level.stride: index for index, level in enumerate(levels)}
        self.used = [index for stride, index in last.items() if stride >= FINEST_STRIDE]
        self.features = tuple(levels[index] for index in self.used)
        names = [info.module_name()[index] for index in self.used]
        self.resting = _frozen_modules(network, names, spec.frozen_stages)
        for module in self.resting:
            for parameter in module.parameters(recurse=False):
                parameter.requires_grad_(False)
        if spec.norm != "batch":
            norms: list[nn.Module] = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
            self.resting += norms
            for parameter in (part for norm in norms for part in norm.parameters()):
                parameter.requires_grad_(parameter.requires_grad and spec.norm == "frozen")
            if spec.norm == "fixed":
                fix_norms(norms)
        self._stage_names = tuple(names)
        self.train()

    def stage_names(self) -> tuple[str, ...]:
        """Names the last module of each stage from stride 4 on."""
        return tuple(f"network.{name}" for name in self._stage_names)

    def train(self, mode: bool = True) -> "TimmBackbone":
        """Sets the mode of all but the frozen parts, which stay in evaluation mode."""
        super().train(mode)
        for module in self.resting:
            module.training = False
        return self

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Pyramid:
        """Returns the maps from stride 4 on."""
        maps = self.network(images)
        if self.is_channels_last:
            return [maps[index].permute(0, 3, 1, 2).contiguous() for index in self.used]
        return [maps[index] for index in self.used]


def _feature_info(network: nn.Module) -> FeatureInfo:
    assert isinstance(network.feature_info, FeatureInfo)
    return network.feature_info


def _frozen_modules(network: nn.Module, stages: list[str], count: int) -> list[nn.Module]:
    """Every module registered before the end of the last of `count` stages."""
    if count == 0:
        return []
    if count > len(stages):
        raise SpecError(f"backbone.frozen_stages: the network has {len(stages)} stages, found {count}")
    named = list(network.named_modules())
    # timm joins with "_" what it lifted out of its parent.
    last = stages[count - 1].replace(".", "_") + "_"
    end = max(i for i, (name, _) in enumerate(named) if f"{name}_".replace(".", "_").startswith(last))
    return [module for _, module in named[: end + 1]]


def build(spec: Spec, is_pretrained: bool) -> TimmBackbone:
    """Builds the backbone.

    Raises:
        SpecError: timm has no such network, or it gives no pyramid.
        ArtifactError: the pretrained weights cannot be fetched, or the file of weights does not fit.
    """
    architecture = spec.name.split(".")[0]
    if not timm.is_model(architecture):
        raise SpecError(f"backbone.name: timm has no '{spec.name}'{did_you_mean(architecture, timm.list_models())}")
    try:
        network = _create(spec) if is_pretrained else timm.create_model(spec.name, features_only=True, **_options(spec))
    except TypeError as error:
        if not spec.drop_path:
            raise
        raise SpecError(f"backbone.drop_path: '{spec.name}' does not know it; set it to 0") from error
    strides = _feature_info(network).reduction()
    if strides != sorted(strides) or (len(set(strides)) < len(strides) and spec.output_stride == DEEPEST_STRIDE):
        raise SpecError(f"backbone.name: '{spec.name}' gives maps of strides {strides}, which are no pyramid")
    return TimmBackbone(network, spec)


def _options(spec: Spec) -> dict[str, Any]:
    """Returns what differs from the network's own settings, which not every network of timm takes."""
    options: dict[str, Any] = {"drop_path_rate": spec.drop_path} if spec.drop_path else {}
    if spec.output_stride != DEEPEST_STRIDE:
        options["output_stride"] = spec.output_stride
    if timm.models.model_entrypoint(spec.name.split(".")[0]).__module__.startswith(ANY_SIZE_IF_ASKED):
        options["strict_img_size"] = False
    return options


def _create(spec: Spec) -> nn.Module:
    if spec.weights is not None:
        return _create_from_file(spec, Path(spec.weights))
    try:
        return timm.create_model(spec.name, features_only=True, pretrained=spec.pretrained, **_options(spec))
    except (OSError, RuntimeError) as error:
        source = timm.get_pretrained_cfg(spec.name)
        where = (source and (source.url or source.hf_hub_id)) or "a place that timm does not know"
        raise ArtifactError(
            f"backbone: the pretrained weights of '{spec.name}' cannot be fetched ({type(error).__name__}). Fetch them "
            f"from {where} and set backbone.weights to the file, or set backbone.pretrained to false."
        ) from error


def _create_from_file(spec: Spec, path: Path) -> nn.Module:
    if not path.is_file():
        raise ArtifactError(f"backbone.weights: no file '{path}'")
    try:
        overlay = {"file": str(path)}
        return timm.create_model(
            spec.name, features_only=True, pretrained=True, pretrained_cfg_overlay=overlay, **_options(spec)
        )
    except (OSError, RuntimeError, pickle.UnpicklingError, SafetensorError, KeyError) as error:
        lines = [line.strip() for line in str(error).splitlines()]
        raise ArtifactError(f"{path}: no weights of '{spec.name}': {' '.join(lines[:2])[:300]}") from error
