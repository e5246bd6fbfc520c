"""Every family of detectors learns a few photographs by heart: what it takes to find their objects again.

The first images of a data set, fitted to a small input, without augmentation, weights from scratch, one thread. Dense
and two-stage detectors have 20 images to reach an AP50 of 0.95 on, query detectors, which need much longer to begin
with, 4 images and 0.90. A family that does not reach it within its steps cannot be trained as it is written.

    python benchmarks/overfit.py /data/bccd#train --only retina,detr
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from measuring import Target, arguments, progress, report, run_single_threaded

from meshsight.core.images import read_image
from meshsight.core.letterbox import apply_letterbox, boxes_to_input, fit_letterbox
from meshsight.evaluation.evaluate import headline_metrics
from meshsight.models.anchor_spec import AnchorSpec
from meshsight.models.backbones import csp_darknet, darknet, tiny
from meshsight.models.batch import PADDING, Batch, Targets
from meshsight.models.build import build_detector
from meshsight.models.detector import Detector
from meshsight.models.detectors import dense, query, two_stage
from meshsight.models.heads import aligned, coverage, freeanchor, pisa, retina, tood, yolov3, yolox
from meshsight.models.necks import fpg, fpn, level, pafpn
from meshsight.models.necks import yolov3 as yolov3_neck
from meshsight.models.necks import yolox as yolox_neck
from meshsight.models.queries import d_fine, detr, rf_detr, rt_detr_v2
from meshsight.records.sample import Sample
from meshsight.specs.base import VariantSpec
from meshsight.specs.decoding import DecodeSpec
from meshsight.training.optimiser import set_learning_rate
from meshsight.training.predictor import select_batch
from meshsight.workflows.sources import open_source

BATCH = 4
DECODE = DecodeSpec(num_candidates=300, score_threshold=0.01)
QUERY_DECODE = DecodeSpec(num_candidates=300, score_threshold=0.01, nms_iou=1.0)
BODY = tiny.Spec(channels=(32, 48, 64, 96), depths=(1, 1, 1, 1))
PYRAMID = fpn.Spec(channels=48, first_stride=4, num_levels=4)
HYBRID = {
    "norm": "batch",
    "encoder_channels": 64,
    "encoder_ffn_channels": 128,
    "channels": 64,
    "num_heads": 4,
    "decoder_ffn_channels": 128,
    "decoder_layers": 3,
    "num_queries": 60,
    "num_denoising": 40,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A detector, and how it is taught.

    Attributes:
        spec: the detector.
        rate: peak learning rate of AdamW.
        steps: within which it has to be done.
        clip_norm: longest gradient.
    """

    spec: VariantSpec
    rate: float = 2e-3
    steps: int = 600
    clip_norm: float = 10.0

    @property
    def is_query(self) -> bool:
        """Whether it is a query detector."""
        return isinstance(self.spec, query.Spec)


def _dense(head: VariantSpec, neck: VariantSpec = PYRAMID) -> Family:
    return Family(spec=dense.Spec(backbone=BODY, neck=neck, head=head, decode=DECODE))


def _query(architecture: VariantSpec, **settings: float) -> Family:
    spec = query.Spec(architecture=architecture, decode=QUERY_DECODE)
    return Family(spec=spec, rate=5e-4, clip_norm=1.0, **{"steps": 1500, **settings})  # pyright: ignore[reportArgumentType]


