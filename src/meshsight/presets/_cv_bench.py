"""What the CV-Bench trainer's configurations have in common: five epochs at 640x360, from COCO weights."""

from meshsight.specs.augmentation import AugmentationSpec
from meshsight.specs.base import VariantSpec
from meshsight.specs.commented import dump_commented
from meshsight.specs.optimisation import OptimiserSpec, SgdSpec
from meshsight.specs.schedule import StepsSpec, WarmUpSpec
from meshsight.specs.training import TrainSpec, ValidationSpec
from meshsight.specs.training_data import DataSpec

INPUT_HW = (384, 640)
"""640x360, padded to multiples of 32 as there."""

PLAIN = AugmentationSpec(scale=(1.0, 1.0), place="top_left", colour=None, min_remaining=0.0, min_side_px=0.0)

NOTES = """
Its data are read as they lie: --data /data/input/train --val /data/input/val, each with annotation_coco.json (keypoints
and empty segmentations are no obstacle), --out /data/output. There the network started from COCO weights; set `weights`
to such a checkpoint (`meshsight weights import FILE --out DIR`, then `weights: DIR`), or it starts from ImageNet's.
Fixed: the learning rate's drops at epochs 8 and 11 of 5 never came, and clipping was written down but not used.
"""


def five_epochs(detector: VariantSpec, batch_size: int, optimiser: OptimiserSpec) -> TrainSpec:
    """Returns the recipe of a detector."""
    return TrainSpec(
        detector=detector,
        input_hw=INPUT_HW,
        epochs=5,
        batch_size=batch_size,
        optimiser=optimiser,
        schedule=StepsSpec(at=(8, 11), unit="epochs"),
        warm_up=WarmUpSpec(steps=500, start_factor=0.001),
        clip_norm=None,
        ema_decay=None,
        data=DataSpec(drop_empty=True),
        augmentation=PLAIN,
        validation=ValidationSpec(every_epochs=1.0),
    )


def slow_sgd() -> SgdSpec:
    """Returns the optimiser that most of them have."""
    return SgdSpec(learning_rate=0.001, weight_decay=5e-4, decay_norms_and_biases=True)


def print_recipe(spec: TrainSpec, head: str) -> str:
    """Returns a recipe as commented YAML, with what all of them share below its own words."""
    return dump_commented(spec, f"{head.strip()}\n{NOTES}")
