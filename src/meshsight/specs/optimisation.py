"""How weights are moved: the optimiser, and which learning rate and weight decay each parameter has."""

from typing import Annotated, Literal

from pydantic import Discriminator, Field, model_validator

from meshsight.specs.base import Spec


class LayerDecaySpec(Spec):
    """Learning rates that fall from the head to the stem (layer-wise learning-rate decay; ELECTRA, arXiv 2003.10555).

    Layer 0 is the stem; every `blocks_per_layer` blocks of a stage are one more; neck and head come after the last. The
    factor of layer i of L is rate ** (L + 1 - i). For ConvNeXt these are mmdetection's own groups.
    """

    rate: float = Field(default=0.9, gt=0, le=1)
    """Factor from one layer to the one before it."""
    by: Literal["layer", "stage"] = "layer"
    """Whether a stage is one layer, however many blocks it has."""
    blocks_per_layer: int = Field(default=3, ge=1)
    num_layers: int | None = Field(default=None, ge=1)
    """L, which is also the last stage's layer; none: as many as there are. mmdetection sets 6 or 12."""


class _Optimiser(Spec):
    learning_rate: float = Field(gt=0)
    """Peak learning rate."""
    base_batch_size: int | None = Field(default=None, ge=1)
    """Images of a step for which `learning_rate` is meant; for another number it is scaled. None: it never is."""
    batch_rule: Literal["linear", "sqrt"] = "linear"
    """How it is scaled: with the number of images (arXiv 1706.02677), or with its root, as suits Adam."""
    weight_decay: float = Field(ge=0)
    decay_norms_and_biases: bool = False
    """Whether weight decay also acts on biases and normalisation layers."""
    decay_biases: bool | None = None
    """Whether it acts on the biases of convolutions and linear layers; none: as `decay_norms_and_biases` says."""
    backbone_factor: float = Field(default=1.0, ge=0)
    """Factor on the learning rate of the backbone, such as 0.1 to fine-tune pretrained weights."""
    factors: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)
    """Factors on the learning rate of parameters by a part of their name, such as `sampling_offsets: 0.1`. Where
    several fit, all count."""
    layer_decay: LayerDecaySpec | None = None
    """Lower learning rates the nearer a layer is to the image, or one for all."""


class SgdSpec(_Optimiser):
    """Stochastic gradient descent with momentum."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: float = Field(default=0.01, gt=0)
    weight_decay: float = Field(default=1e-4, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    nesterov: bool = False

    @model_validator(mode="after")
    def _nesterov_moves(self) -> "SgdSpec":
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov needs a momentum above 0")
        return self


class AdamWSpec(_Optimiser):
    """Adam with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101)."""

    kind: Literal["adamw"] = "adamw"
    learning_rate: float = Field(default=1e-3, gt=0)
    weight_decay: float = Field(default=0.05, ge=0)
    beta1: float = Field(default=0.9, ge=0, lt=1)
    beta2: float = Field(default=0.999, ge=0, lt=1)


class MuonSpec(_Optimiser):
    """Muon for convolutions, AdamW for everything else (Jordan et al. 2024); learns fastest from scratch."""

    kind: Literal["muon"] = "muon"
    learning_rate: float = Field(default=0.02, gt=0)
    """Peak learning rate of the convolutions."""
    weight_decay: float = Field(default=0.05, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    adamw_factor: float = Field(default=0.1, gt=0)
    """Learning rate of everything else, as a factor on that of the convolutions."""
    beta2: float = Field(default=0.99, ge=0, lt=1)
    """Of AdamW, whose beta1 is `momentum`."""


OptimiserSpec = Annotated[SgdSpec | AdamWSpec | MuonSpec, Discriminator("kind")]
