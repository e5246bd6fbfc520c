"""Builds a ResNet: timm's, with torchvision's weights."""

from meshsight.models.backbones import timm
from meshsight.models.backbones._timm import TimmBackbone
from meshsight.models.backbones._timm import build as build_timm
from meshsight.models.backbones.resnet import Spec


def build(spec: Spec, is_pretrained: bool) -> TimmBackbone:
    """Builds the backbone.

    Raises:
        ArtifactError: the pretrained weights cannot be fetched, or the file of weights does not fit.
    """
    settings = spec.model_dump(exclude={"kind", "depth"})
    return build_timm(timm.Spec(name=f"resnet{spec.depth}.tv_in1k", **settings), is_pretrained)
