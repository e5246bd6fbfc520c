"""MTL: the materials of OBJ files, as metallic-roughness materials.

Colours are taken as sRGB, as the common exporters write them. A `map_Kd` replaces `Kd`, which exporters leave grey or
black beside a texture. Roughness is `Pr` where given, else 1 - sqrt(Ns) / 30 (Blender's rule, Ns up to 900).
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import cv2
import numpy as np

from meshsight.assets.color import srgb_to_linear
from meshsight.assets.formats.geometry import read_bytes
from meshsight.assets.places import find_neighbour
from meshsight.assets.texture_files import read_texture
from meshsight.core.errors import AssetError
from meshsight.core.images import RgbImage
from meshsight.records.mesh import Material

_log = logging.getLogger(__name__)

# Options of a map statement and how many words follow each (Wavefront's MTL description).
_OPTION_WORDS = {"-bm": 1, "-blendu": 1, "-blendv": 1, "-boost": 1, "-cc": 1, "-clamp": 1, "-imfchan": 1, "-mm": 2}
_OPTION_WORDS |= {"-texres": 1, "-type": 1}
_UP_TO_THREE_NUMBERS = ("-o", "-s", "-t")
_REMEDY = "correct the name, or remove that line to go on with the plain colour"


@dataclass
class _Entry:
    """One `newmtl` block: its statements' words, and the line of each."""

    words: dict[str, list[str]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read_materials(path: Path, max_texture_px: int) -> Mapping[str, Material]:
    """Reads every material of a file by its name.

    Raises:
        AssetError: a number that is none, or a texture that is missing, misspelt, outside the folder or no picture.
    """
    text = read_bytes(path).decode("utf-8", errors="replace")
    return {name: replace(_material(path, entry, max_texture_px), name=name) for name, entry in _entries(text).items()}


def _entries(text: str) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    current = _Entry()
    for number, line in enumerate(text.splitlines(), start=1):
        key, *words = line.split("#")[0].split() or [""]
        if key.lower() == "newmtl":
            current = entries.setdefault(" ".join(words), _Entry())
        elif words:
            current.words[key.lower()] = words
            current.lines[key.lower()] = number
    return entries


def _material(path: Path, entry: _Entry, max_px: int) -> Material:
    base = _texture(path, entry, "map_kd", max_px)
    diffuse = srgb_to_linear(np.array(_numbers(path, entry, "kd", (0.8, 0.8, 0.8))))
    glow = _numbers(path, entry, "ke", (0.0, 0.0, 0.0)) if "map_ke" not in entry.words else (0.0, 0.0, 0.0)
    shininess = _numbers(path, entry, "ns", (144.0,))[0]
    smoothness = float(np.sqrt(np.clip(shininess, 0.0, 900.0))) / 30.0
    if "map_d" in entry.words or _numbers(path, entry, "d", (1.0,))[0] < 1.0:
        _log.warning("%s: has a transparent material, which is shown opaque", path)
    combined = _metallic_roughness(path, entry, max_px)
    has_map = combined is not None
    return Material(
        base_color=(1.0, 1.0, 1.0) if base is not None else _triple(diffuse),
        metallic=1.0 if has_map else _numbers(path, entry, "pm", (0.0,))[0],
        roughness=1.0 if has_map else _numbers(path, entry, "pr", (1.0 - smoothness,))[0],
        emissive=_triple(np.array(glow)),
        base_color_texture=base,
        metallic_roughness_texture=combined,
    )


def _triple(values: np.ndarray) -> tuple[float, float, float]:
    red, green, blue = (float(v) for v in values)
    return red, green, blue


def _metallic_roughness(path: Path, entry: _Entry, max_px: int) -> RgbImage | None:
    """Packs `map_Pr` and `map_Pm` as glTF does: roughness in green, metallic in blue; a missing one is its number."""
    rough, metal = (_texture(path, entry, key, max_px) for key in ("map_pr", "map_pm"))
    present = rough if rough is not None else metal
    if present is None:
        return None
    height, width = present.shape[:2]
    combined = np.zeros((height, width, 3), dtype=np.uint8)
    for channel, image, key, default in ((1, rough, "pr", 0.6), (2, metal, "pm", 0.0)):
        if image is None:
            combined[..., channel] = round(255 * float(np.clip(_numbers(path, entry, key, (default,))[0], 0, 1)))
        else:
            combined[..., channel] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)[..., 0]
    return combined


def _numbers(path: Path, entry: _Entry, key: str, default: tuple[float, ...]) -> tuple[float, ...]:
    words = entry.words.get(key)
    if words is None:
        return default
    try:
        values = [float(word) for word in words[: len(default)]]
    except ValueError as error:
        raise AssetError(
            f"{path}, line {entry.lines[key]}: expected numbers after '{key}', found '{' '.join(words)}'"
        ) from error
    return tuple(values) if len(values) == len(default) else tuple(values[:1] * len(default))


def _texture(path: Path, entry: _Entry, key: str, max_px: int) -> RgbImage | None:
    if key not in entry.words:
        return None
    name = texture_name(entry.words[key])
    where = f"{path}, line {entry.lines[key]}"
    return read_texture(find_neighbour(name, path, where, _REMEDY), max_px)


def texture_name(words: list[str]) -> str:
    """Returns what is left of a map statement after its options: a file name that may hold spaces."""
    rest = list(words)
    while rest and rest[0] in (*_OPTION_WORDS, *_UP_TO_THREE_NUMBERS):
        option = rest.pop(0)
        for _ in range(_OPTION_WORDS.get(option, 3)):
            if option in _OPTION_WORDS or _is_number(rest[0]):
                rest.pop(0)
    return " ".join(rest)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
