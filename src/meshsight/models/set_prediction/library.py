"""The door to transformers: its networks inside ours, and their published weights.

Only safetensors are read, and code that comes with weights is never run.
"""

from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.utils import logging as library_logging
from transformers.utils.import_utils import torch_compilable_check

from meshsight.core.errors import ArtifactError
from meshsight.models.parts import Backbone

CONFIG = "config.json"


def count(items: Any) -> Any:
    """Returns the length of a sequence, or the first side of a tensor, which in an exported graph may be a symbol."""
    return items.shape[0] if isinstance(items, Tensor) else len(items)


def check(condition: Any, message: Any, error_type: type[Exception] = ValueError) -> None:
    """Checks what transformers wants checked, but not in an exported graph, whose sizes are what they are."""
    if not torch.compiler.is_exporting():
        torch_compilable_check(condition, message, error_type)


def make_exportable(module: ModuleType) -> None:
    """Makes a file of transformers exportable to ONNX for batches of any size.

    Python's `len` turns a symbol into the number of the example and would nail the graph to it; its checks become
    operators that ONNX lacks. The file gets our two functions under those names, which otherwise do the same.
    """
    vars(module).update(len=count, torch_compilable_check=check)


class Door:
    """Lets a network call its backbone without owning it, so that the backbone's parameters have one name: ours."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def __call__(self, *inputs: Tensor) -> Any:
        """Calls the backbone."""
        return self._module(*inputs)


class PyramidDoor(Door):
    """Gives the coarsest level of a backbone of ours, with the mask in its size, as DETR wants it."""

    def __call__(self, *inputs: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Returns the level and where it is no padding."""
        images, mask = inputs
        level = self._module(images)[-1]
        small = nn.functional.interpolate(mask[:, None].float(), size=level.shape[-2:])[:, 0]
        return [(level, small.bool())]


def take_backbone(network: nn.Module) -> nn.Module:
    """Takes the backbone out of a network, which calls it through a door from then on."""
    backbone = network.get_submodule("backbone")
    put_backbone(network, Door(backbone))
    return backbone


def put_backbone(network: nn.Module, door: Door) -> None:
    """Takes a network's own backbone away and has it call another one."""
    del network.backbone
    vars(network)["backbone"] = door  # not a module: nothing below it is the network's


def read_published(network_type: type[PreTrainedModel], where: str) -> PreTrainedModel:
    """Reads a published network with its weights.

    Args:
        network_type: its class.
        where: a folder with `config.json` and `model.safetensors`, or a name on the Hugging Face hub.

    Raises:
        ArtifactError: nothing is there, or not all of it belongs together.
    """
    library_logging.disable_progress_bar()
    is_folder = (Path(where) / CONFIG).is_file()
    try:
        found: Any = network_type.from_pretrained(
            where, use_safetensors=True, local_files_only=is_folder, output_loading_info=True
        )
    except (OSError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ArtifactError(
            f"no weights that transformers can read ({reason}). Name a folder with {CONFIG} and "
            "model.safetensors; without a network, fetch it elsewhere and copy it here."
        ) from error
    network, info = found
    wrong = {key: sorted(info[key])[:3] for key in ("missing_keys", "unexpected_keys", "mismatched_keys") if info[key]}
    if wrong:
        raise ArtifactError(f"weights that do not fit their {CONFIG}: {wrong}")
    return network


def last_channels(backbone: Backbone) -> int:
    """Returns the channels of a backbone's coarsest level."""
    return backbone.features[-1].channels
