"""How the parts of mmdetection (2.x and 3.x agree) call their tensors, and how ours do."""

from meshsight.models.importing.renaming import Rule, conv_norm

TWO_TOWERS = (("cls", "class"), ("reg", "box"))

RESNET: list[Rule] = [("", "network.")]
"""torchvision's names, on both sides."""

RETINA_OUT: list[Rule] = [(r"retina_cls\.", "class_out."), (r"retina_reg\.", "box_out.")]

RPN: list[Rule] = [(r"rpn_conv\.", "conv."), (r"rpn_cls\.", "objectness_out."), (r"rpn_reg\.", "box_out.")]

ROI: list[Rule] = [
    (r"fc_cls\.", "class_out."),
    (r"fc_reg\.", "box_out."),
    (r"shared_fcs\.0\.", "layers.0."),
    (r"shared_fcs\.1\.", "layers.2."),
]


def fpn(num_used: int) -> list[Rule]:
    """Returns the rules of FPN; the convolutions after `num_used` make the extra levels."""
    rules: list[Rule] = [(r"lateral_convs\.(\d+)\.conv\.", r"lateral.\1.")]
    rules += [(rf"fpn_convs\.{i}\.conv\.", f"output.{i}.") for i in range(num_used)]
    return rules + [(rf"fpn_convs\.{num_used + i}\.conv\.", f"extra.{i}.") for i in range(4)]


def pafpn(num_used: int) -> list[Rule]:
    """Returns the rules of PAFPN."""
    down: Rule = (r"downsample_convs\.(\d+)\.conv\.", r"down.\1.")
    return [*fpn(num_used), down, (r"pafpn_convs\.(\d+)\.conv\.", r"path_output.\1.")]


def fpg() -> list[Rule]:
    """Returns the rules of FPG, whose nodes count (pathway, level)."""
    rules: list[Rule] = [(r"lateral_convs\.", "lateral."), (r"extra_downsamples\.", "extra.")]
    kinds = {"same_up": "same_up", "across_lateral": "lateral", r"across_down\.conv": "down", "across_skip": "skip"}
    for old, new in kinds.items():
        node = rf"fpn_transitions\.(\d+)\.(\d+)\.{old}"
        rules += [(rf"{node}\.conv\.", rf"grid.\1.\2.{new}.1."), (rf"{node}\.bn\.", rf"grid.\1.\2.{new}.2.")]
    return [*rules, (r"output_transition\.(\d+)\.conv_out\.conv\.", r"output.\1.")]


def retina(num_convs: int = 4) -> list[Rule]:
    """Returns the rules of RetinaNet's head and its kin; a ReLU stands between our convolutions."""
    towers = [
        (rf"{old}_convs\.{i}\.conv\.", f"{new}_tower.{2 * i}.") for old, new in TWO_TOWERS for i in range(num_convs)
    ]
    return [*towers, *RETINA_OUT]


def retina_separate() -> list[Rule]:
    """Returns the rules of the head with norms of its own for each level; the convolutions are stored many times."""
    rules: list[Rule] = []
    for old, new in TWO_TOWERS:
        tower = rf"{old}_convs\.(\d+)\.(\d+)"
        rules += [(rf"{tower}\.bn\.", rf"{new}_tower.norms.\1.\2."), (rf"{tower}\.conv\.", rf"{new}_tower.convs.\2.")]
    return [*rules, *RETINA_OUT]


def tood() -> list[Rule]:
    """Returns the rules of TOOD's head; its scales are joined to one tensor afterwards."""
    tower = r"inter_convs\.(\d+)"
    rules: list[Rule] = [(rf"{tower}\.conv\.", r"tower.\1.0."), (rf"{tower}\.gn\.", r"tower.\1.1.")]
    for old, new in TWO_TOWERS:
        rules += [
            (rf"{old}_decomp\.layer_attention\.", f"{new}_view.attention."),
            (rf"{old}_decomp\.reduction_conv\.conv\.", f"{new}_view.mix."),
            (rf"{old}_decomp\.reduction_conv\.gn\.", f"{new}_view.norm."),
            (rf"tood_{old}\.", f"{new}_out."),
        ]
    rules += [(r"cls_prob_module\.", "class_alignment."), (r"reg_offset_module\.", "box_alignment.")]
    return [*rules, (r"scales\.(\d+)\.scale", r"scales.\1")]


