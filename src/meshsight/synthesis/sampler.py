"""Step 1 of the walk: a recipe and a frame number become a Scene.

The order: which objects, how large the region that they need, the camera, the objects' poses, the distractors and
occluders, the room, and then materials, light, background and optics. Each has streams of its own, so changing one
moves another only where geometry does.
"""

from dataclasses import dataclass
from functools import cached_property

from meshsight.core.rng import stream
from meshsight.records.scene import AssetSource, Scene, SceneObject
from meshsight.specs.distributions import support
from meshsight.specs.scene import CAMERA_KINDS, PLACEMENT_KINDS, SceneSpec, classes_of, with_bundle
from meshsight.synthesis.backdrop import draw_background
from meshsight.synthesis.body import Body
from meshsight.synthesis.clutter import Clutter
from meshsight.synthesis.draws import Draws, SharedWorld
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.imaging import draw_sensor
from meshsight.synthesis.lamps import Surroundings, draw_lamps
from meshsight.synthesis.lights import draw_environment, draw_point_lights, draw_suns
from meshsight.synthesis.occluders import put_occluders
from meshsight.synthesis.optics import draw_focus, draw_motion
from meshsight.synthesis.placement import Arranging, Placement
from meshsight.synthesis.rig import CameraRig
from meshsight.synthesis.room import Inside, draw_room
from meshsight.synthesis.sampling import sample_index
from meshsight.synthesis.settling import settle
from meshsight.synthesis.stage import Stage, aim_at_one
from meshsight.synthesis.targets import choose_targets, put_targets
from meshsight.synthesis.view import View

_NEAR_TO_RADIUS = 0.1
_FAR_TO_NEAR = 1e5


