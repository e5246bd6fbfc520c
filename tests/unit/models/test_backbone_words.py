"""Every backbone that has a word: it is a pyramid, whatever the size of the images."""

import pytest
import torch

from meshsight.models.backbone_words import BACKBONE_WORDS
from meshsight.models.backbones import timm
from meshsight.models.backbones._timm import build
from meshsight.models.detectors import dense
from meshsight.models.kinds import BACKBONE_KINDS


@pytest.mark.parametrize("word", sorted(BACKBONE_WORDS))
def test_a_word_builds_a_pyramid_for_images_of_any_size(word: str) -> None:
    spec = dense.Spec.model_validate({"backbone": word, "neck": "fpn", "head": "retina"}).backbone
    with torch.device("meta"):  # shapes alone
        backbone = BACKBONE_KINDS.builder(spec.kind)(spec, False)
        for height, width in ((96, 160), (224, 64)):
            levels = backbone.eval()(torch.empty(1, 3, height, width))
            for feature, level in zip(backbone.features, levels, strict=True):
                assert level.shape == (1, feature.channels, height // feature.stride, width // feature.stride)
    assert [feature.stride for feature in backbone.features][-3:] == [8, 16, 32]


def test_the_last_of_levels_of_one_stride_is_given() -> None:
    backbone = build(timm.Spec(name="resnet18", pretrained=False, output_stride=16), False)
    assert [tuple(feature) for feature in backbone.features] == [(64, 4), (128, 8), (512, 16)]
    levels = backbone(torch.rand(1, 3, 64, 96))
    assert [tuple(level.shape[1:]) for level in levels] == [(64, 16, 24), (128, 8, 12), (512, 4, 6)]


def test_blocks_are_dropped_in_training_only() -> None:
    torch.manual_seed(0)
    backbone = build(timm.Spec(name="convnext_atto", pretrained=False, drop_path=0.5), False)
    images = torch.rand(2, 3, 64, 64)
    one, two = backbone.train()(images)[-1], backbone(images)[-1]
    assert not torch.equal(one, two)
    assert torch.equal(backbone.eval()(images)[-1], backbone(images)[-1])
