"""Patch networks through the same loop as detectors: they learn, go on after a stop, and refuse what does not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from meshsight.core.errors import DataError
from meshsight.datasets.patches.arrays import joined, read_patches
from meshsight.training.fit import Resources, TrainingRequest, fit
from meshsight.training.metrics import read_metrics
from meshsight.training.patches.preparing import hold_out, prepare_patches
from meshsight.training.patches.source import PatchSource
from meshsight.training.run_folder import RunFiles

QUIET = Resources(device="cpu", threads=1, workers=0)


def request(spec, out: Path, data, val=(), is_resumed: bool = False) -> TrainingRequest:
    return TrainingRequest(
        spec=spec, data=tuple(data), validation=tuple(val), out=out, is_resumed=is_resumed, resources=QUIET
    )


def test_a_joint_network_learns_and_its_threshold_is_chosen_for_precision(tmp_path, make_patches, make_recipe) -> None:
    spec = make_recipe("joint", steps=250, augmentation={"flip_vertical": 0.5})
    data, val = make_patches("train", 2000), make_patches("val", 400, seed=1)
    manifest = fit(request(spec, tmp_path / "run", [data], [val]), [], lambda: False)
    best = manifest.best
    assert best is not None and manifest.status == "finished"
    assert best.figures["average_precision"] > 0.97
    assert best.figures["precision"] >= 0.97
    assert best.figures["centre_px"] < 2.0
    assert 0 < best.figures["threshold"] < 1
    lines = [line for line in read_metrics(RunFiles(tmp_path / "run").metrics) if line["event"] == "validation"]
    assert lines[-1]["recall"] > 0.8
    assert json.loads((tmp_path / "run" / "run.json").read_text())["spec"]["net"]["kind"] == "joint"


def test_a_stopped_run_goes_on_to_the_same_weights(tmp_path, make_patches, make_recipe) -> None:
    spec, data = make_recipe(steps=24), make_patches()
    fit(request(spec, tmp_path / "whole", [data]), [], lambda: False)
    calls = iter(range(1000))
    fit(request(spec, tmp_path / "parts", [data]), [], lambda: next(calls) >= 11)
    manifest = fit(request(spec, tmp_path / "parts", [data], is_resumed=True), [], lambda: False)
    assert manifest.step == 24
    whole, parts = (load_file(RunFiles(tmp_path / name).weights) for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    for name, tensor in whole.items():
        np.testing.assert_array_equal(parts[name], tensor)


def test_the_mean_of_the_training_patches_is_part_of_the_weights(tmp_path, make_patches, make_recipe) -> None:
    data = make_patches()
    spec = make_recipe(steps=1, validation={"share": 0.0})
    fit(request(spec, tmp_path / "run", [data]), [], lambda: False)
    mean = load_file(RunFiles(tmp_path / "run").weights)["net.entry.mean"]
    assert mean == pytest.approx(read_patches(data, "ball").pixels.mean() / 255, abs=1e-5)


def test_a_network_that_only_locates_learns_from_balls_alone(make_patches, make_recipe) -> None:
    data = make_patches(count=200)
    circles, joint = (prepare_patches(make_recipe(kind), [data], []) for kind in ("circle", "joint"))
    assert circles.source.labels.has_circle.all()
    assert len(circles.source.labels) == joint.source.labels.has_circle.sum() < len(joint.source.labels)


def test_an_epoch_sees_every_patch_once_in_a_new_order(make_patches, make_recipe) -> None:
    patches = read_patches(make_patches(count=100), "ball")
    source = PatchSource(labels=patches, augmentation=make_recipe().augmentation, batch_size=40, seed=0)
    rows = np.concatenate([source._rows(k) for k in range(5)])
    assert sorted(rows[:100]) == sorted(rows[100:]) == list(range(100))
    assert list(rows[:100]) != list(rows[100:]) and list(rows[:100]) != list(range(100))


def test_held_out_patches_are_whole_groups_with_and_without_balls(make_patches) -> None:
    patches = read_patches(make_patches(count=400), "ball")
    learnt, held = hold_out(patches, 0.2, seed=3)
    assert len(learnt) + len(held) == 400
    assert not set(learnt.groups) & set(held.groups)
    assert 0.1 < len(held) / 400 < 0.3 and 0.4 < held.balls.mean() < 0.6


def test_two_sets_become_one_and_their_groups_stay_apart(make_patches) -> None:
    first, second = (read_patches(make_patches(name, 40), "ball") for name in ("a", "b"))
    both = joined([first, second])
    assert len(both) == 80 and len(np.unique(both.groups)) == 20
    np.testing.assert_array_equal(both.pixels[40:], second.pixels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"net": {"kind": "classifier", "channels": 3}}, "16x16 px of 1 channel; the network takes .* 3 channels"),
        ({"net": {"kind": "classifier", "has_position": True}}, "where its patches were cut"),
        ({"ball": "football"}, "no class 'football'; there are ball"),
        ({"net": {"kind": "circle"}}, "no circle in it, only classes"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_first_step(
    tmp_path, make_patches, make_recipe, changes, message
) -> None:
    with pytest.raises(DataError, match=message):
        fit(request(make_recipe(**changes), tmp_path / "run", [make_patches(has_circles=False)]), [], lambda: False)
    assert not (tmp_path / "run").exists()
