"""Official YOLOX weights, by renaming them to what mmdetection calls them.

Both were trained on BGR images without normalisation. Weights of YOLOX 0.1.0, which normalised its images ("legacy"),
look the same and are not told apart.
"""

from torch import Tensor

from meshsight.models.importing.renaming import Rule, State, rename_all

MARK = "backbone.backbone.stem.conv.conv.weight"


def to_mmdet_names(state: State) -> dict[str, Tensor]:
    """Returns the tensors under mmdetection's names.

    Raises:
        ArtifactError: it has tensors that no YOLOX on CSPDarknet has.
    """
    named = {name.replace(".dconv.", ".depthwise_conv.").replace(".pconv.", ".pointwise_conv."): name for name in state}
    return rename_all({name: state[old] for name, old in named.items()}, _rules())


def _rules() -> list[Rule]:
    rules: list[Rule] = [(r"backbone\.backbone\.stem\.", "backbone.stem.")]
    for stage in range(1, 5):
        old, new, layer = rf"backbone\.backbone\.dark{stage + 1}", f"backbone.stage{stage}", 2 if stage == 4 else 1
        rules += [(rf"{old}\.0\.", f"{new}.0."), *_csp_layer(rf"{old}\.{layer}", f"{new}.{layer}")]
        rules.append((rf"{old}\.1\.", f"{new}.1."))  # after the layers: only the last stage has pooling there
    rules += [(r"backbone\.lateral_conv0\.", "neck.reduce_layers.0."), (r"backbone\.bu_conv2\.", "neck.downsamples.0.")]
    rules += [(r"backbone\.reduce_conv1\.", "neck.reduce_layers.1."), (r"backbone\.bu_conv1\.", "neck.downsamples.1.")]
    for old, new in (("p4", "top_down_blocks.0"), ("p3", "top_down_blocks.1")):
        rules += _csp_layer(rf"backbone\.C3_{old}", f"neck.{new}")
    for old, new in (("n3", "bottom_up_blocks.0"), ("n4", "bottom_up_blocks.1")):
        rules += _csp_layer(rf"backbone\.C3_{old}", f"neck.{new}")
    rules.append((r"head\.stems\.", "neck.out_convs."))
    rules += [(rf"head\.{kind}_convs\.", f"bbox_head.multi_level_{kind}_convs.") for kind in ("cls", "reg")]
    return rules + [(rf"head\.{kind}_preds\.", f"bbox_head.multi_level_conv_{kind}.") for kind in ("cls", "reg", "obj")]


def _csp_layer(old: str, new: str) -> list[Rule]:
    parts = (("conv1", "main_conv"), ("conv2", "short_conv"), ("conv3", "final_conv"))
    return [*((rf"{old}\.{a}\.", f"{new}.{b}.") for a, b in parts), (rf"{old}\.m\.", f"{new}.blocks.")]
