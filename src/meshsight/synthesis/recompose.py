"""Frames that only put the objects of a few scenes together anew: the same views of them, elsewhere in the image.

Each object is turned about the camera's centre, which moves its picture by a homography and leaves all else of it as it
was: a renderer of sprites needs no new one, and the poses, boxes and keypoints of the frame are exact. The light on an
object is that of the scene it comes from, and turns with it: `SceneObject.T_cam_taken` says where it stood.
"""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.spatial.transform import Rotation

from meshsight.core.pose import Matrix3, Matrix4, Vector3, make_pose, rotation_about_z
from meshsight.core.rng import stream
from meshsight.records.scene import Scene, SceneObject
from meshsight.specs.recomposition import RecompositionSpec, ViewGridSpec
from meshsight.synthesis.backdrop import draw_background
from meshsight.synthesis.body import Body, PlacedBody
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.imaging import draw_sensor
from meshsight.synthesis.rejection import OVERHANGS, TOUCHES, RejectedScene
from meshsight.synthesis.sampler import SceneSampler
from meshsight.synthesis.sampling import describe, sample
from meshsight.synthesis.separation import keeps_apart
from meshsight.synthesis.view import View, overhang_of


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """An object of the bank, its body, and where it stands in the camera that takes its sprite at size 1."""

    thing: SceneObject
    body: Body
    T_cam_object: Matrix4


