"""What mmdetection's detectors are put together from: a ResNet and a neck, as the names and shapes of tensors tell."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from meshsight.core.errors import ArtifactError
from meshsight.models.importing import mmdet_names as names
from meshsight.models.importing.backbones import num_blocks, part, resnet_shape, resnet_spec
from meshsight.models.importing.checkpoint import Checkpoint
from meshsight.models.importing.colours import colours_of, fold_colours
from meshsight.models.importing.renaming import Rule, rename_all, under
from meshsight.models.necks import fpg, fpn, pafpn
from meshsight.specs.base import VariantSpec


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A checkpoint of mmdetection, and what was asked for.

    Attributes:
        checkpoint: as read.
        head: the kind of a head whose tensors look like another's; None: find out.
    """

    checkpoint: Checkpoint
    head: str | None

    @property
    def state(self) -> dict[str, Tensor]:
        """The tensors."""
        return self.checkpoint.state

    def says(self, pattern: str) -> bool:
        """Whether the configuration or the file's name has such words."""
        text = f"{self.checkpoint.name}\n{self.checkpoint.config}"
        return re.search(pattern, text, re.IGNORECASE) is not None


def resnet_of(source: Source, norm: str = "frozen") -> tuple[VariantSpec, str]:
    """Returns the spec of the ResNet, and its name.

    Raises:
        ArtifactError: no ResNet, or one in caffe's style.
    """
    if source.says(r"style\s*=\s*['\"]caffe|[-_]caffe[-_]"):
        raise ArtifactError(
            "a ResNet in caffe's style, whose stride is in the 1x1 convolutions; take the checkpoint in torch's style"
        )
    backbone = part(source.state, "backbone.")
    if "layer1.0.conv1.weight" not in backbone:
        raise ArtifactError("a detector of mmdetection on another backbone than a ResNet")
    shape = resnet_shape(backbone)
    return resnet_spec(shape, norm), shape.name


def neck_of(source: Source) -> tuple[VariantSpec, list[Rule], str]:
    """Returns the spec of the neck, the rules of its names, and its name.

    Raises:
        ArtifactError: a neck that is not here.
    """
    state = source.state
    if "neck.output_transition.0.conv_out.conv.weight" in state:
        channels = state["neck.lateral_convs.0.weight"].shape[0]
        return fpg.Spec(channels=channels), under("neck", "neck", names.fpg()), "FPG"
    if "neck.lateral_convs.0.conv.weight" not in state:
        raise ArtifactError("a detector of mmdetection with a neck that meshsight lacks")
    channels = state["neck.lateral_convs.0.conv.weight"].shape[0]
    num_used = num_blocks(state, r"neck\.(lateral)_convs\.(\d+)\.conv\.weight")[0]
    extra = state.get(f"neck.fpn_convs.{num_used}.conv.weight")
    coarsest = state[f"neck.lateral_convs.{num_used - 1}.conv.weight"].shape[1]
    is_pafpn = "neck.downsample_convs.0.conv.weight" in state
    settings = {
        "channels": channels,
        "first_stride": 32 >> (num_used - 1),
        "extra_levels": "pool" if extra is None else "on_input" if extra.shape[1] == coarsest else "on_output",
        "has_relu_between": source.says(r"relu_before_extra_convs\s*=\s*True"),
    }
    rules = names.pafpn(num_used) if is_pafpn else names.fpn(num_used)
    spec_type = pafpn.Spec if is_pafpn else fpn.Spec
    return spec_type.model_validate(settings), under("neck", "neck", rules), "PAFPN" if is_pafpn else "FPN"


def converter(source: Source, *parts: list[Rule]) -> Callable[[], dict[str, Tensor]]:
    """Returns the conversion of a detector on a ResNet."""
    rules = [*under("backbone", "backbone", names.RESNET), *(rule for rules in parts for rule in rules)]
    first = "backbone.network.conv1.weight"

    def convert() -> dict[str, Tensor]:
        state = rename_all(source.state, rules)
        colours = colours_of(source.checkpoint.config)
        return state if colours is None else state | {first: fold_colours(state[first], colours)}

    return convert
