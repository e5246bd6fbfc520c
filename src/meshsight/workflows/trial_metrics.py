"""The figures of a finished run that a sweep may be after."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from meshsight.exporting.patches.latency import patch_microseconds
from meshsight.models.build import build_detector
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.spec import PatchSpec
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.patches.model import load_patch_run
from meshsight.training.run_folder import RunManifest
from meshsight.workflows.leaderboard import measure_latency
from meshsight.workflows.model_names import num_parameters
from meshsight.workflows.opening import open_with_history
from meshsight.workflows.patch_models import open_patches

NUM_TIMED = 1000


def trial_metrics(run: Path, manifest: RunManifest, wanted: Collection[str]) -> dict[str, float]:
    """Returns every number that is known of a run.

    `best` is the figure by which its weights were chosen, and stands under its own name, too. `num_flops` are floating
    point operations of one input, two for each multiply-add; `microseconds` what one input takes here. Both are found
    only when wanted.
    """
    found: dict[str, float] = {"steps": float(manifest.step), "cpu_seconds": manifest.cpu_seconds}
    if manifest.best is not None:
        best = manifest.best
        named = {"ap": best.ap, "ap50": best.ap50, "ap75": best.ap75, **best.figures}
        found |= {name: float(value) for name, value in named.items() if value is not None}
        found |= {"best": best.value, best.metric: best.value}
    network = _network(manifest)
    count = network.num_parameters if isinstance(network, PatchNet) else num_parameters(network)
    found["num_parameters"] = float(count)
    if "num_flops" in wanted:
        found["num_flops"] = float(_flops(network, manifest))
    if "microseconds" in wanted:
        found["microseconds"] = _microseconds(run, manifest)
    return found


def _microseconds(run: Path, manifest: RunManifest) -> float:
    """Measures a patch network as code for a robot, on the patches it was measured on; a detector as its run looks."""
    if not isinstance(manifest.spec, PatchTrainSpec):
        opened = open_with_history(run, "cpu")
        return 1e3 * measure_latency(opened.detector, opened.facts.input_hw)
    model, _ = load_patch_run(run, "cpu")
    source = next(iter((*manifest.validation, *manifest.data)))
    patches = open_patches(source.root, model.signature)
    rows = np.linspace(0, len(patches.pixels) - 1, min(len(patches.pixels), NUM_TIMED)).astype(int)
    return patch_microseconds(model, patches.pixels[rows], None if patches.places is None else patches.places[rows])


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
