"""The figures of a finished run that a sweep may be after."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from meshsight.models.build import build_detector
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.spec import PatchSpec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.run_folder import RunManifest
from meshsight.workflows.model_names import num_parameters


def trial_metrics(manifest: RunManifest, wants_flops: bool) -> dict[str, float]:
    """Returns every number that is known of a run.

    `best` is the figure by which its weights were chosen, and stands under its own name, too. `num_flops` are floating
    point operations of one input, two for each multiply-add; they are counted only when wanted.
    """
    found: dict[str, float] = {"steps": manifest.step, "cpu_seconds": manifest.cpu_seconds}
    if manifest.best is not None:
        best = manifest.best
        named = {"ap": best.ap, "ap50": best.ap50, "ap75": best.ap75, **best.figures}
        found |= {name: float(value) for name, value in named.items() if value is not None}
        found |= {"best": best.value, best.metric: best.value}
    network = _network(manifest)
    count = network.num_parameters if isinstance(network, PatchNet) else num_parameters(network)
    found["num_parameters"] = count
    if wants_flops:
        found["num_flops"] = _flops(network, manifest)
    return found


def _network(manifest: RunManifest) -> torch.nn.Module:
    spec = manifest.spec
    if isinstance(spec, PatchTrainSpec):
        assert isinstance(spec.net, PatchSpec), "every patch network's spec is one"
        return build_patch_net(spec.net)
    return build_detector(spec.detector, len(manifest.classes), is_pretrained=False)


def _flops(network: torch.nn.Module, manifest: RunManifest) -> int:
    spec = manifest.spec
    channels = spec.net.model_dump()["channels"] if isinstance(spec, PatchTrainSpec) else 3
    with torch.inference_mode(), FlopCounterMode(display=False) as counter:
        network.eval()(torch.zeros(1, channels, *spec.input_hw))
    return counter.get_total_flops()
