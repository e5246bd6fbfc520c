import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshsight.core.camera import Camera
from meshsight.core.errors import DataError
from meshsight.core.files import dump_json
from meshsight.core.pose import make_pose, sample_rotation
from meshsight.records.scene import (
    AreaLight,
    BackgroundPicture,
    Environment,
    Focus,
    Ground,
    MaterialOverride,
    Motion,
    PartMaterial,
    PlainBackground,
    PointLight,
    Scene,
    SceneObject,
    SensorDraw,
    SpotLight,
    Sun,
    Wall,
)
from meshsight.records.scene_json import scene_from_json, scene_to_json


def make_scene(seed=0, background=None):
    rng = np.random.default_rng(seed)
    pose = make_pose(sample_rotation(rng), rng.standard_normal(3))
    return Scene(
        frame=seed,
        camera=Camera(fx=500.1, fy=490.3, cx=rng.random() * 100, cy=200.0, size_hw=(480, 640)),
        T_world_cam=pose,
        objects=(
            SceneObject(instance_id=1, mesh="builtin:mug", class_id=2, T_world_object=pose, scale=1 / 3),
            SceneObject(
                instance_id=2,
                mesh="a/b.glb",
                class_id=None,
                T_world_object=pose,
                material=MaterialOverride(tint=(0.1, 0.2, 0.3), roughness=0.7, texture="texture:wood/3"),
                part_materials=(PartMaterial(part=1, material=MaterialOverride(glow=(0.5, 1 / 3, 0.0))),),
                motion=Motion(velocity=rng.standard_normal(3), spin=rng.standard_normal(3)),
            ),
        ),
        ground=Ground(z_m=0.0, half_size_m=3.3, tint=(1.0, 1.0, 1.0), roughness=0.5, texture=None),
        environment=Environment(ref="environment:sky/1", strength=rng.random(), rotation_rad=1e-17),
        suns=(Sun(direction=np.array([0.0, 0.6, 0.8]), irradiance=(3.0, 2.0, 1.0)),),
        point_lights=(PointLight(position=rng.standard_normal(3), intensity=(1.0, 1.0, 1.0)),),
        background=background,
        sensor=SensorDraw(exposure_ev=-0.1, jpeg_quality=70, seed=12),
        walls=(
            Wall(T_world_wall=pose, size_m=(4.0, 2.5), tint=(0.3, 0.2, 0.1), roughness=0.9, texture="texture:wood/1"),
        ),
        spot_lights=(
            SpotLight(
                position=rng.standard_normal(3),
                direction=np.array([0.0, 0.6, -0.8]),
                intensity=(1.0, 2.0, 3.0),
                cone_rad=0.9,
            ),
        ),
        area_lights=(AreaLight(T_world_light=pose, shape="disk", size_m=(0.5, 0.25), radiance=(9.0, 8.0, 7.0)),),
        focus=Focus(aperture_m=0.012, distance_m=rng.random()),
        shutter_s=0.02,
        camera_motion=Motion(velocity=rng.standard_normal(3), spin=np.zeros(3)),
        origins={"camera.fx": "camera uniform(1, 2)"},
    )


BACKGROUNDS = (
    None,
    PlainBackground(color=(0.1, 0.2, 0.3)),
    BackgroundPicture(ref="background:room/1", is_flipped=True),
)


@given(st.integers(0, 10_000), st.sampled_from(BACKGROUNDS))
def test_a_scene_reads_back_to_the_last_bit(seed, background):
    scene = make_scene(seed, background)
    line = dump_json(scene_to_json(scene))
    back = scene_from_json(json.loads(line), "scenes/0.jsonl:1")
    assert dump_json(scene_to_json(back)) == line
    np.testing.assert_array_equal(back.T_world_cam, scene.T_world_cam)
    np.testing.assert_array_equal(back.objects[1].T_world_object, scene.objects[1].T_world_object)
    np.testing.assert_array_equal(back.point_lights[0].position, scene.point_lights[0].position)
    assert back.camera == scene.camera
    assert back.objects[0].scale == 1 / 3
    assert back.objects[1].class_id is None
    assert type(back.background) is type(scene.background)
    assert back.origins == scene.origins


def edited(path, value):
    data = json.loads(dump_json(scene_to_json(make_scene(0, BACKGROUNDS[2]))))
    node = data
    for key in path[:-1]:
        node = node[key]
    if value is KeyError:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("frame",), KeyError, "here: .*missing 'frame'"),
        (("colour",), 1, "here: .*unknown 'colour'"),
        (("frame",), 1.5, "here.frame: expected int, found 1.5"),
        (("frame",), True, "here.frame: expected int, found True"),
        (("camera", "fx"), "wide", "here.camera.fx: expected a number, found 'wide'"),
        (("camera", "fx"), False, "here.camera.fx: expected a number"),
        (("camera", "size_hw"), [480], "here.camera.size_hw: expected 2 items, found 1"),
        (("T_world_cam",), [[1, 2], [3, 4]], r"here.T_world_cam: expected .* \(4 4\), found \(2, 2\)"),
        (("T_world_cam",), [[1, 2], [3]], "here.T_world_cam: expected an array of numbers"),
        (("objects", 1, "mesh"), None, r"here.objects\[1\].mesh: expected str, found None"),
        (("objects",), {}, "here.objects: expected list"),
        (("background", "kind"), "film", "here.background.kind: expected one of picture, plain, found 'film'"),
        (("origins", "camera.fx"), 3, "here.origins.camera.fx: expected str"),
        (("suns", 0, "direction"), [0, 0, float("nan")], r"here.suns\[0\].direction: expected finite numbers"),
        (("ground",), 3, "here.ground: expected an object, found int"),
        (("area_lights", 0, "shape"), "star", r"here.area_lights\[0\].shape: expected rectangle or disk, found 'star'"),
        (("walls", 0, "size_m"), KeyError, r"here.walls\[0\]: .*missing 'size_m'"),
    ],
)
def test_what_is_no_scene_is_refused_with_its_place(path, value, message):
    with pytest.raises(DataError, match=message) as error:
        scene_from_json(edited(path, value), "here")
    assert "\n" not in str(error.value)


def test_numbers_may_be_written_without_a_point():
    scene = scene_from_json(edited(("near_m",), 1), "here")
    assert scene.near_m == 1.0
    assert isinstance(scene.near_m, float)


def test_a_scene_of_before_reads_as_one_without_what_came_later():
    data = edited(("frame",), 0)
    later = ("walls", "spot_lights", "area_lights", "focus", "shutter_s", "camera_motion")
    older = {key: value for key, value in data.items() if key not in later}
    del older["objects"][1]["motion"], older["objects"][1]["material"]["glow"]
    scene = scene_from_json(older, "here")
    assert scene.walls == () and scene.focus is None and scene.shutter_s == 0.0
    assert scene.objects[1].motion is None and scene.objects[1].material.roughness == 0.7
