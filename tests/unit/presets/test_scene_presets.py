"""The scene presets: they read back, keep to their sources' numbers, and read their sources' own settings."""

import json
import math
import re

import numpy as np
import pytest
import yaml

from meshsight.assets.library import AssetLibrary
from meshsight.core.errors import CallError, SpecError
from meshsight.presets import _hall, blender_gen, cv_bench, dope, palletjack
from meshsight.presets._counts import between
from meshsight.presets._cv_bench_grid import grid_for
from meshsight.specs.base import parse_spec
from meshsight.specs.distributions import Constant, Uniform
from meshsight.specs.scene import SceneSpec, imports_of
from meshsight.synthesis.rejection import RejectedScene
from meshsight.synthesis.sampler import draw_scene
from meshsight.synthesis.sampling import sample_count
from meshsight.workflows.init import PRESET_KINDS, init, variants_of

SCENES = ["basic", "blender-gen", "cv-bench", "dope", "dope-readme", "palletjack"]


def scene_of(name):
    return parse_spec(SceneSpec, yaml.safe_load(init(name)), name)


def scenes(spec, count, root):
    """Draws the first scenes that are not rejected."""
    assets = AssetLibrary(root, imports_of(spec))
    for frame in range(count):
        for attempt in range(50):
            try:
                yield draw_scene(spec, assets, frame, attempt)
                break
            except RejectedScene:
                continue
        else:
            raise AssertionError(f"frame {frame} was always rejected")


@pytest.mark.parametrize("name", SCENES)
def test_the_printed_recipe_reads_back_and_explains_itself(name):
    spec = scene_of(name)
    module = PRESET_KINDS.module(name.replace("-", "_"))
    function = getattr(module, name.replace("-", "_"), None) or dope.dope_readme
    assert spec == function()
    text = init(name)
    assert text.startswith("# ")
    assert text.count("# ") > 60


def test_variants_read_back():
    for name in ("palletjack", "dope"):
        for variant in variants_of(name):
            assert scene_of(f"{name}/{variant}") == PRESET_KINDS.module(name).VARIANTS[variant].make()


def test_whole_numbers_are_equally_likely():
    rng = np.random.default_rng(0)
    for low, high in ((0, 3), (50, 53)):
        drawn = [sample_count(between(low, high), rng) for _ in range(4000)]
        assert sorted(set(drawn)) == list(range(low, high + 1))
        assert np.bincount(drawn)[low:].min() > 880
    assert between(2, 2) == Constant(value=2)


def test_palletjack_keeps_to_the_numbers_of_its_source(tmp_path):
    spec = palletjack.palletjack()
    assert (spec.image.size_hw, spec.frames) == ((544, 960), 1000)
    assert (len(_hall.WAREHOUSE), len(_hall.OFFICE)) == (31, 34)
    drawn = list(scenes(spec, 8, tmp_path))
    eyes = np.array([scene.T_world_cam[:3, 3] for scene in drawn])
    low, high = np.array([-9.2, -11.8, 0.4]), np.array([7.2, 15.8, 4.0])
    assert (eyes >= low).all()
    assert (eyes <= high).all()
    spread = (high - low) / math.sqrt(12 * len(drawn))
    np.testing.assert_array_less(np.abs(eyes.mean(axis=0) - (low + high) / 2), 4 * spread)
    for scene in drawn:
        towards = -scene.T_world_cam[:3, 3] / np.linalg.norm(scene.T_world_cam[:3, 3])
        np.testing.assert_allclose(scene.T_world_cam[:3, 2], towards, atol=1e-9)
        trucks = [thing for thing in scene.objects if thing.class_id == 0]
        others = [thing for thing in scene.objects if thing.class_id is None]
        assert (len(trucks), len(others)) == (6, 62)
        assert all(thing.scale == 1 for thing in trucks)
        assert all(1 <= thing.scale <= 1.5 for thing in others)
        assert len({thing.part_materials[0].material.color for thing in trucks}) == 6
        floor, wall = scene.walls[0], scene.walls[1]
        assert floor.texture and wall.texture
        assert {floor.metallic, wall.metallic} <= {0.0, 1.0}
    places = np.array([thing.T_world_object[:2, 3] for scene in drawn for thing in scene.objects])
    assert places.min(axis=0) == pytest.approx([-6, -6], abs=0.2)
    assert places.max(axis=0) == pytest.approx([6, 12], abs=0.2)
    on = np.mean([len(scene.area_lights) for scene in drawn]) / 21
    assert on == pytest.approx(palletjack.SHARE_POSITIVE / 7, abs=0.05)
    brightness = [max(light.radiance) for scene in drawn for light in scene.area_lights]
    assert min(brightness) >= 0


