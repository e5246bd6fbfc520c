"""Training throughput of a patch network, one thread, the patches in memory: our whole loop beside a plain torch loop.

Ours is `fit` as `meshsight train` calls it, from batches to `metrics.jsonl`; what is timed begins after the first steps
and ends before the last validation. The plain loop has the same network, loss, batch, fused AdamW and cosine schedule,
and nothing else. Neither varies its patches; what our augmentation adds is told beside.
"""

import math
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from measuring import Target, arguments, median_ratio, progress, report, run_single_threaded

from meshsight.datasets.formats._patches_h5_files import PatchTable, write_patch_file
from meshsight.models.patch.build import build_patch_net
from meshsight.models.patch.published import naoth_classifier
from meshsight.models.patch.targets import PatchTargets
from meshsight.specs.optimisation import AdamWSpec
from meshsight.specs.patch_training import PatchAugmentationSpec, PatchTrainSpec, PatchValidationSpec
from meshsight.training.events import Event, StepDone
from meshsight.training.fit import Resources, TrainingRequest, fit
from meshsight.workflows.sources import open_source

SKIPPED = 30
"""Steps before the timed ones, while caches fill."""
RATE = 3e-3
STILL = PatchAugmentationSpec(flip_horizontal=0, flip_vertical=0, quarter_turns=0, light=0, noisy=0)
TARGETS = (Target(figure="ratio", limit=1.1),)


class Watch:
    """A tracker that remembers the processor time of two steps."""

    def __init__(self, last: int) -> None:
        self._last = last
        self.cpu_s: dict[int, float] = {}

    def record(self, event: Event) -> None:
        """Takes in one event."""
        if isinstance(event, StepDone) and event.step in (SKIPPED, self._last):
            self.cpu_s[event.step] = event.cpu_seconds

    @property
    def seconds(self) -> float:
        """Between the two."""
        return self.cpu_s[self._last] - self.cpu_s[SKIPPED]


def noise(count: int) -> tuple[UInt8[np.ndarray, "n 16 16 1"], Float32[np.ndarray, " n"]]:
    """Returns patches of noise, half of them called balls."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (count, 16, 16, 1), dtype=np.uint8)
    return pixels, (np.arange(count) % 2).astype(np.float32)


def recipe(steps: int, batch: int, augmentation: PatchAugmentationSpec) -> PatchTrainSpec:
    """Returns a run that is validated at its end alone."""
    return PatchTrainSpec(
        net=naoth_classifier(),
        steps=steps,
        batch_size=batch,
        optimiser=AdamWSpec(learning_rate=RATE, weight_decay=0.0),
        augmentation=augmentation,
        validation=PatchValidationSpec(every_steps=steps),
    )


def ours(data: Path, steps: int, batch: int, augmentation: PatchAugmentationSpec) -> float:
    """Returns the processor time of the timed steps of a training in a folder of its own."""
    watch = Watch(steps)
    with tempfile.TemporaryDirectory() as folder:
        request = TrainingRequest(
            spec=recipe(steps, batch, augmentation),
            data=(open_source(data),),
            validation=(),
            out=Path(folder) / "run",
            resources=Resources(device="cpu", threads=1),
        )
        fit(request, [watch], lambda: False)
    return watch.seconds


def plain(pixels: np.ndarray, balls: np.ndarray, steps: int, batch: int) -> float:
    """Returns the processor time of the same number of plain steps."""
    torch.manual_seed(0)
    net = build_patch_net(naoth_classifier()).train()
    net.entry.mean.fill_(float(pixels.mean() / 255))
    optimiser = torch.optim.AdamW(net.parameters(), lr=RATE, weight_decay=0.0, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.5 + 0.5 * math.cos(math.pi * step / steps))
    images, truth = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(balls)
    circles, has_circle = torch.zeros(batch, 3), torch.zeros(batch, dtype=torch.bool)
    began = 0.0
    order = torch.randperm(len(images))
    for step in range(steps):
        if step == SKIPPED:
            began = time.process_time()
        at = step * batch % (len(images) - batch)
        rows = order[at : at + batch]
        losses = net.loss(net(images[rows].float()), PatchTargets(truth[rows], circles, has_circle))
        loss = torch.stack(list(losses.values())).sum()
        loss.backward()
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
        float(loss.detach())
    return time.process_time() - began


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--batch", type=int, default=128, help="patches of a step; NaoTH's sweep takes 128")
    parser.add_argument("--steps", type=int, default=230, help="of each training; the first 30 are not timed")
    parser.add_argument("--rounds", type=int, default=5, help="trainings of either loop")
    options = parser.parse_args()
    run_single_threaded()
    torch.set_num_threads(1)
    pixels, balls = noise(20_000)
    seconds: dict[str, list[float]] = {"ours": [], "plain": [], "varied": []}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "noise_16x16_ball_no_ball_X_y.h5"
        groups = tuple(str(index // 20) for index in range(len(pixels)))
        table = PatchTable(classes=("ball",), label=balls.astype(np.int64), circles=None, groups=groups)
        write_patch_file(file, iter(pixels), table)
        calls = {
            "ours": lambda: ours(file, options.steps, options.batch, STILL),
            "plain": lambda: plain(pixels, balls, options.steps, options.batch),
            "varied": lambda: ours(file, options.steps, options.batch, PatchAugmentationSpec()),
        }
        for number in range(options.rounds):
            progress(f"round {number + 1} of {options.rounds}")
            for name in calls if number % 2 == 0 else reversed(calls):
                seconds[name].append(calls[name]())
    patches = (options.steps - SKIPPED) * options.batch
    rates = {name: patches / statistics.median(found) for name, found in seconds.items()}
    figures = {
        "ratio": median_ratio(seconds["ours"], seconds["plain"]),
        "ratio_with_augmentation": median_ratio(seconds["varied"], seconds["plain"]),
        "ours_patches_per_cpu_s": rates["ours"],
        "plain_patches_per_cpu_s": rates["plain"],
        "ours_with_augmentation_patches_per_cpu_s": rates["varied"],
        "batch": options.batch,
    }
    return report("NaoTH's network of 1,550 parameters, training, one thread", figures, TARGETS, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