FAMILIES: dict[str, Family] = {
    "aligned": _dense(aligned.Spec(channels=48), fpn.Spec(channels=48, num_levels=3, norm="batch")),
    "retina": _dense(retina.Spec(channels=48, num_convs=2)),
    "retina_pafpn": _dense(
        retina.Spec(channels=48, num_convs=2), pafpn.Spec(channels=48, first_stride=4, num_levels=4)
    ),
    "retina_fpg": _dense(
        retina.Spec(channels=48, num_convs=2, norm="batch_per_level", negative_iou=0.5),
        fpg.Spec(channels=32, num_pathways=3, first_stride=4, num_levels=4),
    ),
    "freeanchor": _dense(freeanchor.Spec(channels=48, num_convs=2)),
    "pisa": _dense(pisa.Spec(channels=48, num_convs=2)),
    "tood": _dense(
        tood.Spec(channels=48, num_convs=3, num_groups=8),
        fpn.Spec(channels=48, first_stride=4, num_levels=4, extra_levels="on_output"),
    ),
    "yolox": Family(
        spec=dense.Spec(
            backbone=csp_darknet.Spec(depth=0.33, width=0.25),
            neck=yolox_neck.Spec(channels=64),
            head=yolox.Spec(channels=64),
            decode=DECODE.evolve(nms_iou=0.65),
            normalise="none",
        )
    ),
    "yolov3": Family(
        spec=dense.Spec(
            backbone=darknet.Spec(depths=(1, 1, 2, 2, 1), channels=8),
            neck=yolov3_neck.Spec(channels=32),
            head=yolov3.Spec(),
            decode=DECODE,
            normalise="unit",
        )
    ),
    "coverage": Family(
        spec=dense.Spec(
            # All depth lies before its one level, as in the ResNet-18 of its recipes.
            backbone=tiny.Spec(channels=(32, 64, 16, 16), depths=(2, 4, 1, 1)),
            neck=level.Spec(stride=8),
            head=coverage.Spec(
                coverage_radius=(0.5, 0.5),
                min_height_px=4.0,
                eps=0.35,
                # Weights that follow the losses swing too far on twenty images: the coverage is then forgotten.
                first_weights=(1.0, 100.0),
                num_updates=0,
                foreground_weight=0.5,
            ),
            decode=DECODE.evolve(nms_iou=0.5),
        ),
        steps=1100,
    ),
    "two_stage": Family(
        spec=two_stage.Spec(
            backbone=BODY,
            neck=fpn.Spec(channels=48, first_stride=4, num_levels=5, extra_levels="pool"),
            proposals=two_stage.ProposalSpec(
                channels=48,
                anchors=AnchorSpec(base_scale=4.0, num_octave_scales=1),
                num_per_level=200,
                num_proposals=200,
            ),
            regions=two_stage.RegionSpec(channels=128, num_samples=128),
            decode=DECODE,
        )
    ),
    "detr": _query(
        detr.Spec(
            backbone=BODY,
            channels=64,
            num_heads=4,
            ffn_channels=128,
            encoder_layers=2,
            decoder_layers=3,
            num_queries=40,
            dropout=0.0,
        ),
        steps=3000,
    ),
    "rt_detr_v2": _query(
        rt_detr_v2.Spec(block="basic", stem_channels=32, blocks=(1, 1, 1, 1), widths=(32, 48, 64, 96), **HYBRID)
    ),
    "d_fine": _query(
        d_fine.Spec(
            stem_channels=(16, 16),
            blocks=(1, 1, 1, 1),
            block_layers=2,
            middles=(16, 16, 32, 48),
            widths=(32, 48, 64, 96),
            has_affine=True,
            depth=0.34,
            **HYBRID,
        )
    ),
    "rf_detr": _query(
        rf_detr.Spec(
            image_size=256,
            patch_size=8,
            width=64,
            num_layers=4,
            backbone_heads=4,
            levels=(2, 4),
            channels=64,
            self_heads=4,
            cross_heads=4,
            ffn_channels=128,
            decoder_layers=3,
            num_queries=60,
            num_groups=3,
        )
    ),
}