def test_palletjack_without_distractors_has_none(tmp_path):
    (scene,) = scenes(palletjack.palletjack(()), 1, tmp_path)
    assert all(thing.class_id == 0 for thing in scene.objects)


def test_dope_keeps_to_the_counts_of_code_and_readme(tmp_path):
    counts = ((dope.dope(), (50, 75), (20, 30)), (dope.dope_readme(), (20, 30), (50, 75)))
    for spec, objects, distractors in counts:
        scene, later = scenes(spec, 2, tmp_path)
        assert [thing.mesh for thing in later.objects] == [thing.mesh for thing in scene.objects]
        way = [
            o.T_world_object[:3, 3] - p.T_world_object[:3, 3] for o, p in zip(later.objects, scene.objects, strict=True)
        ]
        assert 0.01 < np.median(np.linalg.norm(way, axis=1)) < 0.5 and later.environment.ref == scene.environment.ref
        x, y, z = np.array([thing.T_world_object[:3, 3] for thing in scene.objects]).T
        assert x.min() > 0.1 and x.max() < 2 and (np.maximum(np.abs(y), np.abs(z)) < 0.5 + 0.2 * x).all()
        assert objects[0] <= sum(thing.class_id is not None for thing in scene.objects) <= objects[1]
        assert distractors[0] <= sum(thing.class_id is None for thing in scene.objects) <= distractors[1]
        assert 1.1 <= scene.environment.strength <= 2
        assert scene.camera.fx == pytest.approx(603.55, abs=0.01)
        np.testing.assert_allclose(scene.T_world_cam[:3, 2], [1, 0, 0], atol=1e-12)
        roughness = [thing.material.roughness for thing in scene.objects]
        assert 0.1 <= min(roughness) <= max(roughness) <= 0.5


def test_dope_reads_the_forks_file(tmp_path):
    (tmp_path / "hyperparameters.json").write_text(
        json.dumps({"obj": "listerine", "imgs": 400, "spp": 100, "nb_frames": 100, "nb_objects": "3,5",
                    "nb_distractors": 4, "epochs": 10, "focal-length": 700, "box_size": 1.0, "strange": 1})
    )  # fmt: skip
    text = init("dope", tmp_path / "hyperparameters.json")
    spec = parse_spec(SceneSpec, yaml.safe_load(text), "dope")
    assert spec.objects[0].mesh == "models/listerine"
    assert (spec.objects[0].symmetry, spec.objects[0].load.unit) == ("file", "m")
    assert (spec.frames, spec.objects[0].name) == (400, "listerine")
    assert spec.worlds is not None
    assert spec.worlds.frames == 100
    assert (spec.count, spec.distractors.count) == (between(3, 5), Constant(value=4))
    assert spec.placement.model_dump()["y_m"] == (-1, 1)
    assert spec.camera.model_dump()["intrinsics"]["fx"] == 700
    assert "# Made from hyperparameters.json. Passed over: strange." in text
    assert "--set renderer.kind=cycles --set renderer.samples=100\n" in text
    assert spec.motion is None
    (tmp_path / "options.json").write_text(json.dumps({"noise": True, "motionblur": True, "skip_frame": 48}))
    text = init("dope", tmp_path / "options.json")
    assert "--set renderer.kind=cycles --set renderer.denoiser=none\n" in text
    blurred = parse_spec(SceneSpec, yaml.safe_load(text), "dope")
    assert blurred.motion is not None
    assert blurred.motion.shutter_s == Constant(value=1 / 240)
    assert blurred.placement.model_dump()["seconds"] == pytest.approx(0.2)


def test_dopes_folder_of_objects_has_a_class_for_each_folder(tmp_path):
    for name in ("soup", "mustard"):
        (tmp_path / "models" / name / "google_16k").mkdir(parents=True)
    (tmp_path / "options.json").write_text(json.dumps({"objs_folder": "models/", "scale": 0.01}))
    spec = parse_spec(SceneSpec, yaml.safe_load(init("dope", tmp_path / "options.json")), "dope")
    assert [(entry.name, entry.mesh) for entry in spec.objects] == [
        ("mustard", "models/mustard"),
        ("soup", "models/soup"),
    ]


