import pytest
import torch
from torch import nn

from meshsight.models.backbones import resnet
from meshsight.models.fixed_norm import FixedBatchNorm2d, fix_norms
from meshsight.models.kinds import BACKBONE_KINDS


@pytest.mark.parametrize("has_gradients", [True, False])
def test_it_equals_torchs_layer_at_rest_forwards_and_backwards(has_gradients: bool) -> None:
    torch.manual_seed(0)
    theirs = nn.BatchNorm2d(8)
    theirs(torch.randn(4, 8, 5, 5) * 3 + 1)
    nn.init.normal_(theirs.weight)
    nn.init.normal_(theirs.bias)
    ours = nn.BatchNorm2d(8)
    ours.load_state_dict(theirs.state_dict())
    fix_norms([ours])
    assert type(ours) is FixedBatchNorm2d
    inputs = [torch.randn(2, 8, 3, 4, generator=torch.Generator().manual_seed(1)).requires_grad_() for _ in range(2)]
    with torch.set_grad_enabled(has_gradients):
        outputs = [norm.eval().requires_grad_(False)(x) for norm, x in zip((ours, theirs), inputs, strict=True)]
    torch.testing.assert_close(*outputs, rtol=1e-5, atol=1e-6)
    if has_gradients:
        for output in outputs:
            output.square().sum().backward()
        torch.testing.assert_close(inputs[0].grad, inputs[1].grad, rtol=1e-5, atol=1e-5)


def test_a_backbone_with_fixed_norms_has_them() -> None:
    spec = resnet.Spec(depth=18, pretrained=False, norm="fixed")
    backbone = BACKBONE_KINDS.builder("resnet")(spec, False).train()
    norms = [part for part in backbone.modules() if isinstance(part, nn.BatchNorm2d)]
    assert norms and all(type(norm) is FixedBatchNorm2d and not norm.training for norm in norms)
