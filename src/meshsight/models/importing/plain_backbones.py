"""Backbones trained to classify images: mmpretrain's, torchvision's and timm's ResNets, ResNeXts and ConvNeXts.

They become files for `backbone.weights`, under timm's names. The classifier and the norm before it are left out.
"""

from torch import Tensor

from meshsight.models.backbones import timm
from meshsight.models.importing.backbones import convnext_name, part, resnet_shape, resnet_spec
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.plan import Plan
from meshsight.models.importing.renaming import Rule, State, rename_all

INPUT_HW = (800, 1344)
CLASSIFIER = ("fc.", "head.", "norm3.", "neck.", "classifier.")

MMPRETRAIN_CONVNEXT: list[Rule] = [
    (r"downsample_layers\.0\.", "stem."),
    (r"downsample_layers\.(\d)\.", r"stages.\1.downsample."),
    (r"stages\.(\d)\.(\d+)\.depthwise_conv\.", r"stages.\1.blocks.\2.conv_dw."),
    (r"stages\.(\d)\.(\d+)\.norm\.", r"stages.\1.blocks.\2.norm."),
    (r"stages\.(\d)\.(\d+)\.pointwise_conv1\.", r"stages.\1.blocks.\2.mlp.fc1."),
    (r"stages\.(\d)\.(\d+)\.pointwise_conv2\.", r"stages.\1.blocks.\2.mlp.fc2."),
    (r"stages\.(\d)\.(\d+)\.gamma", r"stages.\1.blocks.\2.gamma"),
]

TORCHVISION_CONVNEXT: list[Rule] = [
    (r"features\.0\.", "stem."),
    *((rf"features\.{2 * i}\.", f"stages.{i}.downsample.") for i in (1, 2, 3)),
    *(
        (rf"features\.{2 * i + 1}\.(\d+)\.{old}", rf"stages.{i}.blocks.\1.{new}")
        for i in range(4)
        for old, new in (
            (r"block\.0\.", "conv_dw."),
            (r"block\.2\.", "norm."),
            (r"block\.3\.", "mlp.fc1."),
            (r"block\.5\.", "mlp.fc2."),
            ("layer_scale", "gamma"),
        )
    ),
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
        state = _as_timm(rename_all(state, MMPRETRAIN_CONVNEXT))
    elif "features.1.0.layer_scale" in state:
        state = _as_timm(rename_all(state, TORCHVISION_CONVNEXT))
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


def _as_timm(state: State) -> dict[str, Tensor]:
    """Turns kernels of 1x1 convolutions into the matrices of linear layers, and scales of maps into vectors."""
    changed = dict(state)
    for name, tensor in state.items():
        if ".mlp." in name and tensor.ndim == 4:
            changed[name] = tensor.flatten(1)
        elif name.endswith(".gamma"):
            changed[name] = tensor.flatten()
    return changed
