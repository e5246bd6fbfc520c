"""Every training recipe reads back, names parts that fit each other, and says the numbers that are published."""

from collections.abc import Iterator

import pytest
import yaml

from meshsight.core.errors import CallError
from meshsight.models.kinds import BACKBONE_KINDS
from meshsight.presets import retinanet, study, yolov3, yolox
from meshsight.specs.base import Spec, VariantSpec, parse_spec
from meshsight.specs.schedule import StepsSpec
from meshsight.specs.training import TrainSpec, num_steps
from meshsight.workflows.init import PRESET_KINDS, init, variants_of
from meshsight.workflows.listing import list_kinds

COCO_IMAGES = 118_287


def names() -> Iterator[str]:
    for preset in PRESET_KINDS.names:
        yield preset
        yield from (f"{preset}/{variant}" for variant in variants_of(preset))


def training(name: str) -> TrainSpec | None:
    data = yaml.safe_load(init(name))
    return parse_spec(TrainSpec, data, name) if "detector" in data else None


TRAININGS = [name for name in names() if training(name) is not None]


def test_there_are_the_recipes_that_people_ask_for() -> None:
    cv_bench = {"retinanet_r50_fpn", "detr_r50", "faster_rcnn_r50_fpn", "yolo_v3", "yolo_x", "tood_r50_fpn"}
    assert cv_bench | {"small", "finetune", "study/convnext_l_ms3x", "retinanet/r50_ms90k", "yolox/x"} <= set(TRAININGS)


@pytest.mark.parametrize("name", TRAININGS)
def test_the_printed_recipe_is_commented_and_its_schedule_fits(name: str) -> None:
    assert init(name).startswith("# ")
    spec = training(name)
    assert spec is not None
    stride = 32 if not name.startswith("fpg") else 128
    assert all(side % stride == 0 for side in spec.input_hw)
    if isinstance(spec.schedule, StepsSpec) and spec.schedule.unit == "epochs" and "CV-Bench" not in init(name):
        assert spec.epochs is not None
        assert max(spec.schedule.at, default=0) < spec.epochs


def test_a_preset_and_its_first_variant_are_one() -> None:
    assert init("retinanet") == init("retinanet/r50_1x")
    assert init("yolox") == init("yolox/s")


def test_a_variant_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(CallError, match="preset 'retinanet' has no variant 'r50_1'; did you mean 'r50_1x'"):
        init("retinanet/r50_1")
    with pytest.raises(CallError, match="preset 'small' has no variants"):
        init("small/r50")


def test_variants_are_listed_with_their_figures() -> None:
    about = {entry.kind: entry.summary for entry in list_kinds("presets")}
    assert "36.5 AP" in about["retinanet/r50_1x"]
    assert "AP50 0.607" in about["study/convnext_l_ms3x"]


def test_numbers_of_the_schedules() -> None:
    """1x is 7,393 steps an epoch of 16; 3x is 36 epochs; YOLOX falls to 5 % at epoch 285 and stays there."""
    once = retinanet.retinanet_1x()
    assert num_steps(once, COCO_IMAGES) == pytest.approx(12 * COCO_IMAGES / 16, abs=1)
    assert retinanet.retinanet_multi_scale_3x().epochs == 36
    x = yolox.VARIANTS["x"].make()
    assert x.epochs is not None
    assert x.epochs * x.augmentation.plain_end == pytest.approx(15)
    assert yolov3.VARIANTS["608"].make().epochs == 273


def test_the_best_of_the_study_is_the_recipe_of_its_table() -> None:
    spec = study.VARIANTS["convnext_l_ms3x"].make()
    optimiser = spec.optimiser
    assert (optimiser.kind, optimiser.learning_rate, optimiser.weight_decay) == ("adamw", 1e-4, 0.05)
    assert optimiser.layer_decay is not None
    assert (optimiser.layer_decay.rate, optimiser.layer_decay.num_layers) == (0.95, 6)
    assert (spec.batch_size, spec.epochs, spec.clip_norm, spec.seed) == (4, 36, 35.0, 2024)
    assert isinstance(spec.schedule, StepsSpec)
    assert spec.schedule.at == (27, 33)
    assert (spec.checkpoints.keep_every_epochs, spec.checkpoints.keep_at_most) == (1.0, 3)
    backbone = _part(spec.detector, "backbone")
    assert backbone.model_dump()["drop_path"] == 0.5


def _part(spec: Spec, name: str) -> VariantSpec:
    part = getattr(spec, name)
    assert isinstance(part, VariantSpec)
    return part


@pytest.mark.parametrize("depth", [18, 101])
def test_depth_is_the_only_thing_that_changes(depth: int) -> None:
    one = retinanet.VARIANTS["r50_1x"].make().model_dump()
    other = retinanet.VARIANTS[f"r{depth}_1x"].make().model_dump()
    other["detector"]["backbone"]["depth"] = 50
    assert other == one


def test_backbones_of_the_recipes_exist() -> None:
    kinds = {
        _part(spec.detector, "backbone").kind
        for spec in map(training, TRAININGS)
        if spec and hasattr(spec.detector, "backbone")
    }
    assert kinds <= set(BACKBONE_KINDS.names)