@dataclass(frozen=True, kw_only=True)
class SceneSampler:
    """Draws the frames of one recipe; measures each mesh once, so keep it.

    Attributes:
        spec: the recipe, without folders (see `expand_folders`).
        assets: where meshes and pictures come from.
        bundle: which bundle of another recipe's this recipe is.
        known: meshes that were measured already.
    """

    spec: SceneSpec
    assets: AssetSource
    bundle: str | None = None
    known: GeometryCache | None = None

    @cached_property
    def geometries(self) -> GeometryCache:
        """The outlines of all meshes met so far."""
        return self.known or GeometryCache(assets=self.assets)

    @cached_property
    def _bundles(self) -> tuple["SceneSampler", ...]:
        """One sampler for each bundle of settings."""
        return tuple(
            SceneSampler(
                spec=with_bundle(self.spec, index), assets=self.assets, bundle=bundle.name, known=self.geometries
            )
            for index, bundle in enumerate(self.spec.bundles)
        )

    @cached_property
    def _placement(self) -> Placement:
        return PLACEMENT_KINDS.builder(self.spec.placement.kind)(self.spec.placement)

    @property
    def gap(self) -> float | None:
        """Smallest distance that the recipe's placement keeps between two bodies; None where they may touch."""
        return self._placement.gap

    @cached_property
    def _rig(self) -> CameraRig:
        return CAMERA_KINDS.builder(self.spec.camera.kind)(self.spec.camera)

    @cached_property
    def _class_ids(self) -> tuple[int, ...]:
        classes = classes_of(self.spec)
        return tuple(classes.index(entry.name) for entry in self.spec.objects)

    @cached_property
    def _bodies(self) -> tuple[Body, ...]:
        """Every entry of the recipe at the middle of its scales, smallest first."""
        bodies = (
            Body(geometry=self.geometries.get(entry.mesh), scale=0.5 * sum(support(entry.scale)))
            for entry in self.spec.objects
        )
        return tuple(sorted(bodies, key=lambda body: body.radius))

    @property
    def _typical(self) -> Body:
        """The body of median size."""
        return self._bodies[len(self._bodies) // 2]

    def draw(self, frame: int, attempt: int = 0) -> Scene:
        """Draws one frame; equal arguments give equal scenes, in any process.

        Args:
            frame: index of the frame, from 0.
            attempt: 0, or how many scenes of this frame were rejected before.

        Raises:
            RejectedScene: this attempt breaks a rule of the recipe; the next may not.
            AssetError: a mesh or picture is missing or unusable.
        """
        if self.spec.bundles:
            weights = tuple(bundle.weight for bundle in self.spec.bundles)
            # Of all attempts the same, or bundles whose scenes are often rejected would come less often.
            return self._bundles[sample_index(weights, stream(self.spec.seed, frame, "bundle"))].draw(frame, attempt)
        draws = Draws(seed=self.spec.seed, frame=frame, attempt=attempt, world=self._world(frame))
        if self.bundle is not None:
            draws.note("bundle", "bundles by weight")
        targets = choose_targets(self.spec, self.geometries, draws)
        bodies = [target.body for target in targets] or [self._typical]
        placement = self._placement
        if isinstance(placement, Arranging):
            placement = placement.arranged(bodies, draws)
        extent_m = placement.extent_m([body.radius for body in bodies], draws)
        posed = self._rig.draw(self.spec.image.size_hw, extent_m, draws)
        near_m = _NEAR_TO_RADIUS * self._bodies[0].radius
        clip_m = self.spec.clip_m or (near_m, near_m * _FAR_TO_NEAR)
        view = View(camera=posed.camera, T_world_cam=posed.T_world_cam, near_m=clip_m[0], far_m=clip_m[1])
        stage = Stage(
            view=view,
            rejection=self.spec.rejection,
            placement=placement,
            extent_m=extent_m,
            is_aimed=posed.aim is None,
        )
        labelled = put_targets(targets, stage, self.spec, self._class_ids, draws)
        if posed.aim is not None:
            stage = aim_at_one(stage, posed.aim, draws)
        return self._furnish(stage, labelled, draws)

    def _world(self, frame: int) -> SharedWorld | None:
        worlds = self.spec.worlds
        if worlds is None:
            return None
        index, moment = divmod(frame, worlds.frames)
        return SharedWorld(index=index, moment=moment, aspects=frozenset(worlds.share))

    def _furnish(self, stage: Stage, labelled: list[SceneObject], draws: Draws) -> Scene:
        """Draws everything else that a view of a region contains."""
        spec, view, placement, extent_m = self.spec, stage.view, stage.placement, stage.extent_m
        clutter = Clutter(
            spec=spec.distractors,
            stage=stage,
            labelled=tuple(stage.bodies),
            typical=self._typical,
            geometries=self.geometries,
        )
        resting = settle((*labelled, *clutter.put(draws)), stage, draws)
        bodies = list(stage.bodies)
        hiding = put_occluders(spec.occluders, view, bodies, len(labelled), self.geometries, draws)
        stage.check_sight(bodies, len(labelled))
        region, ground = placement.region(view, extent_m), placement.ground(extent_m, draws)
        floor_z_m = None if ground is None else ground.z_m
        room = draw_room(spec.room, Inside(region=region, eye=view.eye, bodies=bodies, floor_z_m=floor_z_m), draws)
        point_lights = draw_point_lights(spec.lights.points, region, draws)
        around = Surroundings(region=region, eye=view.eye, room=room, num_points=len(point_lights))
        lit = draw_lamps(spec.lights.lamps, around, draws)
        moving = draw_motion(spec.motion, (*resting, *hiding), draws)
        return Scene(
            frame=draws.frame,
            camera=view.camera,
            T_world_cam=view.T_world_cam,
            objects=moving.objects,
            ground=ground if room is None else None,
            environment=draw_environment(spec.environment, draws),
            suns=draw_suns(spec.lights.suns, draws),
            point_lights=(*point_lights, *lit.points),
            background=draw_background(spec.backgrounds, spec.image.size_hw, self.assets, draws),
            sensor=draw_sensor(spec.sensor, draws),
            near_m=view.near_m,
            far_m=view.far_m,
            walls=() if room is None else room.walls,
            spot_lights=lit.spots,
            area_lights=lit.areas,
            focus=draw_focus(spec.focus, view, bodies[: len(labelled)], region.center, draws),
            shutter_s=moving.shutter_s,
            camera_motion=moving.camera,
            world=draws.world.index if draws.world is not None and draws.shares("placement") else None,
            bundle=self.bundle,
            origins=_of_what_is_there(draws.origins, has_ground=room is None),
        )


def _of_what_is_there(origins: dict[str, str], *, has_ground: bool) -> dict[str, str]:
    """Leaves out what was drawn of a ground that a room's floor replaces."""
    if has_ground:
        return origins
    return {path: origin for path, origin in origins.items() if not path.startswith("ground.")}


def draw_scene(spec: SceneSpec, assets: AssetSource, frame: int, attempt: int = 0) -> Scene:
    """Draws one frame of a recipe; for many frames keep a `SceneSampler`.

    Raises:
        RejectedScene: this attempt breaks a rule of the recipe.
        AssetError: a mesh or picture is missing or unusable.
    """
    return SceneSampler(spec=spec, assets=assets).draw(frame, attempt)
