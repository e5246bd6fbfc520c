"""TAO's training specification of DetectNet_v2 as a recipe, and what is said to be lost."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from meshsight.cli.main import program
from meshsight.core.errors import CallError, SpecError
from meshsight.core.prototext import parse_prototext
from meshsight.models.build import build_detector
from meshsight.presets.detectnet_v2 import converted_example
from meshsight.specs.recipe import read_recipe
from meshsight.specs.training import TrainSpec
from meshsight.workflows.init import init

SPEC = """
random_seed: 7  # a comment
dataset_config {
  data_sources { tfrecords_path: "/data/tfrecords/*" image_directory_path: "/data/images" }
  data_sources { tfrecords_path: "/data/more/*" image_directory_path: "/data/images" }
  image_extension: "png"
  target_class_mapping { key: "palletjack" value: "palletjack" }
  target_class_mapping { key: "lorry" value: "truck" }
  validation_fold: 0
}
augmentation_config {
  preprocessing {
    output_image_width: 640 output_image_height: 384 output_image_channel: 3 min_bbox_width: 12.0 min_bbox_height: 12.0
  }
  spatial_augmentation { hflip_probability: 0.25 zoom_min: 0.5 zoom_max: 1.5 translate_max_x: 8.0 translate_max_y: 8.0 }
  color_augmentation { hue_rotation_max: 25.0 saturation_shift_max: 0.2 contrast_scale_max: 0.1 contrast_center: 0.5 }
}
postprocessing_config {
  target_class_config { key: "palletjack" value { clustering_config {
    clustering_algorithm: DBSCAN dbscan_confidence_threshold: 0.9 coverage_threshold: 0.01
    dbscan_eps: 0.3 dbscan_min_samples: 0.05 minimum_bounding_box_height: 4 } } }
}
model_config {
  pretrained_model_file: "/weights/resnet34.hdf5"
  num_layers: 34 use_batch_norm: true arch: "resnet"
  objective_set { bbox { scale: 35.0 offset: 0.5 } cov { } }
}
evaluation_config { validation_period_during_training: 5 first_validation_epoch: 1 average_precision_mode: INTEGRATE }
cost_function_config {
  target_classes {
    name: "palletjack" class_weight: 1.0 coverage_foreground_weight: 0.05
    objectives { name: "cov" initial_weight: 1.0 weight_target: 1.0 }
    objectives { name: "bbox" initial_weight: 10.0 weight_target: 8.0 }
  }
  target_classes { name: "truck" class_weight: 3.0 coverage_foreground_weight: 0.05 }
  enable_autoweighting: true max_objective_weight: 0.9999 min_objective_weight: 0.0001
}
training_config {
  batch_size_per_gpu: 16 num_epochs: 80
  learning_rate { soft_start_annealing_schedule {
    min_learning_rate: 5e-06 max_learning_rate: 5e-04 soft_start: 0.2 annealing: 0.6 } }
  regularizer { type: L1 weight: 3e-09 }
  optimizer { adam { epsilon: 9.99999993923e-09 beta1: 0.899999976158 beta2: 0.999000012875 } }
  cost_scaling { initial_exponent: 20.0 increment: 0.005 decrement: 1.0 }
  checkpoint_interval: 10
}
bbox_rasterizer_config {
  target_class_config { key: "palletjack" value {
    cov_center_x: 0.5 cov_center_y: 0.4 cov_radius_x: 0.8 cov_radius_y: 1.0 bbox_min_radius: 1.0 } }
  deadzone_radius: 0.4
}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    (tmp_path / "spec.txt").write_text(SPEC)
    (tmp_path / "recipe.yaml").write_text(init(from_tao=tmp_path / "spec.txt"))
    return tmp_path / "recipe.yaml"


