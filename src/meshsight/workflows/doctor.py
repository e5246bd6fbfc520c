"""`doctor`: what this machine has for the walk, and what to do about what is missing."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

import meshsight
from meshsight.execution.capacity import usable_bytes, usable_cores
from meshsight.workflows.extras import EXTRAS, missing_packages

Status = Literal["ok", "note", "missing", "bad"]

PROBE_SECONDS = 120
LEAST_DISK = 5 << 30
LEAST_MEMORY = 4 << 30
GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at.

    Attributes:
        name: what it is.
        status: ok; note, which is worth knowing; missing, which costs a feature; bad, which must be mended.
        detail: what was found.
        advice: what to do, or nothing.
    """

    name: str
    status: Status
    detail: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """All findings, in the order of the walk.

    Attributes:
        is_base_working: scenes can be drawn and exported detectors run.
        findings: what was looked at.
    """

    is_base_working: bool
    findings: tuple[Finding, ...]


def doctor(folder: Path | None = None) -> Diagnosis:
    """Looks at this machine.

    Args:
        folder: where results will be written; None for the current folder.
    """
    opengl = _probe("opengl", "OpenGL (renderer raster)", "draw with the renderer 'raycast' meanwhile")
    embree = _probe("embree", "Embree (renderer raycast)", "pip install --force-reinstall embreex")
    onnx_runtime = _probe("onnx_runtime", "ONNX Runtime (predict)", "pip install --force-reinstall onnxruntime")
    findings = (
        Finding(name="meshsight", status="ok", detail=f"{meshsight.__version__}, in {Path(meshsight.__file__).parent}"),
        Finding(name="Python", status="ok", detail=f"{platform.python_version()} on {platform.platform()}"),
        _cores(),
        _memory(),
        _disk(folder or Path.cwd()),
        opengl,
        embree,
        onnx_runtime,
        _torch(),
        *(_extra(name) for name in EXTRAS),
    )
    can_draw = "ok" in (opengl.status, embree.status)
    return Diagnosis(is_base_working=can_draw and onnx_runtime.status == "ok", findings=findings)


def _cores() -> Finding:
    usable, logical = usable_cores(), os.cpu_count() or 1
    return Finding(name="processor", status="ok", detail=f"{usable} cores to use, {logical} hardware threads")


def _memory() -> Finding:
    free, total = usable_bytes(), psutil.virtual_memory().total
    is_short = free < LEAST_MEMORY
    return Finding(
        name="memory",
        status="note" if is_short else "ok",
        detail=f"{free / GIB:.1f} GiB free of {total / GIB:.1f} GiB",
        advice="close other programs, or generate with --workers 1 and train with a smaller batch" if is_short else "",
    )


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    is_short = free < LEAST_DISK
    return Finding(
        name="disk",
        status="note" if is_short else "ok",
        detail=f"{free / GIB:.1f} GiB free in {folder}",
        advice="1,000 images of 640x480 take about 0.3 GiB; free space or work in another folder" if is_short else "",
    )


def _extra(extra: str) -> Finding:
    missing = missing_packages(extra)
    if not missing:
        return Finding(name=f"extra [{extra}]", status="ok", detail="installed")
    return Finding(
        name=f"extra [{extra}]",
        status="missing",
        detail=f"not installed: {', '.join(missing)}",
        advice=f"pip install 'meshsight[{extra}]'",
    )


def _torch() -> Finding:
    name = "torch (train, export)"
    if missing_packages("train"):
        return Finding(name=name, status="missing", detail="not all of the extra [train] is installed")
    return _probe("torch", name, "reinstall the matching pair: pip install --force-reinstall 'meshsight[train]'")


def _probe(module: str, name: str, advice: str) -> Finding:
    """Runs a probe in a process of its own."""
    command = [sys.executable, "-m", f"meshsight.workflows.probes.{module}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROBE_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return Finding(name=name, status="bad", detail=f"no answer in {PROBE_SECONDS} s", advice=advice)
    if done.returncode == 0:
        return Finding(name=name, status="ok", detail=done.stdout.strip())
    lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
    return Finding(name=name, status="bad", detail=lines[-1], advice=advice)