def csp_darknet() -> list[Rule]:
    """Returns the rules of YOLOX's backbone."""
    rules = conv_norm(r"stem\.conv", "stem.conv")
    for stage in range(4):
        last = 2 if stage == 3 else 1
        rules += _block(rf"stage{stage + 1}\.0", f"stages.{stage}.0")
        rules += _csp_layer(rf"stage{stage + 1}\.{last}", f"stages.{stage}.{last}")
    return (
        rules + conv_norm(r"stage4\.1\.conv1", "stages.3.1.narrow") + conv_norm(r"stage4\.1\.conv2", "stages.3.1.widen")
    )


def yolox_neck() -> list[Rule]:
    """Returns the rules of YOLOX's neck; there the way down counts from the coarsest level."""
    rules: list[Rule] = []
    for i in range(2):
        rules += conv_norm(rf"reduce_layers\.{i}", f"reduce.{1 - i}")
        rules += _csp_layer(rf"top_down_blocks\.{i}", f"join_down.{1 - i}")
        rules += _block(rf"downsamples\.{i}", f"down.{i}")
        rules += _csp_layer(rf"bottom_up_blocks\.{i}", f"join_up.{i}")
    return rules + conv_norm(r"out_convs\.(\d+)", r"output.\1")


def yolox_head() -> list[Rule]:
    """Returns the rules of YOLOX's head."""
    rules: list[Rule] = []
    for old, new in TWO_TOWERS:
        rules += _block(rf"multi_level_{old}_convs\.(\d+)\.(\d+)", rf"levels.\1.{new}_tower.\2")
    names = (*TWO_TOWERS, ("obj", "objectness"))
    return rules + [(rf"multi_level_conv_{old}\.(\d+)\.", rf"levels.\1.{new}_out.") for old, new in names]


def darknet() -> list[Rule]:
    """Returns the rules of Darknet, whose residual blocks follow the stage's first convolution."""
    rules = conv_norm("conv1", "stem")
    for stage in range(5):
        old, new = f"conv_res_block{stage + 1}", f"stages.{stage}"
        rules += conv_norm(rf"{old}\.conv", f"{new}.0")
        for block in range(8):
            for a, b in (("conv1", "narrow"), ("conv2", "widen")):
                rules += conv_norm(rf"{old}\.res{block}\.{a}", f"{new}.{block + 1}.{b}")
    return rules


def yolov3_neck() -> list[Rule]:
    """Returns the rules of YOLOv3's neck, whose levels run backwards."""
    rules: list[Rule] = []
    for level in range(3):
        for i in range(5):
            rules += conv_norm(rf"detect{level + 1}\.conv{i + 1}", f"blocks.{2 - level}.{i}")
    return rules + [rule for i in range(2) for rule in conv_norm(f"conv{i + 1}", f"reduce.{1 - i}")]


def yolov3_head() -> list[Rule]:
    """Returns the rules of YOLOv3's head, whose levels run backwards."""
    rules: list[Rule] = []
    for level in range(3):
        rules += conv_norm(rf"convs_bridge\.{level}", f"bridge.{2 - level}")
        rules.append((rf"convs_pred\.{level}\.", f"out.{2 - level}."))
    return rules


def _block(old: str, new: str) -> list[Rule]:
    """Returns the rules of one convolution, or of a depthwise one and a 1x1 one."""
    depthwise = conv_norm(rf"{old}\.depthwise_conv", f"{new}.0")
    return [*conv_norm(old, new), *depthwise, *conv_norm(rf"{old}\.pointwise_conv", f"{new}.1")]


def _csp_layer(old: str, new: str) -> list[Rule]:
    rules: list[Rule] = []
    for part in ("main", "short", "final"):
        rules += conv_norm(rf"{old}\.{part}_conv", f"{new}.{part}")
    rules += conv_norm(rf"{old}\.blocks\.(\d+)\.conv1", rf"{new}.blocks.\1.narrow")
    return rules + _block(rf"{old}\.blocks\.(\d+)\.conv2", rf"{new}.blocks.\1.widen")