@dataclass(frozen=True, kw_only=True)
class Recomposer:
    """Draws the frames of a recipe, most of them from its bank of scenes.

    Attributes:
        spec: which frames, and how.
        sampler: draws the recipe's own scenes.
        bank: the scenes drawn so far, by number.
    """

    spec: RecompositionSpec
    sampler: SceneSampler
    bank: dict[int, Scene] = field(default_factory=dict)

    def draw(self, frame: int, attempt: int = 0) -> Scene:
        """Draws one frame; equal arguments give equal scenes, in any process.

        Raises:
            RejectedScene: this attempt breaks a rule of the recipe; the next may not.
            AssetError: a mesh or picture is missing or unusable.
        """
        modes = self.spec.blending
        layout = frame // len(modes) if self.spec.copies else frame
        draws = Draws(seed=self.sampler.spec.seed, frame=layout, attempt=attempt)
        is_merged = draws.stream("recomposition.just_merge").random() < self.spec.just_merge
        scene = self._merge(draws) if is_merged else self.sampler.draw(layout, attempt)
        chosen = frame % len(modes) if self.spec.copies else int(draws.stream("blending").integers(0, len(modes)))
        scene.origins["blending"] = f"renderer.recomposition.blending: one of {', '.join(modes)}"
        return replace(scene, frame=frame, blending=modes[chosen], layout=layout if self.spec.copies else None)

    def _source(self, number: int) -> Scene:
        """Returns a scene of the bank: the first attempt at it that breaks no rule.

        Raises:
            RejectedScene: none does.
        """
        if number not in self.bank:
            self.bank[number] = self._first_sound(number, 0)
        return self.bank[number]

    def _first_sound(self, number: int, attempt: int) -> Scene:
        try:
            return self.sampler.draw(number, attempt)
        except RejectedScene:
            if attempt + 1 >= self.sampler.spec.rejection.tries_per_frame:
                raise
        return self._first_sound(number, attempt + 1)

    def _merge(self, draws: Draws) -> Scene:
        recipe = self.sampler.spec
        rng = draws.stream("recomposition")
        number = int(rng.integers(0, self.spec.bank))
        source = self._source(number)
        for path, origin in source.origins.items():
            if not path.startswith(("background", "sensor", "ground", "walls")):
                draws.note(path, f"scene {number} of the bank: {origin}")
        return replace(
            source,
            frame=draws.frame,
            objects=self._arrange(source, number, rng, draws),
            ground=None,
            walls=(),
            background=draw_background(recipe.backgrounds, recipe.image.size_hw, self.sampler.assets, draws),
            sensor=draw_sensor(recipe.sensor, draws),
            origins=draws.origins,
        )

    def _arrange(self, source: Scene, number: int, rng: np.random.Generator, draws: Draws) -> tuple[SceneObject, ...]:
        """Puts a scene's objects elsewhere, labelled ones first, each where it touches none before it."""
        view = View(camera=source.camera, T_world_cam=source.T_world_cam, near_m=source.near_m, far_m=source.far_m)
        put: list[PlacedBody] = []
        things: list[SceneObject] = []
        for index, thing in enumerate(source.objects):
            angles = None if self.spec.views is None else self._angles(self.spec.views, draws.frame, index)
            seen = "" if angles is None else ", seen under {:g}, {:g}, {:g} degrees of views".format(*angles)
            things.append(self._put(self._source_of(thing, view, angles), view, put, rng))
            draws.note(
                f"objects[{index}].T_world_object",
                f"renderer.recomposition: as in scene {number} of the bank{seen}, turned about the camera; size one of "
                f"{', '.join(f'{size:g}' for size in self.spec.sizes)}, roll_deg {describe(self.spec.roll_deg)}",
            )
        return tuple(things)

    def _angles(self, views: ViewGridSpec, frame: int, index: int) -> tuple[float, float, float]:
        """Deals an object's turns out: in every `num` frames each comes once."""
        number, place = divmod(frame, views.num)
        order = stream(self.sampler.spec.seed, number, f"recomposition.views[{index}]").permutation(views.num)
        return views.angles(int(order[place]))

    def _source_of(self, thing: SceneObject, view: View, angles: tuple[float, float, float] | None) -> _Source:
        """Returns an object as it is to be taken: as it stands, or turned on the camera's axis at its depth."""
        body = Body(geometry=self.sampler.geometries.get(thing.mesh), scale=thing.scale)
        T_cam_object = view.T_cam_world @ thing.T_world_object
        if angles is not None:
            turn = np.asarray(Rotation.from_euler("xyz", angles, degrees=True).as_matrix(), dtype=np.float64)
            depth = float(T_cam_object[2, :3] @ body.center + T_cam_object[2, 3])
            T_cam_object = make_pose(turn, np.array([0.0, 0.0, depth]) - turn @ body.center)
        return _Source(thing, body, T_cam_object)

    def _put(self, source: _Source, view: View, put: list[PlacedBody], rng: np.random.Generator) -> SceneObject:
        thing, body = source.thing, source.body
        rejection = self.sampler.spec.rejection
        broken: Counter[str] = Counter()
        for _ in range(rejection.tries_per_object):
            taken, pose = self._propose(source, view, rng)
            placed = PlacedBody(body=body, T_world_object=pose)
            is_labelled = thing.class_id is not None
            if is_labelled and overhang_of(view, placed) > rejection.max_box_overhang:
                broken[OVERHANGS] += 1
            elif self.sampler.gap is not None and not keeps_apart(placed, put, 0.0):
                broken[TOUCHES] += 1
            else:
                put.append(placed)
                return replace(thing, T_world_object=pose, T_cam_taken=taken)
        raise RejectedScene(f"{thing.mesh} found no place in {rejection.tries_per_object} tries", broken)

    def _propose(self, source: _Source, view: View, rng: np.random.Generator) -> tuple[Matrix4, Matrix4]:
        """Draws size, place and roll; returns the pose in the camera of the sprite, and the pose in the world."""
        T_cam_source, body = source.T_cam_object, source.body
        factor = self.spec.sizes[int(rng.integers(0, len(self.spec.sizes)))]
        center = T_cam_source[:3, :3] @ body.center + T_cam_source[:3, 3]
        taken = make_pose(T_cam_source[:3, :3], T_cam_source[:3, 3] + center * (1.0 / factor - 1.0))
        distance = float(np.linalg.norm(center)) / factor
        size = np.array([view.camera.size_hw[1], view.camera.size_hw[0]], dtype=np.float64)
        side = 2.0 * view.camera.fx * body.radius / distance
        inset = np.minimum(side * (0.5 - self.spec.overhang), 0.5 * size)
        pixel = rng.uniform(inset, size - inset)
        for axis, given in enumerate((self.spec.x, self.spec.y)):
            if given is not None:
                pixel[axis] = (0.5 + sample(given, rng)) * size[axis]
        towards = view.ray(pixel)
        roll = rotation_about_z(float(np.deg2rad(sample(self.spec.roll_deg, rng))))
        turn = _facing(towards) @ roll @ _facing(center).T
        placed = make_pose(turn, np.zeros(3)) @ taken
        return taken, view.T_world_cam @ placed


def _facing(direction: Vector3) -> Matrix3:
    """Returns a rotation that turns the optical axis to a direction, the shortest way."""
    x, y, z = direction / np.linalg.norm(direction)
    k = 1.0 / max(1.0 + z, 1e-9)
    return np.array([[1 - k * x * x, -k * x * y, x], [-k * x * y, 1 - k * y * y, y], [-x, -y, z]])
