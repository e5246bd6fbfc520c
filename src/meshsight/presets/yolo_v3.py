"""The CV-Bench trainer's `yolo_v3`: YOLOv3 on Darknet-53, fine-tuned for five epochs."""

from meshsight.presets._cv_bench import five_epochs, print_recipe, slow_sgd
from meshsight.presets.yolov3 import yolov3_detector
from meshsight.specs.training import TrainSpec


def training() -> TrainSpec:
    """Returns the recipe."""
    return five_epochs(yolov3_detector(), 8, slow_sgd())


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return print_recipe(training(), __doc__ or "")
