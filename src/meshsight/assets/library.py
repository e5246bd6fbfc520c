"""The asset library: turns every reference that a scene may hold into arrays, and keeps them loaded."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
from jaxtyping import Float32, UInt8

from meshsight.assets.builtin.catalogue import list_families, list_football, list_objects, list_shapes, make_builtin
from meshsight.assets.environment_files import read_environment
from meshsight.assets.loading import MAX_TEXTURE_PX, load_mesh
from meshsight.assets.places import FOREIGN_SUFFIXES, find_file
from meshsight.assets.procedural.references import SORTS, draw_environment, draw_picture, sort_of
from meshsight.core.errors import AssetError
from meshsight.core.images import IMAGE_SUFFIXES, read_image, read_size_hw, reduction_for
from meshsight.core.kinds import did_you_mean
from meshsight.records.mesh import Mesh
from meshsight.specs.mesh_import import MeshImport

_BUILTIN = "builtin:"
_JPEG = (".jpg", ".jpeg")
_BUILTIN_NAMES = frozenset((*list_objects(), *list_shapes(), *list_families(), *list_football()))


class AssetLibrary:
    """Implements `AssetSource` over the built-in objects, the procedural pictures and files under a root.

    Meshes stay loaded. Pictures and environments are kept until they are more than `picture_bytes` together; the least
    recently used go first.
    """

    def __init__(
        self,
        root: Path,
        imports: Mapping[str, MeshImport],
        *,
        max_texture_px: int = MAX_TEXTURE_PX,
        picture_bytes: int = 256 << 20,
        convert: Callable[[Path], Path] | None = None,
        finders: Mapping[str, Callable[[str], Path]] = MappingProxyType({}),
    ) -> None:
        """Looks for relative paths under `root`; `imports` says by mesh reference how its file is to be read.

        `convert` turns a mesh file in a format that we do not read into GLB, which needs another program. `finders`
        return the files that such a program brings, by what stands before and after the colon of a reference.
        """
        self._root = root
        self._imports = imports
        self._convert = convert
        self._finders = finders
        self._max_texture_px = max_texture_px
        self._meshes: dict[str, Mesh] = {}
        self._pictures = _ByteLru(picture_bytes)
        self._sizes: dict[str, tuple[int, int]] = {}

    def mesh(self, ref: str) -> Mesh:
        """Returns `builtin:NAME` or a mesh file, in metres, z up.

        Raises:
            AssetError: no such object or file, or one that cannot be used.
        """
        if ref not in self._meshes:
            self._meshes[ref] = self._read_mesh(ref)
        return self._meshes[ref]

    def image(self, ref: str, at_least_hw: tuple[int, int] | None = None) -> UInt8[np.ndarray, "h w 3"]:
        """Returns `texture:FAMILY/SEED`, `background:FAMILY/SEED` or an image file, sRGB; do not write into it.

        Args:
            ref: which.
            at_least_hw: how large it need be at least; a JPEG twice as large or more is decoded at a half, a quarter or
                an eighth of its size. None for the whole picture.

        Raises:
            AssetError: no such family or file.
            ImageError: the file is no whole image.
        """
        reduction = 1
        if at_least_hw is not None and Path(ref).suffix.lower() in _JPEG:
            reduction = reduction_for(self.image_size_hw(ref), at_least_hw)
        return self._pictures.get(f"image {ref} /{reduction}", lambda: self._read_image(ref, reduction))

    def image_size_hw(self, ref: str) -> tuple[int, int]:
        """Returns the size of what `image` returns whole; of a file, only the head is read, and only once.

        Raises:
            AssetError: no such family or file.
            ImageError: the file is no image.
        """
        if ref not in self._sizes:
            is_painted = sort_of(ref) is not None
            self._sizes[ref] = _size_of(self.image(ref)) if is_painted else read_size_hw(self._find_picture(ref))
        return self._sizes[ref]

    def environment(self, ref: str) -> Float32[np.ndarray, "h w 3"]:
        """Returns `environment:FAMILY/SEED` or an .hdr, .exr or .npy file as linear radiance; do not write into it.

        Raises:
            AssetError: no such family or file, or no equirectangular map in it.
        """
        return self._pictures.get(f"environment {ref}", lambda: self._read_environment(ref))

    def _read_mesh(self, ref: str) -> Mesh:
        if ref.startswith(_BUILTIN):
            return make_builtin(ref.removeprefix(_BUILTIN))
        if ref in _BUILTIN_NAMES and not (self._root / ref).exists():
            raise AssetError(f"'{ref}': no such mesh file in {self._root}; did you mean '{_BUILTIN}{ref}'?")
        path = self._find(ref, "mesh file")
        if self._convert is not None and path.suffix.lower() in FOREIGN_SUFFIXES:
            return load_mesh(self._convert(path), MeshImport(), max_texture_px=self._max_texture_px)
        return load_mesh(path, self._imports.get(ref, MeshImport()), max_texture_px=self._max_texture_px)

    def _read_image(self, ref: str, reduction: int) -> UInt8[np.ndarray, "h w 3"]:
        return draw_picture(ref) if sort_of(ref) is not None else read_image(self._find_picture(ref), reduction)

    def _find_picture(self, ref: str) -> Path:
        path = self._find(ref, "picture")
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            raise AssetError(f"{path}: '{path.suffix}' is no picture format we read ({', '.join(IMAGE_SUFFIXES)})")
        return path

    def _read_environment(self, ref: str) -> Float32[np.ndarray, "h w 3"]:
        if sort_of(ref) is not None:
            return draw_environment(ref)
        return read_environment(self._find(ref, "environment map"))

    def _find(self, ref: str, noun: str) -> Path:
        prefix, colon, name = ref.partition(":")
        if colon and prefix in self._finders:
            return self._finders[prefix](name)
        known = ("builtin", *SORTS)
        hint = "" if prefix in known else did_you_mean(prefix, known)
        if colon and (hint or prefix in known):
            raise AssetError(f"'{ref}': '{prefix}:' does not name a {noun}{hint}")
        return find_file(ref, self._root, noun)


def _size_of(image: UInt8[np.ndarray, "h w 3"]) -> tuple[int, int]:
    return image.shape[0], image.shape[1]


class _ByteLru:
    """Keeps arrays by name up to a number of bytes, and lets the least recently used go."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[str, np.ndarray] = OrderedDict()
        self._bytes = 0

    def get(self, name: str, make: Callable[[], np.ndarray]) -> np.ndarray:
        if name in self._held:
            self._held.move_to_end(name)
            return self._held[name]
        array = make()
        array.setflags(write=False)
        self._held[name] = array
        self._bytes += array.nbytes
        while self._bytes > self._max_bytes and len(self._held) > 1:
            _, oldest = self._held.popitem(last=False)
            self._bytes -= oldest.nbytes
        return array
