"""A run of a patch network, ready to look."""

from pathlib import Path

import numpy as np
import torch

from meshsight.core.errors import ArtifactError
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.learner import PatchLearner
from meshsight.models.patch.net import PatchNet
from meshsight.models.patch.spec import PatchSpec
from meshsight.models.weights import load_weights
from meshsight.records.patches import PatchGuesses, PatchSignature, Pixels, Places
from meshsight.specs.patch_training import PatchTrainSpec
from meshsight.training.precision import choose_device
from meshsight.training.run_folder import RunFiles, RunManifest, read_manifest

BATCH = 2048


class TorchPatchModel:
    """A trained patch network on one device, in float32.

    Attributes:
        net: in evaluation mode.
        signature: how it is fed and used.
    """

    def __init__(self, net: PatchNet, ball: str, threshold: float | None, device: torch.device):
        self.net = net.to(device).eval()
        self.signature = signature_of(net, ball, threshold)
        self._device = device

    @torch.inference_mode()
    def look(self, pixels: Pixels, places: Places | None) -> PatchGuesses:
        """Looks at patches."""
        scores: list[np.ndarray] = []
        circles: list[np.ndarray] = []
        for at in range(0, len(pixels), BATCH):
            images = torch.from_numpy(np.ascontiguousarray(pixels[at : at + BATCH])).permute(0, 3, 1, 2)
            where = None if places is None else torch.from_numpy(places[at : at + BATCH]).to(self._device)
            answers = self.net.decode(self.net(images.to(self._device).float(), where))
            for found, part in ((scores, answers.scores), (circles, answers.circles)):
                if part is not None:
                    found.append(part.cpu().numpy())
        return PatchGuesses(
            scores=np.concatenate(scores) if scores else None, circles=np.concatenate(circles) if circles else None
        )


def signature_of(net: PatchNet, ball: str, threshold: float | None) -> PatchSignature:
    """Returns how a network is fed and used."""
    says = {"scores": hasattr(net.spec, "class_loss"), "circles": hasattr(net.spec, "circle_loss")}
    return PatchSignature.model_validate(
        {
            "input_hw": net.spec.input_hw,
            "channels": net.spec.channels,
            "has_position": net.spec.has_position,
            "outputs": tuple(name for name, is_said in says.items() if is_said),
            "ball": ball,
            "threshold": threshold,
        }
    )


def load_patch_run(folder: Path, device: str = "auto") -> tuple[TorchPatchModel, RunManifest]:
    """Loads the best weights of a run, with its manifest.

    Raises:
        ArtifactError: the folder is no run of a patch network, or its weights are missing or do not fit.
        CallError: no such device here.
    """
    files = RunFiles(folder)
    manifest = read_manifest(files)
    spec = manifest.spec
    if not isinstance(spec, PatchTrainSpec):
        raise ArtifactError(f"{folder}: the run of a detector, where one of a patch network is needed")
    assert isinstance(spec.net, PatchSpec)
    learner = PatchLearner(build_patch_net(spec.net))
    load_weights(files.weights, learner)
    threshold = None if manifest.best is None else manifest.best.figures.get("threshold")
    return TorchPatchModel(learner.net, spec.ball, threshold, choose_device(device)), manifest
