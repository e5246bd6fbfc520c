import pytest
import torch
from torch import nn

from meshsight.core.errors import CallError
from meshsight.training import precision
from meshsight.training.precision import choose_device, find_machine, has_depthwise, place

CPU = torch.device("cpu")
DENSE = nn.Conv2d(8, 8, 3)
DEPTHWISE = nn.Sequential(nn.Conv2d(8, 8, 3, groups=8), nn.Conv2d(8, 8, 1))


@pytest.mark.parametrize(
    ("wanted", "flags", "network", "expected", "reason"),
    [
        ("auto", "sse avx512_bf16", DENSE, "bfloat16", "native"),
        ("auto", "sse amx_bf16", DENSE, "bfloat16", "native"),
        ("auto", "sse avx512f", DENSE, "float32", "no native"),
        ("auto", "", DENSE, "float32", "no native"),
        ("auto", "avx512_bf16", DEPTHWISE, "float32", "depthwise"),
        ("bfloat16", "", DEPTHWISE, "bfloat16", "asked for"),
        ("float32", "avx512_bf16", DENSE, "float32", "asked for"),
    ],
)
def test_bfloat16_is_taken_where_it_pays(monkeypatch, wanted, flags, network, expected, reason) -> None:
    monkeypatch.setattr(precision, "_cpu_field", lambda name: {"flags": flags}.get(name, "a processor"))
    machine = find_machine(wanted, CPU, network)
    assert machine.precision == expected
    assert reason in machine.precision_reason
    assert machine.device_name == "a processor"


def test_grouped_convolutions_are_not_depthwise() -> None:
    assert not has_depthwise(nn.Conv2d(8, 8, 3, groups=2))
    assert not has_depthwise(nn.Conv2d(1, 1, 3))
    assert has_depthwise(DEPTHWISE)


@pytest.mark.parametrize("wanted", ["gpu", "cuda:99", "mps", "cpu0"])
def test_devices_that_are_not_there_are_refused(wanted: str) -> None:
    with pytest.raises(CallError, match=f"--device {wanted}"):
        choose_device(wanted)


def test_weights_lie_channels_last() -> None:
    placed = place(nn.Conv2d(4, 8, 3), CPU)
    assert placed.weight.is_contiguous(memory_format=torch.channels_last)