CONFIG = '''
"""A configuration."""
import numpy as np
from math import pi

class cfg:
    seed = 7
    out_folder = 'blade'
    model_paths = ['./models/blade.obj', "./models/blade_b.ply"]
    bg_paths = ['./bg']
    environment_paths = ["./environment"]
    distractor_paths = 3 * ['./distractors/Cube']
    max_distractor_objects = 2
    object_texture_path = ''
    emission_min: float = 1
    emission_max = 8
    cam_rmin = .3
    cam_rmax = cam_rmin + 0.8
    cam_incmax = np.pi / 2
    cam_azimax = 2 * pi
    cam_lens_unit = 'MILLIMETERS'
    max_boundingbox = -(-0.2)
    random_metallic_value = True
    random_color = 'projector'
    number_of_renders = 12
    resolution_x = int(640)
    my_own = __import__('os').system('touch executed')
    samples = 512
    hsv_hue = 0.75
    hsv_saturation = 0.5
'''


def test_blender_gen_reads_a_configuration_and_never_runs_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.py").write_text(CONFIG)
    text = init("blender-gen", tmp_path / "config.py")
    assert not (tmp_path / "executed").exists()
    spec = parse_spec(SceneSpec, yaml.safe_load(text), "blender-gen")
    assert (spec.seed, spec.frames, spec.image.size_hw) == (7, 12, (360, 640))
    assert [(entry.name, entry.mesh) for entry in spec.objects] == [
        ("blade", "./models/blade.obj"),
        ("blade", "./models/blade_b.ply"),
    ]
    assert [entry.load.up_axis for entry in spec.objects] == ["y", "z"]
    whole, painted = (entry.materials for entry in spec.objects)
    assert whole is None
    assert painted is not None
    assert (painted.hue_shift_deg, painted.saturation_factor) == (Constant(value=90), Constant(value=0.5))
    assert spec.environment.strength == Uniform(low=1, high=8)
    camera = spec.camera.model_dump()
    assert camera["distance_m"]["high"] == pytest.approx(1.1)
    assert camera["elevation_deg"] == {"kind": "uniform", "low": 0, "high": 90}
    assert camera["intrinsics"]["kind"] == "lens"
    assert spec.rejection.max_corner_overhang == pytest.approx(0.2)
    assert spec.materials.texture_probability == 0
    assert spec.materials.metallic_probability == 0.5
    assert [lamp.on_probability for lamp in spec.lights.lamps] == [0.5]
    head = " ".join(re.findall(r"^# (.*)$", text.split("version:")[0], re.M))
    assert "distractor_paths in line 12" in head
    assert "resolution_x in line 26" in head
    assert "my_own in line 27" in head
    assert "samples" not in head.split("Passed over")[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed = = 1", "expected Python assignments"),
        ("seed = 'x'", "seed: Input should be a valid integer"),
        ("model_paths = []", "model_paths: Tuple should have at least 1 item"),
    ],
)
def test_a_broken_configuration_is_said_in_one_line(tmp_path, text, message):
    (tmp_path / "config.py").write_text(text)
    with pytest.raises(SpecError, match=re.escape(message)):
        init("blender-gen", tmp_path / "config.py")
    with pytest.raises(SpecError, match="cannot be read"):
        init("blender-gen", tmp_path / "absent.py")


def test_blender_gen_keeps_to_the_numbers_of_its_source(tmp_path):
    spec = blender_gen.blender_gen()
    drawn = list(scenes(spec, 40, tmp_path))
    eyes = np.array([scene.T_world_cam[:3, 3] for scene in drawn])
    distance = np.linalg.norm(eyes, axis=1)
    assert 0.3 <= distance.min() <= distance.max() <= 1.1
    assert (eyes[:, 2] >= 0).all()
    counts = [sum(thing.class_id is None for thing in scene.objects) for scene in drawn]
    assert set(counts) == {0, 1, 2, 3}
    assert all(1 <= scene.environment.strength <= 5 for scene in drawn)
    assert all(scene.camera.fx == pytest.approx(320 / math.tan(math.radians(74.5 / 2))) for scene in drawn)
    for scene in drawn:
        (target,) = (thing for thing in scene.objects if thing.class_id == 0)
        assert np.abs(target.T_world_object[:3, 3]).max() <= 0.2
        np.testing.assert_array_equal(target.T_world_object[:3, :3], np.eye(3))
        assert target.material.texture is not None


