"""What this machine can compute with, found out once and written into the run."""

import logging
import platform
from pathlib import Path
from typing import Literal, TypeVar

import torch
from torch import nn

from meshsight.core.errors import CallError
from meshsight.specs.base import Spec

Network = TypeVar("Network", bound=nn.Module)

log = logging.getLogger(__name__)

CPU_FLAGS_WITH_BFLOAT16 = frozenset({"avx512_bf16", "amx_bf16"})
"""Flags of Linux's /proc/cpuinfo. Elsewhere torch emulates bfloat16, which is slower than float32."""

Precision = Literal["float32", "bfloat16", "float16"]


class MachineFacts(Spec):
    """Where a run computed, and how."""

    device: str
    device_name: str
    precision: Precision
    precision_reason: str
    channels_last: bool
    threads: int
    """Threads of one operation on the CPU."""
    torch: str


def choose_device(wanted: str) -> torch.device:
    """Turns `auto`, `cpu`, `cuda` or `cuda:1` into a device that exists.

    Raises:
        CallError: no such device here.
    """
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise CallError(f"--device {wanted}: expected auto, cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise CallError(f"--device {wanted}: expected auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise CallError(f"--device {wanted}: torch {torch.__version__} sees {torch.cuda.device_count()} CUDA devices")
    return device


def find_machine(wanted: str, device: torch.device, network: nn.Module) -> MachineFacts:
    """Decides on precision and memory layout, with the reason."""
    precision, reason = _choose_precision(wanted, device, network)
    is_cuda = device.type == "cuda"
    return MachineFacts(
        device=str(device),
        device_name=torch.cuda.get_device_name(device) if is_cuda else _processor_name(),
        precision=precision,
        precision_reason=reason,
        channels_last=True,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
    )


def place(network: Network, device: torch.device) -> Network:
    """Moves a network to a device, its convolutions channels-last in memory, which every device computes faster."""
    return network.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def _choose_precision(wanted: str, device: torch.device, network: nn.Module) -> tuple[Precision, str]:
    native = has_native_bfloat16(device)
    if wanted == "bfloat16":
        if not native:
            log.warning("precision bfloat16 as asked for, but this processor emulates it: expect it to be slow")
        return "bfloat16", "asked for"
    if wanted == "float32":
        return "float32", "asked for"
    if wanted == "float16":
        return "float16", "asked for"
    if not native:
        return "float32", "this processor has no native bfloat16"
    if device.type == "cpu" and has_depthwise(network):
        return "float32", "bfloat16 slows depthwise convolutions down on a CPU"
    return "bfloat16", "native on this processor"


def has_native_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is computed in hardware."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return not CPU_FLAGS_WITH_BFLOAT16.isdisjoint(_cpu_field("flags").split())


def has_depthwise(network: nn.Module) -> bool:
    """Whether any convolution works on each channel alone."""
    return any(isinstance(part, nn.Conv2d) and part.groups == part.in_channels > 1 for part in network.modules())


def _processor_name() -> str:
    return _cpu_field("model name") or platform.processor() or platform.machine()


def _cpu_field(name: str) -> str:
    """The first value of a field of /proc/cpuinfo; empty where there is no such file."""
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return ""
    for line in cpuinfo.read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return ""
