"""Writes a patch network for LiteRT in five precisions, runs each in LiteRT, and says what it costs.

The network is converted from torch once in floats; the quantizer makes the others from that. Its LeakyReLU stays in
floats, so the file of whole numbers alone is made from a copy of the network that writes max(x, slope x) instead.
"""

# pyright: basic, reportMissingImports=false
# LiteRT has no type stubs, and lives in environments of its own.

import copy
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from importlib import metadata
from io import StringIO
from pathlib import Path
from typing import Literal

import litert_torch
import numpy as np
import torch
from ai_edge_litert.interpreter import Interpreter
from ai_edge_quantizer import calibrator, qtyping, quantizer, recipe, recipe_manager
from ai_edge_quantizer.utils import qsv_utils
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from meshsight.core.errors import ArtifactError
from meshsight.core.files import sha256_of_file, write_bytes
from meshsight.exporting.patches.comparing import NUM_REPRESENTATIVE, PatchesToCompare, compare, spread
from meshsight.exporting.patches.formats.tflite import Spec
from meshsight.exporting.patches.written import Written
from meshsight.models.patch.net import PatchNet
from meshsight.records.patches import PatchFlavour, PatchGuesses, PatchSignature
from meshsight.training.patches.model import TorchPatchModel

SIGNATURE = "serving_default"
PACKAGES = ("litert-torch", "ai-edge-litert", "ai-edge-quantizer")
MOVES = ("QUANTIZE", "DEQUANTIZE", "DELEGATE")
"""Operations that compute nothing."""

Patch = Float[np.ndarray, "1 h w c"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flavour:
    """One precision.

    Attributes:
        name: of it, and of its file.
        set_up: tells the quantizer; None leaves the floats.
        is_whole: made from the network without LeakyReLU.
    """

    name: str
    set_up: Callable[[quantizer.Quantizer], None] | None
    is_whole: bool = False


def build(spec: Spec, model: TorchPatchModel, patches: PatchesToCompare, out: Path) -> Written:
    """Writes one `model_FLAVOUR.tflite` each; the float32 one must equal the network.

    Raises:
        ArtifactError: LiteRT cannot express the network.
        StorageError: the folder cannot be written.
    """
    feeds = _Feeds(model.signature, patches)
    expected = model.look(patches.pixels, patches.places)
    flavours: dict[str, PatchFlavour] = {}
    found: PatchGuesses | None = None
    with _quiet():
        plain = {is_whole: _converted(model, out, is_whole) for is_whole in (False, True)}
        for flavour in FLAVOURS:
            path = out / f"model_{flavour.name}.tflite"
            write_bytes(path, _quantised(plain[flavour.is_whole], flavour, feeds))
            runner = _Runner(path, model.signature)
            guesses = runner.look(feeds)
            found = found or guesses
            flavours[flavour.name] = PatchFlavour(
                file=path.name,
                sha256=sha256_of_file(path),
                size_bytes=path.stat().st_size,
                input=runner.dtype,
                input_scale=runner.scale,
                input_zero=runner.zero,
                float_operations=runner.float_operations() if "int8" in flavour.name else (),
                parity=compare(expected, guesses),
                figures=patches.measure(guesses),
            )
    versions = {name: metadata.version(name) for name in PACKAGES}
    first = out / next(iter(flavours.values())).file
    return Written(file=first, found=found, flavours=flavours, made_with=versions)


class _Rows(nn.Module):
    """A patch as rows of pixels of channels, as floats in 0..255: how LiteRT and cameras have it."""

    def __init__(self, net: PatchNet) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, patches: Float[Tensor, "b h w c"], places: Float[Tensor, "b 4"] | None = None
    ) -> tuple[Tensor, ...]:
        """Returns scores, circles, or both."""
        answers = self.net.decode(self.net(patches.permute(0, 3, 1, 2), places))
        return tuple(part for part in answers if part is not None)


