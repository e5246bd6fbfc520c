"""A training that starts from weights of other classes keeps what the two know in common."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.build import build_detector
from meshsight.models.detectors import dense, two_stage
from meshsight.models.heads import aligned, retina, tood, yolov3, yolox
from meshsight.models.kinds import BACKBONE_KINDS
from meshsight.models.necks import fpn
from meshsight.models.start import start_from
from meshsight.models.weights import save_weights
from meshsight.specs.base import VariantSpec

OLD, NEW = ("cat", "dog", "valve"), ("pump", "dog", "cat", "valve", "nut")
BACKBONE = BACKBONE_KINDS.module("tiny").Spec()
NECK = fpn.Spec(channels=16, num_levels=3)
THREE = tuple(((8, 8), (12, 12)) for _ in range(3))
DETECTORS = {
    "aligned": dense.Spec(backbone=BACKBONE, neck=NECK, head=aligned.Spec(channels=16, num_convs=1)),
    "retina": dense.Spec(backbone=BACKBONE, neck=NECK, head=retina.Spec(channels=16, num_convs=1)),
    "tood": dense.Spec(backbone=BACKBONE, neck=NECK, head=tood.Spec(channels=16, num_convs=2, num_groups=4)),
    "yolox": dense.Spec(backbone=BACKBONE, neck=NECK, head=yolox.Spec(channels=16)),
    "yolov3": dense.Spec(backbone=BACKBONE, neck=NECK, head=yolov3.Spec(anchors=THREE)),
    "two_stage": two_stage.Spec(
        backbone=BACKBONE,
        neck=NECK,
        proposals=two_stage.ProposalSpec(channels=16),
        regions=two_stage.RegionSpec(channels=16),
    ),
}


@pytest.fixture(params=DETECTORS)
def spec(request: pytest.FixtureRequest) -> VariantSpec:
    return DETECTORS[request.param]


def class_scores(spec: VariantSpec, network: torch.nn.Module) -> Tensor:
    """Returns the logits of all classes, which are the last axis of a raw output, or of the second stage."""
    images = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 255
    with torch.no_grad():
        raw = network.eval()(images)
        if isinstance(spec, two_stage.Spec):
            region = torch.tensor([[0.0, 4.0, 4.0, 40.0, 40.0]])
            logits, deltas = network.regions(network._pyramid(raw, (64, 64)), region)
            return torch.cat([logits[:, :-1, None], deltas], dim=2).transpose(1, 2)
        return raw.scores if isinstance(spec, dense.Spec) and spec.head.kind == "tood" else raw.class_logits


def test_classes_that_both_know_say_the_same(tmp_path: Path, spec: VariantSpec) -> None:
    torch.manual_seed(0)
    old, new = (build_detector(spec, len(names), is_pretrained=False) for names in (OLD, NEW))
    with torch.no_grad():
        for name, tensor in old.state_dict().items():
            if "out" in name:
                tensor.copy_(torch.randn_like(tensor))
    save_weights(tmp_path / "weights.safetensors", old, OLD)
    fresh = class_scores(spec, new)
    start_from(new, NEW, tmp_path)
    theirs, ours = class_scores(spec, old), class_scores(spec, new)
    for name in OLD:
        torch.testing.assert_close(ours[..., NEW.index(name)], theirs[..., OLD.index(name)])
    assert ours.shape == fresh.shape
    assert not torch.equal(ours[..., NEW.index("pump")], ours[..., NEW.index("cat")])


def test_the_same_classes_are_taken_as_they_are(tmp_path: Path, spec: VariantSpec) -> None:
    old, new = (build_detector(spec, len(OLD), is_pretrained=False) for _ in range(2))
    save_weights(tmp_path / "w.safetensors", old, OLD)
    start_from(new, OLD, tmp_path / "w.safetensors")
    for name, tensor in old.state_dict().items():
        assert torch.equal(new.state_dict()[name], tensor), name


def test_another_detector_is_refused(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", build_detector(DETECTORS["yolox"], 3, is_pretrained=False), OLD)
    with pytest.raises(ArtifactError, match="weights of another network"):
        start_from(build_detector(DETECTORS["retina"], 5, is_pretrained=False), NEW, tmp_path / "w.safetensors")
    wide = dense.Spec(backbone=BACKBONE, neck=NECK, head=yolox.Spec(channels=32))
    with pytest.raises(ArtifactError, match="weights of another network"):
        start_from(build_detector(wide, 5, is_pretrained=False), NEW, tmp_path / "w.safetensors")
