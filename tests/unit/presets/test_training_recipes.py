"""Every training recipe reads back, names parts that fit each other, and says the numbers that are published."""

import re
from collections.abc import Callable, Iterator

import pytest
import torch
import yaml

from meshsight.core.errors import CallError
from meshsight.models.build import build_detector
from meshsight.models.kinds import BACKBONE_KINDS
from meshsight.presets import d_fine, detr, retinanet, rf_detr, rt_detr_v2, study, yolov3, yolox
from meshsight.specs.base import Spec, VariantSpec, parse_spec
from meshsight.specs.schedule import StepsSpec
from meshsight.specs.training import TrainSpec, num_steps
from meshsight.training.optimiser import build_optimiser, describe_groups
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


SIZED = [
    pytest.param(variant.make, variant.about, id=f"{family.__name__.rsplit('.', 1)[1]}/{name}")
    for family in (yolox, d_fine, rt_detr_v2, rf_detr)
    for name, variant in family.VARIANTS.items()
]


@pytest.mark.parametrize(("make", "about"), SIZED)
def test_a_size_has_as_many_parameters_as_its_authors_say(make: Callable[[], TrainSpec], about: str) -> None:
    """Within a twentieth: some cut off what they say, some count layers that are merged for inference."""
    said = re.match(r".*?([\d.]+) million parameters", about)
    assert said is not None
    with torch.device("meta"):
        detector = build_detector(make().detector, num_classes=80)
    found = sum(parameter.numel() for parameter in detector.parameters()) / 1e6
    assert found == pytest.approx(float(said[1]), rel=0.05)


def test_real_time_detrs_are_trained_as_their_authors_configure_them() -> None:
    """Epochs, plain ones of them, images a step, learning rate, that of the backbone, weight decay."""
    expected = {
        "d_fine/s": (132, 12, 32, 2e-4, 1e-4, 1e-4),
        "d_fine/m": (132, 12, 32, 2e-4, 2e-5, 1e-4),
        "d_fine/l": (80, 8, 32, 2.5e-4, 1.25e-5, 1.25e-4),
        "d_fine/x": (80, 8, 32, 2.5e-4, 2.5e-6, 1.25e-4),
        "rt_detr_v2/r18": (120, 3, 16, 1e-4, 1e-4, 1e-4),
        "rt_detr_v2/r34": (120, 3, 16, 1e-4, 5e-5, 1e-4),
        "rt_detr_v2/r50": (72, 1, 16, 1e-4, 1e-5, 1e-4),
        "rt_detr_v2/r101": (72, 1, 16, 1e-4, 1e-6, 1e-4),
    }
    for name, wanted in expected.items():
        spec = training(name)
        assert spec is not None and spec.epochs is not None
        own = spec.optimiser
        plain, backbone = spec.augmentation.plain_end * spec.epochs, own.learning_rate * own.backbone_factor
        found = (spec.epochs, plain, spec.batch_size, own.learning_rate, backbone, own.weight_decay)
        assert found == pytest.approx(wanted), name


def test_rf_detrs_rates_fall_towards_the_image() -> None:
    """lr_encoder 1.5e-4, 0.7 for each component from the heads, 0.8 for each layer; 13 + 1 layers to the embeddings."""
    spec = rf_detr.VARIANTS["n"].make()
    with torch.device("meta"):
        detector = build_detector(spec.detector, num_classes=80)
    groups = describe_groups(build_optimiser(spec.optimiser, detector, spec.batch_size))
    rates = sorted({round(rate, 10) for rate, _, _ in groups})
    inside = [1.5e-4 * 0.7**2 * 0.8**power for power in (14, *range(13, 1, -1), 0)]
    assert rates == pytest.approx(sorted([*inside, 0.7e-4, 1e-4]), rel=2e-3)


def test_detr_draws_one_of_eleven_short_sides() -> None:
    choices = detr.VARIANTS["r50_150e"].make().augmentation.scale_choices
    assert choices is not None
    assert [round(factor * 800) for factor in choices] == list(range(480, 801, 32))


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
