"""The CV-Bench trainer's `faster_rcnn_r50_fpn`: Faster R-CNN on ResNet-50 with FPN, fine-tuned for five epochs."""

from meshsight.presets._cv_bench import five_epochs, print_recipe
from meshsight.presets._parts import faster_rcnn
from meshsight.specs.optimisation import SgdSpec
from meshsight.specs.training import TrainSpec


def training() -> TrainSpec:
    """Returns the recipe."""
    return five_epochs(faster_rcnn(), 4, SgdSpec(learning_rate=0.02, decay_norms_and_biases=True))


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return print_recipe(training(), __doc__ or "")