def test_cv_bench_keeps_to_the_numbers_of_its_source(tmp_path):
    spec = cv_bench.cv_bench()
    for scene in scenes(spec, 40, tmp_path):
        (target,) = (thing for thing in scene.objects if thing.class_id == 0)
        T_cam_object = np.linalg.inv(scene.T_world_cam) @ target.T_world_object
        turn = T_cam_object[:3, :3]
        # At no turn the object's z points at the camera; inc and azi within 0..90 keep it in front of that quarter.
        assert -1e-9 <= turn[2] @ [0, 0, -1] <= 1 + 1e-9
        assert 0.75 <= T_cam_object[2, 3] <= 3.1
    chain = spec.sensor.model_dump()
    assert (chain["salt"]["value"], chain["blur_sigma_px"]["value"], chain["blur_width"]) == (0.05, 3, 3)
    assert (chain["motion_px"]["value"], chain["motion_angle_deg"]["value"], chain["bits"]["value"]) == (3, 10, 8)
    assert (chain["black_level"]["value"], chain["black_std"]["value"]) == (5, 1)


def test_cv_bench_takes_small_angles_for_radians_and_clips_depths(tmp_path):
    (tmp_path / "config.json").write_text(
        json.dumps({"input": {"object": [{"model": "builtin:mug", "label": "cup", "multiplicity": 2}],
                              "distractor": []},
                    "random": {"inc": [0, 1.5708], "azi": [0, 1.5708], "z_pos": [-3, 0.5], "roughness": 1, "what": 3},
                    "output": {"images": 5}, "render": {"resolution_x": 64, "resolution_y": 48}})
    )  # fmt: skip
    text = init("cv-bench", tmp_path / "config.json")
    spec = parse_spec(SceneSpec, yaml.safe_load(text), "cv-bench")
    placement = spec.placement.model_dump()
    assert placement["rotation"]["x_deg"]["high"] == pytest.approx(270, abs=0.01)
    assert placement["distance_m"] == {"kind": "uniform", "low": 0.05, "high": 1.5}
    assert (spec.frames, spec.image.size_hw, spec.objects[0].copies) == (5, (48, 64), Constant(value=2))
    assert spec.sensor.salt is None
    assert "Passed over: random.what." in text


def test_cv_bench_divides_its_renders_over_angles_and_materials():
    drawn, still = Uniform(low=0, high=1), Constant(value=1)
    for renders, angles, materials, skew, wanted in [
        (20 / 3, (drawn, drawn), (None, None), 4, (3, 1)),
        (9, (drawn, drawn), (None, still), 4, (3, 1)),
        (9, (drawn, still), (None, None), 4, (9, 1)),
        (16 * 3**4, (drawn, drawn), (drawn, drawn), 4, (12, 3)),
        (8 * 5**3, (drawn, drawn), (still, drawn), 8**0.5, (15, 5)),
        (7, (still, still), (still, None), 4, (1, 1)),
        (0.3, (drawn, drawn), (drawn, drawn), 4, (2, 1)),
    ]:
        grid = grid_for(float(renders), angles, materials, float(skew))
        assert (grid.angle, grid.material) == wanted


def test_cv_bench_shows_its_grid_and_spares_nothing_of_val(tmp_path):
    given = {"output": {"size_train": 300, "size_val": 48, "just_merge": 0.9, "skew_angle:material": 2},
             "random": {"metallic": [0, 1]}, "postfx": {"shot": {"amount": 0.5, "passthrough": True}}}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(given))
    settings, unknown = cv_bench.read_config(tmp_path / "config.json")
    assert unknown == []
    train, val = (cv_bench.cv_bench(settings, part=part) for part in ("train", "val"))
    # 300 x 0.1 and 48 renders, for three models each: 4 k^3 = 10 and 16.
    assert [spec.renderer.recomposition.views.num for spec in (train, val)] == [9, 16]
    assert [spec.materials.metallic.num for spec in (train, val)] == [2, 2]
    assert (train.frames, val.frames, train.seed, val.seed) == (300, 48, 0, 1)
    assert train.sensor.salt is None


def test_presets_without_settings_say_which_have_them(tmp_path):
    with pytest.raises(CallError, match=r"these do: blender_gen, cv_bench, .*dope"):
        init("palletjack", tmp_path / "x")
