"""Keeps sprites: in memory, and on disk under `MESHSIGHT_CACHE`, so that each is taken once, whoever asks first.

A sprite's name is a digest of all that it shows: the shot's numbers, the meshes' and pictures' content, and what draws.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from weakref import WeakKeyDictionary

import numpy as np

from meshsight.core.errors import StorageError
from meshsight.core.files import dump_json, write_bytes
from meshsight.records.frame import Frame
from meshsight.records.scene import AssetSource, MaterialOverride, Scene
from meshsight.records.scene_json import scene_to_json
from meshsight.render.cache import ResourceCache
from meshsight.render.sprites.sprite import Shot, Sprite, take

# To be raised whenever sprites of the same name would come out differently.
_VERSION = 2


class SpriteBank:
    """Takes each sprite once."""

    def __init__(
        self,
        render: Callable[[Scene], Frame],
        assets: AssetSource,
        *,
        drawer: str,
        max_bytes: int,
        folder: Path | None,
    ) -> None:
        """`drawer` says what draws, to the version; `folder` is where sprites are kept, None for nowhere."""
        self._render = render
        self._assets = assets
        self._drawer = drawer
        self._held: ResourceCache[Sprite] = ResourceCache(max_bytes)
        self._folder = folder
        self._digests: dict[str, str] = {}
        # By identity: the same shot is asked for again and again.
        self._names: WeakKeyDictionary[Shot, str] = WeakKeyDictionary()
        self.num_taken = 0

    def get(self, shot: Shot, *, is_kept: bool) -> Sprite:
        """Returns the sprite of a shot; one that is to be kept is looked for on disk, and left there."""
        name = self._names.get(shot)
        if name is None:
            name = self._names[shot] = self._name(shot.scene)
        return self._held.fetch(
            name, lambda: (self._load(name) if is_kept else None) or self._take(shot, name, is_kept)
        )

    def trim(self) -> None:
        """Lets the least recently used sprites go where memory is short."""
        self._held.trim()

    def clear(self) -> None:
        """Forgets all sprites in memory."""
        self._held.clear()

    def _name(self, scene: Scene) -> str:
        content = [self._assets.mesh(thing.mesh).fingerprint for thing in scene.objects]
        content += [self._digest(ref) for ref in sorted(_pictures(scene))]
        content += [self._digest_of_light(scene.environment.ref)]
        text = dump_json([_VERSION, self._drawer, content, scene_to_json(scene)])
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _digest(self, ref: str) -> str:
        if ref not in self._digests:
            self._digests[ref] = hashlib.sha256(np.ascontiguousarray(self._assets.image(ref)).tobytes()).hexdigest()
        return self._digests[ref]

    def _digest_of_light(self, ref: str) -> str:
        key = f"environment {ref}"
        if key not in self._digests:
            radiance = np.ascontiguousarray(self._assets.environment(ref))
            self._digests[key] = hashlib.sha256(radiance.tobytes()).hexdigest()
        return self._digests[key]

    def _take(self, shot: Shot, name: str, is_kept: bool) -> Sprite:
        sprite = take(shot, self._render)
        self.num_taken += 1
        if is_kept and self._folder is not None:
            buffer = io.BytesIO()
            for array in (np.float64(sprite.focal), sprite.color, sprite.inverse_depth):
                np.save(buffer, array, allow_pickle=False)
            write_bytes(self._path(name), buffer.getvalue())
        return sprite

    def _load(self, name: str) -> Sprite | None:
        """Returns a sprite from disk; one that is missing or damaged is taken again."""
        if self._folder is None:
            return None
        try:
            kept = io.BytesIO(self._path(name).read_bytes())
            focal, color, inverse_depth = (np.load(kept, allow_pickle=False) for _ in range(3))
            return Sprite(focal=float(focal), color=color, inverse_depth=inverse_depth)
        except (OSError, ValueError, EOFError):
            return None

    def _path(self, name: str) -> Path:
        if self._folder is None:
            raise StorageError("sprites are not kept on disk")
        return self._folder / name[:2] / f"{name}.sprite"


def _pictures(scene: Scene) -> set[str]:
    """Returns the pictures that a shot's object wears."""
    materials: list[MaterialOverride] = []
    for thing in scene.objects:
        materials += [thing.material, *(part.material for part in thing.part_materials)]
    named = [ref for material in materials for ref in (material.texture, material.glow_texture)]
    return {ref for ref in named if ref is not None}