class _Largest(nn.Module):
    """LeakyReLU in operations that LiteRT's quantizer knows."""

    def __init__(self, slope: float) -> None:
        super().__init__()
        self.slope = slope

    def forward(self, x: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Returns x, or the slope's share of it below zero."""
        return torch.maximum(x, x * self.slope)


def _converted(model: TorchPatchModel, out: Path, is_whole: bool) -> bytes:
    net = copy.deepcopy(model.net).to(device="cpu", dtype=torch.float32).eval()
    if is_whole:
        for parent in list(net.modules()):
            for name, child in parent.named_children():
                if isinstance(child, nn.LeakyReLU):
                    setattr(parent, name, _Largest(child.negative_slope))
    signature = model.signature
    example = (torch.zeros(1, *signature.input_hw, signature.channels),)
    if signature.has_position:
        example = (*example, torch.zeros(1, 4))
    path = out / ".converted.tflite"
    try:
        litert_torch.convert(_Rows(net).eval(), example).export(str(path))
        return path.read_bytes()
    except Exception as error:
        words = str(error).strip().splitlines() or [type(error).__name__]
        raise ArtifactError(f"{out}: LiteRT cannot express the network: {words[0]}") from error
    finally:
        path.unlink(missing_ok=True)


def _quantised(plain: bytes, flavour: _Flavour, feeds: "_Feeds") -> bytes:
    if flavour.set_up is None:
        return plain
    one = quantizer.Quantizer(plain)
    flavour.set_up(one)
    ranges = _ranges(plain, one, feeds) if one.need_calibration else None
    return bytes(one.quantize(ranges).quantized_model)


def _ranges(plain: bytes, one: quantizer.Quantizer, feeds: "_Feeds") -> dict:
    """Returns the smallest and largest value of each tensor over the representative patches.

    Quantizer.calibrate takes a moving average of each patch's own extremes, which cuts off what only some patches have.
    """
    recipes = recipe_manager.RecipeManager()
    recipes.load_quantization_recipe(one.get_quantization_recipe())
    watched = calibrator.Calibrator(plain, num_threads=1, qsv_update_func=qsv_utils.min_max_update)
    watched.calibrate({SIGNATURE: feeds.representative()}, recipes)
    return watched.get_model_qsvs()


def _float16(one: quantizer.Quantizer) -> None:
    weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    one.update_quantization_recipe(
        regex=".*",
        operation_name=qtyping.TFLOperationName.ALL_SUPPORTED,
        op_config=qtyping.OpQuantizationConfig(
            weight_tensor_config=weights, compute_precision=qtyping.ComputePrecision.FLOAT, explicit_dequantize=True
        ),
        algorithm_key="float_casting",
    )


def _dynamic(one: quantizer.Quantizer) -> None:
    one.load_quantization_recipe(recipe.dynamic_wi8_afp32())


def _static(one: quantizer.Quantizer) -> None:
    one.load_quantization_recipe(recipe.static_wi8_ai8())


def _static_with_float_ends(one: quantizer.Quantizer) -> None:
    _static(one)
    for end in (qtyping.TFLOperationName.INPUT, qtyping.TFLOperationName.OUTPUT):
        one.update_quantization_recipe(regex=".*", operation_name=end, algorithm_key="no_quantize")


FLAVOURS = (
    _Flavour(name="float32", set_up=None),
    _Flavour(name="float16", set_up=_float16),
    _Flavour(name="int8_weights", set_up=_dynamic),
    _Flavour(name="int8_float_ends", set_up=_static_with_float_ends),
    _Flavour(name="int8", set_up=_static, is_whole=True),
)
"""NaoTH's five: float32; float16 weights; int8 weights with mixed operations; int8 operations where LiteRT has them,
floats elsewhere and at the ends; int8 throughout."""


class _Feeds:
    """Patches as LiteRT is given them, one at a time."""

    def __init__(self, signature: PatchSignature, patches: PatchesToCompare) -> None:
        self._signature = signature
        self._patches = patches

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        """Yields each patch, with its place if the network is told."""
        return self._rows(range(len(self._patches.pixels)))

    def representative(self) -> list[dict[str, np.ndarray]]:
        """Returns the patches that ranges are taken from, by the names of the converted network's inputs."""
        rows = spread(len(self._patches.pixels), NUM_REPRESENTATIVE).tolist()
        return [{f"args_{index}": part for index, part in enumerate(parts)} for parts in self._rows(rows)]

    def _rows(self, rows: Iterable[int]) -> Iterator[tuple[np.ndarray, ...]]:
        for row in rows:
            patch = _floats(self._patches.pixels[row])
            if not self._signature.has_position:
                yield (patch,)
                continue
            assert self._patches.places is not None, "a network with a position channel is told where its patches lie"
            yield patch, self._patches.places[row : row + 1]


def _floats(pixels: UInt8[np.ndarray, "h w c"]) -> Patch:
    return pixels[None].astype(np.float32)


class _Runner:
    """A file in LiteRT, one thread, one patch at a time.

    Attributes:
        dtype: of its input.
        scale, zero: of an int8 input: value = scale * (number - zero).
    """

    def __init__(self, path: Path, signature: PatchSignature) -> None:
        self._interpreter = Interpreter(str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        listed = self._interpreter.get_signature_list()[SIGNATURE]
        self._inputs = _in_order(listed["inputs"], self._interpreter.get_input_details())
        self._outputs = _in_order(listed["outputs"], self._interpreter.get_output_details())
        self._names = signature.outputs
        is_float = self._inputs[0]["dtype"] == np.float32
        self.dtype: Literal["float32", "int8"] = "float32" if is_float else "int8"
        self.scale, self.zero = (1.0, 0) if is_float else self._inputs[0]["quantization"]

    def look(self, feeds: _Feeds) -> PatchGuesses:
        """Looks at every patch."""
        columns: dict[str, list[np.ndarray]] = {name: [] for name in self._names}
        for parts in feeds:
            for detail, part in zip(self._inputs, parts, strict=True):
                self._interpreter.set_tensor(detail["index"], _encoded(part, detail))
            self._interpreter.invoke()
            for name, detail in zip(self._names, self._outputs, strict=True):
                columns[name].append(_decoded(self._interpreter.get_tensor(detail["index"]), detail))
        joined = {name: np.concatenate(parts).astype(np.float32) for name, parts in columns.items()}
        return PatchGuesses(scores=joined.get("scores"), circles=joined.get("circles"))

    def float_operations(self) -> tuple[str, ...]:
        """Returns the kinds of operations that read floats, of those that compute."""
        details = {one["index"]: np.dtype(one["dtype"]) for one in self._interpreter.get_tensor_details()}
        found = {
            operation["op_name"]
            for operation in self._interpreter._get_ops_details()
            if operation["op_name"] not in MOVES
            and details.get(int(next(iter(operation["inputs"]), -1))) == np.dtype(np.float32)
        }
        return tuple(sorted(found))


def _in_order(names: list[str], details: list[dict]) -> list[dict]:
    """Returns the tensors behind a signature's names, `args_0` or `output_0` and so on, in their order."""
    return [next(detail for detail in details if name in detail["name"]) for name in sorted(names)]


def _encoded(value: np.ndarray, detail: dict) -> np.ndarray:
    dtype = np.dtype(detail["dtype"])
    if dtype.kind == "f":
        return value.astype(dtype)
    scale, zero = detail["quantization"]
    limits = np.iinfo(dtype)
    return np.clip(np.round(value / scale) + zero, limits.min, limits.max).astype(dtype)


def _decoded(value: np.ndarray, detail: dict) -> np.ndarray:
    if value.dtype.kind == "f":
        return value
    scale, zero = detail["quantization"]
    return (value.astype(np.float32) - zero) * scale


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps converter and quantizer from drawing their own progress."""
    name = "LITERT_TORCH_SHOW_PROGRESS"
    before = os.environ.get(name)
    os.environ[name] = "n"
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