def test_every_number_finds_its_place(recipe: Path) -> None:
    spec = read_recipe(TrainSpec, recipe)
    assert spec.classes == ("palletjack", "truck")
    assert (spec.input_hw, spec.epochs, spec.batch_size, spec.seed) == ((384, 640), 80, 16, 7)
    detector = spec.detector.model_dump()
    assert (detector["backbone"]["kind"], detector["backbone"]["depth"]) == ("resnet", 34)
    assert detector["backbone"]["output_stride"] == detector["neck"]["stride"] == 16
    head = detector["head"]
    assert head["coverage_radius"] == (0.8, 1.0) and head["eps"] == 0.3 and head["coverage_threshold"] == 0.01
    assert (head["min_coverage"], head["min_height_px"], head["num_updates"]) == (1.0, 4.0, 80)
    assert head["class_weights"] == (1.0, 3.0)
    assert (head["first_weights"], head["target_weights"]) == ((1.0, 10.0), (1.0, 8.0))
    assert detector["decode"]["score_threshold"] == pytest.approx(0.9 / 1.9)
    optimiser, fall = spec.optimiser.model_dump(), spec.schedule.model_dump()
    assert (optimiser["kind"], optimiser["learning_rate"], optimiser["weight_decay"]) == ("adamw", 5e-4, 0)
    assert optimiser["beta1"] == pytest.approx(0.9)
    assert (spec.warm_up.share, spec.warm_up.start_factor, spec.warm_up.curve) == (
        0.2,
        pytest.approx(0.01),
        "exponential",
    )
    assert (fall["kind"], fall["begins"], fall["final_factor"]) == ("exponential", 0.6, pytest.approx(0.01))
    augmentation = spec.augmentation
    assert (augmentation.hflip, augmentation.scale, augmentation.min_side_px) == (0.25, (0.5, 1.5), 12)
    assert augmentation.translate == pytest.approx(8 / 384)
    assert augmentation.colour is not None
    assert (augmentation.colour.hue_deg, augmentation.colour.saturation) == (25, 0.2)
    assert (spec.validation.every_epochs, spec.checkpoints.keep_every_epochs) == (5, 10)


def test_what_is_not_kept_is_named_and_nothing_else(recipe: Path) -> None:
    head = recipe.read_text().split("version:")[0]
    lost = head.split("Not kept:")[1].replace("#", "").split("\n")
    assert {line.strip() for line in lost if line.strip()} == {
        "dataset_config.data_sources {...}",
        "dataset_config.image_extension: png",
        "dataset_config.target_class_mapping.key: lorry",
        "dataset_config.validation_fold: 0.0",
        "model_config.pretrained_model_file: /weights/resnet34.hdf5",
        "evaluation_config.first_validation_epoch: 1.0",
        "evaluation_config.average_precision_mode: INTEGRATE",
        "training_config.regularizer {...}",
        "training_config.cost_scaling {...}",
        "bbox_rasterizer_config.target_class_config.value.cov_center_y: 0.4",
    }


def test_the_recipe_builds_its_network(recipe: Path) -> None:
    spec = read_recipe(TrainSpec, recipe)
    detector = build_detector(spec.detector, 2, is_pretrained=False)
    assert detector.stride == 16


def test_the_example_is_the_published_one() -> None:
    spec, lost = converted_example()
    assert (spec.input_hw, spec.batch_size, spec.epochs, spec.seed) == ((544, 960), 32, 100, 42)
    assert lost == ()


def test_the_command_prints_it_and_wants_one_of_two(tmp_path: Path) -> None:
    (tmp_path / "spec.txt").write_text(SPEC)
    done = CliRunner().invoke(program, ["init", "--from-tao", str(tmp_path / "spec.txt")])
    assert done.exit_code == 0 and "kind: coverage" in done.output
    with pytest.raises(CallError, match="expected a preset"):
        init()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model_config { arch: ", "expected a value, found 'the end of the file'"),
        ("model_config { num_layers: 18", "model_config.: expected '}'"),
        ("a: 1", "it has no model_config"),
        ('model_config { arch: "vgg" } training_config { num_epochs: 1 }', "expected resnet of"),
        (
            "model_config { num_layers: x } training_config { num_epochs: 1 }",
            "num_layers: expected a number",
        ),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "spec.txt").write_text(text)
    with pytest.raises(SpecError, match=message) as raised:
        init(from_tao=tmp_path / "spec.txt")
    assert "\n" not in str(raised.value) and "spec.txt" in str(raised.value)


def test_text_of_protocol_buffers() -> None:
    found = parse_prototext("a: 1, b < c: 'x y' > d: [1, 2.5]; e { } f: true # end", "here")
    assert found.number("a", 0) == 1 and found.message("b").text("c") == "x y"
    assert [value for name, value in found.fields if name == "d"] == [1.0, 2.5]
    assert found.flag("f") and not found.flag("g")
    assert list(found.unasked()) == ["d: 1.0", "d: 2.5", "e {...}"]
