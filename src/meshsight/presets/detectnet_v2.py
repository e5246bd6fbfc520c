"""DetectNet_v2 (NVIDIA TAO Toolkit): a grid of coverage on ResNet-18, as in TAO's example with pallet trucks.

No AP on COCO is published. `meshsight init --from-tao SPEC.txt` maps a training specification of yours, and names the
fields that it cannot keep. Differences: see the head's documentation; Adam without TAO's L1 regulariser.
"""

from pathlib import Path

from meshsight.core.errors import SpecError
from meshsight.core.prototext import parse_prototext
from meshsight.presets._tao import Converted, convert_tao
from meshsight.specs.commented import dump_commented

EXAMPLE = """
random_seed: 42
augmentation_config {
  preprocessing { output_image_width: 960 output_image_height: 544 min_bbox_width: 20 min_bbox_height: 20 }
  spatial_augmentation { hflip_probability: 0.5 zoom_min: 0.5 zoom_max: 1.5 translate_max_x: 8 translate_max_y: 8 }
  color_augmentation { hue_rotation_max: 25 saturation_shift_max: 0.2 contrast_scale_max: 0.1 }
}
model_config { arch: "resnet" num_layers: 18 }
training_config { batch_size_per_gpu: 32 num_epochs: 100 }
"""
"""What TAO's example sets apart from its defaults, which are ours, too."""


def converted_example() -> Converted:
    """Returns the recipe of TAO's example."""
    return convert_tao(parse_prototext(EXAMPLE, "example"))


def recipe() -> str:
    """Returns the recipe as commented YAML."""
    return dump_commented(converted_example().spec, __doc__ or "")


def recipe_from(source: Path) -> str:
    """Returns the recipe of a training specification as commented YAML; what is not kept stands in its head.

    Raises:
        SpecError: no such file, or no training specification of DetectNet_v2.
    """
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{source}: cannot be read: {error}") from error
    try:
        found = convert_tao(parse_prototext(text, source.name))
    except SpecError as error:
        raise SpecError(f"{source}: {error}") from error
    lost = "\n".join(f"  {line}" for line in found.lost) or "  nothing"
    head = (
        f"Of TAO's {source.name}. Data sets are named on the command line: --data, --val (KITTI or TFRecords)."
        f"\n\nNot kept:\n\n{lost}"
    )
    return dump_commented(found.spec, head)