class Photographs:
    """A few images of a data set, fitted to the input and kept."""

    def __init__(self, source: str, count: int, input_hw: tuple[int, int]) -> None:
        self.input_hw = input_hw
        dataset = open_source(source)
        self.classes = dataset.classes
        self.samples: list[Sample] = list(islice(dataset.samples(), count))
        self.letterboxes = [fit_letterbox(sample.size_hw, input_hw) for sample in self.samples]
        self.images = [
            torch.tensor(apply_letterbox(box, read_image(dataset.root / sample.image))).permute(2, 0, 1)
            for sample, box in zip(self.samples, self.letterboxes, strict=True)
        ]

    def batch(self, chosen: list[int]) -> Batch:
        """Returns some of them with their objects."""
        longest = max(len(self.samples[index].objects) for index in chosen)
        boxes, class_ids = torch.zeros(len(chosen), longest, 4), torch.full((len(chosen), longest), PADDING)
        for row, index in enumerate(chosen):
            objects = self.samples[index].objects
            own = np.array([label.box for label in objects], np.float32).reshape(-1, 4)
            boxes[row, : len(objects)] = torch.from_numpy(boxes_to_input(self.letterboxes[index], own))
            class_ids[row, : len(objects)] = torch.tensor([label.class_id for label in objects])
        images = torch.stack([self.images[index] for index in chosen])
        return Batch(images, Targets(boxes, class_ids, torch.zeros_like(class_ids, dtype=torch.bool)))

    def order(self) -> Iterator[list[int]]:
        """Yields batches of places without end, each pass in a new order."""
        rng = np.random.default_rng(0)
        while True:
            order = rng.permutation(len(self.samples)).tolist()
            yield from (order[start : start + BATCH] for start in range(0, len(order), BATCH))

    @torch.inference_mode()
    def ap50(self, network: Detector) -> float:
        """Measures a network on all of them."""
        found = []
        network.eval()
        for index in range(len(self.samples)):
            raw = network(self.images[index][None].float())
            candidates = network.decode(raw, self.input_hw)
            found += select_batch(candidates, network.decode_spec, [self.letterboxes[index]])
        network.train()
        return headline_metrics(self.samples, found, self.classes, 0.0).ap50 or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """What it took: AP50 reached, after so many steps and seconds of the processor, measuring not counted."""

    ap50: float
    steps: int
    cpu_s: float


def learn(family: Family, photographs: Photographs, wanted: float, every: int) -> Learnt:
    """Trains until the photographs are known, or the steps are up; the rate falls to a tenth on the way."""
    torch.manual_seed(0)
    network = build_detector(family.spec, len(photographs.classes)).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=family.rate, weight_decay=1e-4)
    for group in optimiser.param_groups:
        group["peak_rate"] = family.rate
    spent, best = 0.0, 0.0
    for step, chosen in enumerate(islice(photographs.order(), family.steps), start=1):
        began = time.process_time()
        share = step / family.steps
        set_learning_rate(optimiser, min(1.0, step / 30) * (1.0 if share < 0.7 else 0.1))
        network.set_progress(share)
        batch = photographs.batch(chosen)
        raw = network(batch.images.float(), batch.targets)
        torch.stack(list(network.loss(raw, batch.targets, photographs.input_hw).values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), family.clip_norm)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        spent += time.process_time() - began
        if step % every == 0 or step == family.steps:
            best = photographs.ap50(network)
            progress(f"  step {step}: AP50 {best:.3f}, {spent:.0f} CPU-seconds")
            if best >= wanted:
                return Learnt(ap50=best, steps=step, cpu_s=spent)
    return Learnt(ap50=best, steps=family.steps, cpu_s=spent)


def main() -> int:
    """Measures and prints."""
    parser = arguments(__doc__ or "")
    parser.add_argument("folder", help="data set, as every verb takes it: FOLDER or FOLDER#SPLIT")
    parser.add_argument("--only", default=",".join(FAMILIES), help="families, with commas between")
    parser.add_argument("--images", type=int, default=20, help="photographs for dense and two-stage detectors")
    parser.add_argument("--few", type=int, default=4, help="photographs for query detectors")
    parser.add_argument("--input", default="192x256", help="height and width of the input, multiples of 64")
    parser.add_argument("--every", type=int, default=50, help="steps between measurements")
    options = parser.parse_args()
    run_single_threaded()
    torch.set_num_threads(1)
    height, width = (int(side) for side in options.input.split("x"))
    input_hw = (height, width)
    figures: dict[str, float | int | str | None] = {}
    targets: list[Target] = []
    for name in options.only.split(","):
        family = FAMILIES[name]
        wanted = 0.90 if family.is_query else 0.95
        photographs = Photographs(options.folder, options.few if family.is_query else options.images, input_hw)
        progress(name)
        found = learn(family, photographs, wanted, options.every)
        figures |= {f"{name}_ap50": found.ap50, f"{name}_steps": found.steps, f"{name}_cpu_s": found.cpu_s}
        targets.append(Target(figure=f"{name}_ap50", limit=wanted, is_least=True))
    return report(f"Learnt by heart at {options.input}", figures, targets, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
