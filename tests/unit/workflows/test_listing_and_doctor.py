"""What `list` and `doctor` say about this installation."""

import subprocess
import sys
from importlib import metadata
from typing import Any

import pytest

from meshsight.core.errors import CallError
from meshsight.workflows.doctor import Diagnosis, doctor
from meshsight.workflows.extras import missing_packages
from meshsight.workflows.init import PRESET_KINDS, init
from meshsight.workflows.listing import list_kinds


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("models", {("detector", "dense"), ("backbone", "tiny"), ("neck", "fpn"), ("head", "aligned")}),
        ("renderers", {("renderer", "raster")}),
        ("formats", {("format", "coco"), ("format", "voc"), ("format", "meshsight"), ("export format", "onnx")}),
        ("presets", {("preset", "basic"), ("preset", "retinanet"), ("preset", "small")}),
    ],
)
def test_every_kind_is_listed_with_one_sentence(topic: str, expected: set[tuple[str, str]]) -> None:
    entries = list_kinds(topic)
    assert expected <= {(entry.noun, entry.kind) for entry in entries}
    for entry in entries:
        assert len(entry.summary) > 10
        assert "of the walk" not in entry.summary


def test_an_unknown_topic_is_refused() -> None:
    with pytest.raises(CallError, match="nothing to list under 'model'; did you mean 'models'"):
        list_kinds("model")


def test_an_unknown_preset_is_refused() -> None:
    with pytest.raises(CallError, match="no preset of kind 'smal'; did you mean 'small'"):
        init("smal")


@pytest.mark.parametrize("preset", PRESET_KINDS.names)
def test_every_preset_has_a_commented_recipe(preset: str) -> None:
    recipe = init(preset)
    assert recipe.startswith("# ")
    assert "\nversion: 1\n" in recipe


def test_missing_packages_are_those_of_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    version = metadata.version

    def without_torch(name: str) -> str:
        if name == "torch":
            raise metadata.PackageNotFoundError(name)
        return "0.1" if name == "timm" else version(name)

    monkeypatch.setattr(metadata, "version", without_torch)
    assert missing_packages("train") == ("torch", "timm")


def test_a_machine_without_opengl_can_still_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    found = diagnose(
        monkeypatch, {"opengl": (1, "", "no OpenGL 3.3 on this machine; install it with `apt-get install x`")}
    )
    opengl = next(finding for finding in found.findings if finding.name.startswith("OpenGL"))
    assert (opengl.status, opengl.detail) == (
        "bad",
        "no OpenGL 3.3 on this machine; install it with `apt-get install x`",
    )
    assert "raycast" in opengl.advice
    assert found.is_base_working


def test_a_driver_that_kills_its_process_is_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    found = diagnose(monkeypatch, {"opengl": (-11, "", "")})
    assert next(f for f in found.findings if f.name.startswith("OpenGL")).detail == "ended with -11"


def test_a_machine_that_cannot_draw_at_all_is_not_working(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not diagnose(monkeypatch, {"opengl": (1, "", "a"), "embree": (1, "", "b")}).is_base_working
    assert not diagnose(monkeypatch, {"onnx_runtime": (1, "", "c")}).is_base_working


def diagnose(monkeypatch: pytest.MonkeyPatch, answers: dict[str, tuple[int, str, str]]) -> Diagnosis:
    """Runs `doctor` with probes that answer as told, and well otherwise."""

    run = subprocess.run

    def answer(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        if command[0] != sys.executable:
            return run(command, **options)
        code, out, err = answers.get(command[-1].rpartition(".")[2], (0, "fine\n", ""))
        return subprocess.CompletedProcess(command, code, out, err)

    monkeypatch.setattr(subprocess, "run", answer)
    return doctor()


def test_the_embree_probe_tells_the_truth() -> None:
    command = [sys.executable, "-m", "meshsight.workflows.probes.embree"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"embreex {metadata.version('embreex')}\n"
