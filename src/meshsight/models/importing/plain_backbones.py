"""Backbones trained to classify images: mmpretrain's, torchvision's and timm's ResNets, ResNeXts and ConvNeXts.

They become files for `backbone.weights`, under timm's names. The classifier and the norm before it are left out.
"""

from torch import Tensor

from meshsight.models.backbones import timm
from meshsight.models.importing.backbones import convnext_name, part, resnet_shape, resnet_spec
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.plan import Plan
from meshsight.models.importing.renaming import Rule, rename_all

INPUT_HW = (800, 1344)
CLASSIFIER = ("fc.", "head.", "norm3.", "neck.")

MMPRETRAIN_CONVNEXT: list[Rule] = [
    (r"downsample_layers\.0\.", "stem."),
    (r"downsample_layers\.(\d)\.", r"stages.\1.downsample."),
    (r"stages\.(\d)\.(\d+)\.depthwise_conv\.", r"stages.\1.blocks.\2.conv_dw."),
    (r"stages\.(\d)\.(\d+)\.norm\.", r"stages.\1.blocks.\2.norm."),
    (r"stages\.(\d)\.(\d+)\.pointwise_conv1\.", r"stages.\1.blocks.\2.mlp.fc1."),
    (r"stages\.(\d)\.(\d+)\.pointwise_conv2\.", r"stages.\1.blocks.\2.mlp.fc2."),
    (r"stages\.(\d)\.(\d+)\.gamma", r"stages.\1.blocks.\2.gamma"),
]


def recognise(checkpoint: Checkpoint) -> Plan | None:
    """Returns which backbone the checkpoint is, or None.

    Raises:
        ArtifactError: a ResNet or ConvNeXt of a size that is not published.
    """
    is_mmpretrain = any(name.startswith("backbone.") for name in checkpoint.state)
    whole = part(checkpoint.state, "backbone.") if is_mmpretrain else checkpoint.state
    state = {name: tensor for name, tensor in whole.items() if not name.startswith(CLASSIFIER)}
    if "downsample_layers.0.0.weight" in state:
        state = {name: _flat(tensor, name) for name, tensor in rename_all(state, MMPRETRAIN_CONVNEXT).items()}
    if "layer1.0.conv1.weight" in state:
        shape = resnet_shape(state)
        spec, name = resnet_spec(shape), shape.name
    elif "stages.0.blocks.0.conv_dw.weight" in state and "stem.0.weight" in state:
        name = convnext_name(state)
        spec = timm.Spec(name=name, pretrained=False)
    else:
        return None
    cut = len(checkpoint.state) - len(state)
    return Plan(
        source="mmpretrain" if is_mmpretrain else "torchvision or timm",
        model=f"{name}, a backbone",
        spec=spec,
        num_classes=0,
        input_hw=INPUT_HW,
        convert=lambda: state,
        notes=(f"{cut} tensors of the classifier were left out",) if cut else (),
    )


def _flat(tensor: Tensor, name: str) -> Tensor:
    """Turns the kernel of a 1x1 convolution into the matrix of a linear layer, as timm has it."""
    return tensor.flatten(1) if ".mlp." in name and tensor.ndim == 4 else tensor
