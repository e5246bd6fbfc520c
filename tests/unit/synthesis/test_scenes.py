"""Whole scenes: ranges, streams, origins, classes, attempts."""

import re
import subprocess
import sys
from dataclasses import fields, is_dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.files import dump_json
from meshsight.records.scene import BackgroundPicture, PlainBackground, Scene
from meshsight.records.scene_json import scene_to_json
from meshsight.specs.scene import classes_of
from meshsight.synthesis.sampler import SceneSampler, draw_scene

PLACEMENTS = pytest.mark.parametrize("placement", ["frustum", "ground"])


def same(a, b):
    return dump_json(jsonable(a)) == dump_json(jsonable(b))


def jsonable(value):
    if isinstance(value, Scene):
        return scene_to_json(value)
    if isinstance(value, np.ndarray):
        return value.tolist()
    if is_dataclass(value):
        return {field.name: jsonable(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value


@PLACEMENTS
@given(st.integers(0, 10_000), st.integers(0, 3))
def test_a_frame_is_drawn_alike_however_it_is_reached(assets, make_spec, placement, frame, attempt):
    spec = make_spec(placement=placement)
    sampler = SceneSampler(spec=spec, assets=assets)
    sampler.draw(frame + 1)
    assert same(sampler.draw(frame, attempt), draw_scene(spec, assets, frame, attempt))


def test_another_process_draws_the_same_scene(tmp_path):
    code = (
        "import sys\n"
        "from meshsight.assets.library import AssetLibrary\n"
        "from pathlib import Path\n"
        "from meshsight.core.files import dump_json\n"
        "from meshsight.presets.basic import basic\n"
        "from meshsight.records.scene_json import scene_to_json\n"
        "from meshsight.synthesis.sampler import draw_scene\n"
        "sys.stdout.write(dump_json(scene_to_json(draw_scene(basic(), AssetLibrary(Path('.'), {}), 7))))\n"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    )
    assert first == second
    assert len(first) > 1000


def test_frames_seeds_and_attempts_differ(assets, make_spec):
    spec = make_spec()
    scenes = [
        draw_scene(spec, assets, 0),
        draw_scene(spec, assets, 1),
        draw_scene(spec, assets, 0, attempt=1),
        draw_scene(spec.evolve(seed=1), assets, 0),
    ]
    assert len({scene.T_world_cam.tobytes() for scene in scenes}) == 4


@PLACEMENTS
def test_one_randomiser_does_not_move_the_others(assets, make_spec, placement):
    """Each change below leaves every part of the scene alone that it does not touch physically."""
    base = make_spec(count=3, distractors={"count": 2}, placement=placement)
    changes = {
        "distractors": {"distractors": {**base.distractors.model_dump(), "count": 5}},
        "materials": {"materials": {"probability": 1.0, "roughness": [0, 1], "texture_probability": 1.0}},
        "lights": {"lights": {"suns": {"count": 3}, "points": {"count": 3}}},
        "environment": {"environment": {"strength": 1.0}},
        "backgrounds": {"backgrounds": [{"kind": "plain"}]},
        "sensor": {"sensor": {"exposure_ev": None}},
    }
    before = draw_scene(base, assets, 4)
    for name, change in changes.items():
        after = draw_scene(base.evolve(**change), assets, 4)
        assert not same(before, after), name
        assert same(before.camera, after.camera), name
        assert same(before.T_world_cam, after.T_world_cam), name
        for old, new in zip(before.objects[:3], after.objects[:3], strict=True):
            assert same(old.T_world_object, new.T_world_object), name
            assert name == "materials" or same(old.material, new.material), name
        assert same(before.objects[3:], after.objects[3:5]), name
        assert name == "lights" or same([before.suns, before.point_lights], [after.suns, after.point_lights]), name
        assert name == "environment" or same(before.environment, after.environment), name
        assert name == "backgrounds" or same(before.background, after.background), name
        assert name == "sensor" or same(before.sensor, after.sensor), name
        assert same(before.ground, after.ground), name


def test_the_parts_of_one_randomiser_do_not_move_each_other(assets, make_spec):
    base = make_spec(materials={"probability": 1.0, "roughness": [0, 1], "metallic": [0, 1]})
    before = draw_scene(base, assets, 0)
    sensor = draw_scene(base.evolve(sensor={"exposure_ev": None, "white_balance": None}), assets, 0).sensor
    assert (sensor.blur_sigma_px, sensor.read_noise, sensor.seed) == (
        before.sensor.blur_sigma_px,
        before.sensor.read_noise,
        before.sensor.seed,
    )
    smooth = draw_scene(base.evolve(materials={"probability": 1.0, "metallic": [0, 1]}), assets, 0)
    for old, new in zip(before.objects, smooth.objects, strict=True):
        if old.class_id is not None:
            assert new.material.roughness is None
            assert (old.material.tint, old.material.metallic) == (new.material.tint, new.material.metallic)


def resolve(scene, path):
    value = scene
    for name, index in re.findall(r"([A-Za-z_]+)|\[(\d+)\]", path):
        value = getattr(value, name) if name else value[int(index)]
    return value


@PLACEMENTS
@given(st.integers(0, 10_000))
def test_every_origin_names_a_place_in_the_scene(assets, make_spec, placement, frame):
    scene = draw_scene(make_spec(placement=placement), assets, frame)
    for path, origin in scene.origins.items():
        resolve(scene, path)
        assert origin
    for k, thing in enumerate(scene.objects):
        assert f"objects[{k}].T_world_object" in scene.origins
        assert f"objects[{k}].scale" in scene.origins
        has_tint = f"objects[{k}].material.tint" in scene.origins
        assert has_tint == (thing.material.tint != (1.0, 1.0, 1.0))


def test_an_origin_says_who_drew_a_value_and_from_what(assets, make_spec):
    spec = make_spec(objects=[{"name": "cube", "mesh": "cube", "scale": [0.9, 1.1]}], count=1)
    scene = draw_scene(spec, assets, 0)
    assert scene.origins["objects[0].scale"] == "objects[0].scale uniform(0.9, 1.1)"
    assert scene.origins["environment.strength"] == "environment.strength log_uniform(0.4, 1.3)"


@given(st.integers(0, 10_000))
def test_everything_stays_in_its_range(assets, make_spec, frame):
    spec = make_spec(
        objects=[{"name": "cube", "mesh": "cube", "scale": [0.5, 2]}, {"name": "ball", "mesh": "ball", "scale": 3}],
        count=[2, 4],
        distractors={"count": [1, 2]},
        materials={"probability": 1, "brightness": [0.5, 0.6], "saturation": 0, "roughness": [0.2, 0.3]},
        lights={
            "suns": {"count": 2, "elevation_deg": [30, 40], "irradiance": 2},
            "points": {"count": 1, "irradiance": 0.7, "distance": [2, 3]},
        },
        environment={"source": {"kind": "procedural", "families": ["sky", "hall"], "seeds": [7, 9]}},
        backgrounds=[{"kind": "procedural", "families": ["room"], "seeds": [3, 3], "zoom": [1, 4]}],
        sensor={"exposure_ev": [-1, 1], "jpeg_quality": [30, 40], "jpeg_probability": 1},
    )
    scene = draw_scene(spec, assets, frame)
    labelled = [o for o in scene.objects if o.class_id is not None]
    assert 2 <= len(labelled) <= 4
    assert 1 <= len(scene.objects) - len(labelled) <= 2
    assert [o.instance_id for o in scene.objects] == list(range(1, len(scene.objects) + 1))
    for thing in labelled:
        assert (thing.class_id, thing.mesh) in ((0, "cube"), (1, "ball"))
        assert 0.5 <= thing.scale <= 2 if thing.mesh == "cube" else thing.scale == 3
        assert 0.5 <= thing.material.tint[0] == thing.material.tint[1] == thing.material.tint[2] <= 0.6
        assert thing.material.roughness is not None
        assert 0.2 <= thing.material.roughness <= 0.3
    for sun in scene.suns:
        assert np.linalg.norm(sun.direction) == pytest.approx(1)
        assert np.sin(np.deg2rad(30)) <= sun.direction[2] <= np.sin(np.deg2rad(40))
        assert np.dot(sun.irradiance, [0.2126, 0.7152, 0.0722]) == pytest.approx(2)
    assert re.fullmatch(r"environment:(sky|hall)/[789]", scene.environment.ref)
    assert 0 <= scene.environment.rotation_rad <= 2 * np.pi
    assert isinstance(scene.background, BackgroundPicture)
    assert scene.background.ref == "background:room/3"
    left, top, right, bottom = scene.background.crop
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    assert right - left >= 0.25
    assert -1 <= scene.sensor.exposure_ev <= 1
    assert 30 <= scene.sensor.jpeg_quality <= 40


def test_a_lamp_gives_the_asked_irradiance_in_the_middle(assets, make_spec):
    spec = make_spec(
        placement="ground", lights={"points": {"count": 1, "irradiance": 0.7, "temperature_k": 6500}}, count=2
    )
    lamp = draw_scene(spec, assets, 0).point_lights[0]
    distance = np.linalg.norm(lamp.position)
    assert np.dot(lamp.intensity, [0.2126, 0.7152, 0.0722]) / distance**2 == pytest.approx(0.7)


def test_a_photograph_is_cropped_to_the_images_aspect(assets, make_spec):
    """The handmade picture is 300x400, the image 480x640 or 100x400."""
    files = [{"kind": "files", "files": ["photo.jpg"], "zoom": 2}]
    for size_hw in ((480, 640), (100, 400)):
        background = draw_scene(make_spec(backgrounds=files, image={"size_hw": size_hw}), assets, 0).background
        assert isinstance(background, BackgroundPicture)
        left, top, right, bottom = background.crop
        assert (right - left) * 400 / ((bottom - top) * 300) == pytest.approx(size_hw[1] / size_hw[0])
        assert max(right - left, bottom - top) == pytest.approx(0.5)


def test_backgrounds_are_chosen_by_weight(assets, make_spec):
    backgrounds = [{"kind": "plain", "weight": 3}, {"kind": "environment", "weight": 1}]
    sampler = SceneSampler(spec=make_spec(backgrounds=backgrounds, count=1, distractors={"count": 0}), assets=assets)
    kinds = [sampler.draw(frame).background for frame in range(200)]
    plain = [background for background in kinds if background is not None]
    assert all(isinstance(background, PlainBackground) for background in plain)
    assert len(plain) / 200 == pytest.approx(0.75, abs=0.07)


def test_several_meshes_can_be_one_class(assets, make_spec):
    objects = [
        {"name": "block", "mesh": "box"},
        {"name": "round", "mesh": "ball", "weight": 2},
        {"name": "block", "mesh": "cube"},
    ]
    spec = make_spec(objects=objects, count=4, distractors={"count": 0})
    assert classes_of(spec) == ("block", "round")
    sampler = SceneSampler(spec=spec, assets=assets)
    drawn = [(thing.mesh, thing.class_id) for frame in range(60) for thing in sampler.draw(frame).objects]
    assert set(drawn) == {("box", 0), ("ball", 1), ("cube", 0)}
    assert np.mean([class_id for _, class_id in drawn]) == pytest.approx(0.5, abs=0.09)


def test_without_repeats_each_entry_appears_at_most_once(assets, make_spec):
    sampler = SceneSampler(spec=make_spec(count=4, allow_repeats=False, distractors={"count": 0}), assets=assets)
    for frame in range(10):
        assert sorted(thing.mesh for thing in sampler.draw(frame).objects) == ["ball", "box", "cone", "cube"]


def test_meshes_are_read_once_for_all_frames(assets, make_spec):
    sampler = SceneSampler(spec=make_spec(), assets=assets)
    assets.asked.clear()
    for frame in range(5):
        sampler.draw(frame)
    assert sorted(assets.asked) == sorted(set(assets.asked))
