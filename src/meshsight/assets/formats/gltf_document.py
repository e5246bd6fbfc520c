"""The container of glTF 2.0: JSON and buffers, from a .gltf with its files or from one .glb.

Source of the layout: glTF 2.0 specification, sections 3.6 and 4 (binary format).
"""

import base64
import binascii
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from meshsight.assets.formats.geometry import read_bytes
from meshsight.assets.places import find_neighbour
from meshsight.core.errors import AssetError

_GLB_MAGIC, _JSON_CHUNK, _BIN_CHUNK = 0x46546C67, 0x4E4F534A, 0x004E4942


@dataclass(frozen=True, slots=True)
class GltfDocument:
    """A parsed file: `tree` is its JSON, `buffers` the bytes of each of its buffers."""

    path: Path
    tree: dict[str, Any]
    buffers: list[bytes]

    def view(self, index: int) -> bytes:
        """Returns the bytes of one buffer view."""
        view = self.tree["bufferViews"][index]
        start = view.get("byteOffset", 0)
        return self.buffers[view["buffer"]][start : start + view["byteLength"]]

    def resource(self, uri: str) -> bytes:
        """Returns the bytes behind a URI: embedded, or a file beside the model.

        Raises:
            AssetError: the file is missing or outside the model's folder, or the embedded text is broken.
        """
        return _resource(self.path, uri)


def open_document(path: Path) -> GltfDocument:
    """Reads a .gltf or .glb file and every buffer it names.

    Raises:
        AssetError: it is cut short, is no glTF 2.0, or a buffer is missing or too short.
    """
    try:
        tree, embedded = split_container(read_bytes(path))
        if str(tree["asset"]["version"]).split(".")[0] != "2":
            raise AssetError(f"{path}: glTF {tree['asset']['version']} is not read, only 2.0; export it anew")
        buffers = [_buffer(path, entry, embedded) for entry in tree.get("buffers", [])]
    except (ValueError, KeyError, TypeError, struct.error) as error:
        reason = " ".join(str(error).split())
        raise AssetError(f"{path}: cannot be read as glTF ({reason}); is it cut short? Export it anew") from error
    return GltfDocument(path, tree, buffers)


def split_container(data: bytes) -> tuple[dict[str, Any], bytes | None]:
    """Returns the JSON of a .gltf or .glb file's bytes, and the buffer that a .glb holds.

    Raises:
        ValueError, KeyError, struct.error: the bytes are cut short or no glTF.
    """
    if data[:4] == _GLB_MAGIC.to_bytes(4, "little"):
        return _split_glb(data)
    return json.loads(data.decode("utf-8")), None


def _split_glb(data: bytes) -> tuple[dict[str, Any], bytes | None]:
    _, _, length = struct.unpack_from("<III", data)
    if length > len(data):
        raise ValueError(f"{len(data):,} bytes where its header says {length:,}")
    chunks: dict[int, bytes] = {}
    at = 12
    while at + 8 <= length:
        size, kind = struct.unpack_from("<II", data, at)
        chunks.setdefault(kind, data[at + 8 : at + 8 + size])
        at += 8 + size
    return json.loads(chunks[_JSON_CHUNK].decode("utf-8")), chunks.get(_BIN_CHUNK)


def _buffer(path: Path, entry: dict[str, Any], embedded: bytes | None) -> bytes:
    data = _resource(path, entry["uri"]) if "uri" in entry else embedded
    if data is None or len(data) < entry["byteLength"]:
        found = 0 if data is None else len(data)
        raise ValueError(f"a buffer of {found:,} bytes where {entry['byteLength']:,} are expected")
    return data


def _resource(path: Path, uri: str) -> bytes:
    if uri.startswith("data:"):
        try:
            return base64.b64decode(uri.partition("base64,")[2], validate=True)
        except binascii.Error as error:
            raise AssetError(f"{path}: embedded data cannot be decoded ({error}); export it anew") from error
    remedy = "export the model as one .glb file, which holds everything"
    return find_neighbour(unquote(uri), path, str(path), remedy).read_bytes()
