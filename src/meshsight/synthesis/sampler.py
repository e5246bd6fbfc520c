"""Step 1 of the walk: a recipe and a frame number become a Scene.

The order: which objects, how large the region that they need, the camera, the objects' poses, the distractors, and then
materials, light and background. Each has streams of its own, so changing one moves another only where geometry does.
"""

from dataclasses import dataclass
from functools import cached_property

from meshsight.records.scene import AssetSource, Scene
from meshsight.specs.distributions import support
from meshsight.specs.scene import CAMERA_KINDS, PLACEMENT_KINDS, SceneSpec, classes_of
from meshsight.synthesis.backdrop import draw_background
from meshsight.synthesis.body import Body
from meshsight.synthesis.clutter import Clutter
from meshsight.synthesis.draws import Draws
from meshsight.synthesis.geometry import GeometryCache
from meshsight.synthesis.imaging import draw_sensor
from meshsight.synthesis.lights import draw_environment, draw_point_lights, draw_suns
from meshsight.synthesis.placement import Arranging, Placement
from meshsight.synthesis.rig import CameraRig
from meshsight.synthesis.settling import settle
from meshsight.synthesis.stage import Stage
from meshsight.synthesis.targets import Target, choose_targets, put_targets
from meshsight.synthesis.view import View

_NEAR_TO_RADIUS = 0.1
_FAR_TO_NEAR = 1e5


@dataclass(frozen=True, kw_only=True)
class SceneSampler:
    """Draws the frames of one recipe; measures each mesh once, so keep it.

    Attributes:
        spec: the recipe, without folders (see `expand_folders`).
        assets: where meshes and pictures come from.
    """

    spec: SceneSpec
    assets: AssetSource

    @cached_property
    def geometries(self) -> GeometryCache:
        """The outlines of all meshes met so far."""
        return GeometryCache(assets=self.assets)

    @cached_property
    def _placement(self) -> Placement:
        return PLACEMENT_KINDS.builder(self.spec.placement.kind)(self.spec.placement)

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
        draws = Draws(seed=self.spec.seed, frame=frame, attempt=attempt)
        targets = choose_targets(self.spec, self.geometries, draws)
        bodies = [target.body for target in targets] or [self._typical]
        placement = self._placement
        if isinstance(placement, Arranging):
            placement = placement.arranged(bodies, draws)
        extent_m = placement.extent_m([body.radius for body in bodies], draws)
        posed = self._rig.draw(self.spec.image.size_hw, extent_m, draws)
        near_m = _NEAR_TO_RADIUS * self._bodies[0].radius
        view = View(camera=posed.camera, T_world_cam=posed.T_world_cam, near_m=near_m, far_m=near_m * _FAR_TO_NEAR)
        stage = Stage(view=view, rejection=self.spec.rejection, placement=placement, extent_m=extent_m)
        return self._furnish(stage, targets, draws)

    def _furnish(self, stage: Stage, targets: list[Target], draws: Draws) -> Scene:
        """Draws everything that a view of a region contains."""
        spec, view, placement, extent_m = self.spec, stage.view, stage.placement, stage.extent_m
        labelled = put_targets(targets, stage, spec, self._class_ids, draws)
        clutter = Clutter(
            spec=spec.distractors,
            stage=stage,
            labelled=tuple(stage.bodies),
            typical=self._typical,
            geometries=self.geometries,
        )
        return Scene(
            frame=draws.frame,
            camera=view.camera,
            T_world_cam=view.T_world_cam,
            objects=settle((*labelled, *clutter.put(draws)), stage, draws),
            ground=placement.ground(extent_m, draws),
            environment=draw_environment(spec.environment, draws),
            suns=draw_suns(spec.lights.suns, draws),
            point_lights=draw_point_lights(spec.lights.points, placement.region(view, extent_m), draws),
            background=draw_background(spec.backgrounds, spec.image.size_hw, self.assets, draws),
            sensor=draw_sensor(spec.sensor, draws),
            near_m=view.near_m,
            far_m=view.far_m,
            origins=draws.origins,
        )


def draw_scene(spec: SceneSpec, assets: AssetSource, frame: int, attempt: int = 0) -> Scene:
    """Draws one frame of a recipe; for many frames keep a `SceneSampler`.

    Raises:
        RejectedScene: this attempt breaks a rule of the recipe.
        AssetError: a mesh or picture is missing or unusable.
    """
    return SceneSampler(spec=spec, assets=assets).draw(frame, attempt)
