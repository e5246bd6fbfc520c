"""One optimiser step: accumulated batches become gradients, gradients move the weights and their average."""

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any, NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from meshsight.models.learner import Learner
from meshsight.models.sharing import shared_by
from meshsight.specs.learning import AnyTrainSpec
from meshsight.training.ema import WeightAverage
from meshsight.training.freezing import batch_norms, freeze, train
from meshsight.training.optimiser import build_optimiser, members, set_learning_rate
from meshsight.training.precision import MachineFacts, place
from meshsight.training.processes import Processes
from meshsight.training.shared_norm import share_norms

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


class StepResult(NamedTuple):
    """What one step found, still on the device.

    Attributes:
        losses: terms by name, averaged over accumulated batches; of this process's part.
        grad_norm: before clipping.
        learning_rate: the highest in use.
    """

    losses: dict[str, Tensor]
    grad_norm: Tensor
    learning_rate: float


class LossModule(nn.Module):
    """A network whose forward pass ends at the loss, so that gradients of all its parts are averaged as they come."""

    def __init__(self, network: Learner, precision: str):
        super().__init__()
        self.network = network
        self._precision = precision

    def forward(self, images: Tensor, targets: Any) -> dict[str, Tensor]:
        """Returns the loss terms, computed in float32 from what the network gave."""
        dtype = DTYPES.get(self._precision)
        with nullcontext() if dtype is None else torch.autocast(images.device.type, dtype):
            raw = self.network(images, targets)
        return self.network.loss(raw, targets, (images.shape[-2], images.shape[-1]))


class Stepper:
    """The network in training, with everything that a step changes.

    Attributes:
        network: the detector, on its device.
        optimiser: of its parameters that are trained.
        average: the moving average of the weights, if there is one.
    """

    def __init__(self, spec: AnyTrainSpec, machine: MachineFacts, network: Learner, processes: Processes):
        self._spec, self._processes = spec, processes
        self._device = torch.device(machine.device)
        self.network = place(network, self._device)
        self._resting = freeze(self.network, spec.freeze)
        self._resting += batch_norms(self.network) if spec.batch_norm == "frozen" else []
        if processes.count > 1 and spec.batch_norm == "synchronised":
            share_norms(self.network, self._device)
        self.resume_training()
        self.average = None if spec.ema_decay is None else WeightAverage(self.network, spec.ema_decay, spec.ema_ramp)
        self.optimiser = build_optimiser(spec.optimiser, self.network, spec.batch_size * spec.accumulate)
        self._parameters = [part for part in self.network.parameters() if part.requires_grad]
        self._scaler = torch.amp.GradScaler(self._device.type, enabled=machine.precision == "float16")
        self._loss = LossModule(self.network, machine.precision)
        self._shared = self._share() if processes.count > 1 else None

    def step(self, batches: Iterable[Any], factor: float, number: int) -> StepResult:
        """Does one optimiser step.

        Args:
            batches: to accumulate over; `accumulate` of them.
            factor: on every peak learning rate.
            number: steps done before.
        """
        rate = set_learning_rate(self.optimiser, factor)
        sums: dict[str, Tensor] = {}
        for place_, batch in enumerate(batches, start=1):
            for name, term in self._backward(batch, is_last=place_ == self._spec.accumulate).items():
                sums[name] = sums.get(name, 0) + term.detach() / self._spec.accumulate
        for optimiser in members(self.optimiser):
            self._scaler.unscale_(optimiser)
        norm = self._clipped_norm()
        for optimiser in members(self.optimiser):
            self._scaler.step(optimiser)
        self._scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        if self.average is not None:
            self.average.update(number)
        return StepResult(sums, norm, rate)

    @torch.no_grad()
    def losses(self, batch: Any) -> dict[str, Tensor]:
        """Returns the loss terms of a batch in evaluation mode; nothing changes, the random streams included."""
        self.network.eval()
        devices = [self._device] if self._device.type == "cuda" else []
        try:
            with torch.random.fork_rng(devices):
                return self._loss(*self._placed(batch))
        finally:
            self.resume_training()

    @torch.no_grad()
    def agree(self) -> None:
        """Takes over the first process's statistics of normalisation, as it measures and keeps weights for all.

        Of the kind `train`, each process follows those of its own part of the batches; gradients made all else equal.
        """
        if self._processes.count > 1:
            networks = [self.network] if self.average is None else [self.network, self.average.network]
            for buffer in (buffer for network in networks for buffer in network.buffers()):
                dist.broadcast(buffer, 0)

    def resume_training(self) -> None:
        """Puts the network back into training mode, but for what rests."""
        train(self.network, self._resting)

    def best_guess(self) -> Learner:
        """Returns the network to measure and to keep: the moving average if there is one."""
        return self.network if self.average is None else self.average.network

    @property
    def is_scaled(self) -> bool:
        """Whether a step with gradients that are no finite numbers is skipped rather than the end of the run."""
        return self._scaler.is_enabled()

    def state(self) -> dict[str, Any]:
        """Returns everything that a step changes."""
        return {
            "network": self.network.state_dict(),
            "average": None if self.average is None else self.average.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self._scaler.state_dict() or None,
        }

    def restore(
        self,
        network: dict[str, Tensor],
        average: dict[str, Tensor] | None,
        optimiser: dict[str, Any],
        scaler: dict[str, Any] | None,
    ) -> None:
        """Takes up what `state` gave."""
        self.network.load_state_dict(network)
        if self.average is not None and average is not None:
            self.average.network.load_state_dict(average)
        self.optimiser.load_state_dict(optimiser)
        if scaler is not None:
            self._scaler.load_state_dict(scaler)

    def _share(self) -> DistributedDataParallel:
        return DistributedDataParallel(
            self._loss,
            device_ids=[self._device] if self._device.type == "cuda" else None,
            find_unused_parameters=True,
        )

    def _backward(self, batch: Any, is_last: bool) -> dict[str, Tensor]:
        """Adds one batch's gradients; processes exchange them after the last one."""
        module = self._loss if self._shared is None else self._shared
        waits = nullcontext() if self._shared is None or is_last else self._shared.no_sync()
        with waits, shared_by(self._processes.count):
            terms = module(*self._placed(batch))
            total = torch.stack(list(terms.values())).sum() / self._spec.accumulate
            self._scaler.scale(total).backward()
        return terms

    def _clipped_norm(self) -> Tensor:
        """Returns the norm of the gradient, which is then shortened where the recipe says so."""
        if self._spec.clip_norm is not None:
            return torch.nn.utils.clip_grad_norm_(self._parameters, self._spec.clip_norm)
        return torch.nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])

    def _placed(self, batch: Any) -> tuple[Tensor, Any]:
        images = batch.images.to(self._device, non_blocking=True).float()
        return images, type(batch.targets)(*(part.to(self._device, non_blocking=True) for part in batch.targets))
