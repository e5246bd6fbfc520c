"""Every pair of head and neck that `meshsight list models` names: it predicts, and it can be taught."""

from collections.abc import Iterator

import pytest
import torch

from meshsight.models.batch import Targets
from meshsight.models.build import build_detector
from meshsight.models.detectors import dense
from meshsight.models.kinds import HEAD_KINDS, NECK_KINDS
from meshsight.workflows.listing import list_kinds

SIZE_HW = (128, 128)
SMALL: dict[str, dict[str, object]] = {
    "aligned": {"channels": 16},
    "freeanchor": {"channels": 16, "num_convs": 1},
    "pisa": {"channels": 16, "num_convs": 1},
    "retina": {"channels": 16, "num_convs": 1},
    "tood": {"channels": 16, "num_convs": 2, "num_groups": 4},
    "yolox": {"channels": 16, "num_convs": 1},
    "fpn": {"channels": 16},
    "pafpn": {"channels": 16},
    "fpg": {"channels": 16, "num_pathways": 3},
    "yolov3_neck": {"channels": 8},
    "yolox_neck": {"channels": 16},
}

BACKBONES: dict[str, dict[str, object]] = {"yolov3": {"kind": "darknet", "depths": (0, 1, 1, 1, 1), "channels": 4}}
"""For necks that want exactly three levels; the tiny one gives four."""


def pairs() -> Iterator[tuple[str, str]]:
    for entry in list_kinds("models"):
        if entry.noun == "head":
            yield from ((entry.kind, neck) for neck in entry.goes_with)


def test_the_table_names_every_head_and_every_neck() -> None:
    assert {head for head, _ in pairs()} == set(HEAD_KINDS.names)
    assert {neck for _, neck in pairs()} == set(NECK_KINDS.names)
    parts = {entry.kind: entry.goes_with for entry in list_kinds("models") if entry.noun == "detector"}
    assert parts == {
        "dense": ("backbone", "neck", "head"),
        "two_stage": ("backbone", "neck"),
        "query": ("architecture",),
    }


@pytest.mark.parametrize(("head", "neck"), list(pairs()))
def test_a_pair_predicts_and_learns(head: str, neck: str) -> None:
    torch.manual_seed(0)
    spec = dense.Spec.model_validate(
        {
            "backbone": BACKBONES.get(neck, {"kind": "tiny", "channels": (8, 8, 16, 16)}),
            "neck": {"kind": neck, **SMALL.get(f"{neck}_neck", SMALL.get(neck, {}))},
            "head": {"kind": head, **SMALL.get(head, {})},
        }
    )
    detector = build_detector(spec, 2).train()
    boxes = torch.tensor([[[4.0, 6, 60, 50]], [[30.0, 40, 110, 90]]])
    targets = Targets(boxes, torch.tensor([[1], [0]]), torch.zeros(2, 1, dtype=torch.bool))
    images = torch.rand(2, 3, *SIZE_HW) * 255
    loss = torch.stack(list(detector.loss(detector(images, targets), targets, SIZE_HW).values())).sum()
    loss.backward()
    assert bool(loss.isfinite()) and loss.item() > 0
    assert (
        any(bool(p.grad is not None and p.grad.abs().sum() > 0) for p in detector.neck.parameters()) or neck == "level"
    )
    with torch.no_grad():
        found = detector.eval().decode(detector(images), SIZE_HW)
    assert found.boxes.shape[2] == 4 and bool(found.scores.isfinite().all())
