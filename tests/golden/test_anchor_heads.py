"""RetinaNet's head and its kin against numbers that mmdetection 3.3.0 computed (tests/golden/README.md)."""

from typing import NamedTuple

import pytest
import torch
from torch import Tensor

from meshsight.models.anchor_head import AnchorHead
from meshsight.models.anchor_spec import AnchorHeadSpec
from meshsight.models.heads import freeanchor, pisa, retina
from meshsight.models.importing.mmdet_names import retina as retina_names
from meshsight.models.importing.mmdet_names import retina_separate as retina_separate_names
from meshsight.models.importing.renaming import Rule
from meshsight.models.kinds import HEAD_KINDS
from meshsight.models.parts import FeatureSpec
from meshsight.specs.decoding import DecodeSpec

from .mmdet import SIZE_HW, Golden, assert_near, assert_predictions_near, golden_targets

INPUTS = tuple(FeatureSpec(32, 8 << i) for i in range(5))


class Case(NamedTuple):
    spec: AnchorHeadSpec
    rules: list[Rule]
    losses: dict[str, str]


BOTH = {"class": "loss_cls", "box": "loss_bbox"}
SEPARATE_BN = retina.Spec(channels=32, norm="batch_per_level", negative_iou=0.5)
CASES = {
    "retina": Case(retina.Spec(channels=32), retina_names(), BOTH),
    "retina_sepbn": Case(SEPARATE_BN, retina_separate_names(), BOTH),
    "freeanchor": Case(
        freeanchor.Spec(channels=32),
        retina_names(),
        {"positive_bag": "positive_bag_loss", "negative_bag": "negative_bag_loss"},
    ),
    "pisa": Case(pisa.Spec(channels=32), retina_names(), {**BOTH, "prime_box": "loss_carl"}),
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> tuple[Case, Golden, AnchorHead]:
    golden, case = Golden(request.param), CASES[request.param]
    head = HEAD_KINDS.builder(case.spec.kind)(case.spec, INPUTS, 3)
    golden.load_into(head, case.rules)
    return case, golden, head


def test_outputs(case: tuple[Case, Golden, AnchorHead]) -> None:
    def rows(prefix: str, width: int) -> Tensor:
        return torch.cat([m.permute(0, 2, 3, 1).reshape(2, -1, width) for m in golden.series(prefix)], dim=1)

    _, golden, head = case
    with torch.no_grad():
        raw = head.eval()(golden.series("feat"))
    assert_near(raw.class_logits, rows("out.0.", 3))
    assert_near(raw.deltas, rows("out.1.", 4))


def test_predictions(case: tuple[Case, Golden, AnchorHead]) -> None:
    _, golden, head = case
    spec = DecodeSpec()
    with torch.no_grad():
        raw = head.eval()(golden.series("feat"))
    assert_predictions_near(golden, head.decode(raw, SIZE_HW, spec), spec)


def test_losses(case: tuple[Case, Golden, AnchorHead]) -> None:
    """The last test: batch normalisation changes its running statistics."""
    expected, golden, head = case
    losses = head.train().loss(head(golden.series("feat")), golden_targets(golden), SIZE_HW)
    assert losses.keys() == expected.losses.keys()
    for ours, theirs in expected.losses.items():
        levels = golden.series(f"loss.{theirs}.") or [golden.arrays[f"loss.{theirs}"]]
        assert_near(losses[ours], torch.stack([level.reshape(()) for level in levels]).sum())
