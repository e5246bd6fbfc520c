"""Writes a patch network as C99: a header with everything inside, and a self-test; step 9 of the walk."""

import copy
import re
from pathlib import Path
from typing import NamedTuple

import torch

from meshsight.core.errors import CallError
from meshsight.core.files import write_text
from meshsight.exporting.c99.header import header_code, signature_of, source_file
from meshsight.exporting.c99.layers import places
from meshsight.exporting.c99.plan import plan
from meshsight.exporting.c99.selftest import TestPatches, self_test_code
from meshsight.exporting.c99.source import source_code
from meshsight.models.patch.net import PatchNet

NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


class CFiles(NamedTuple):
    """The files of a network in C.

    Attributes:
        header: the network, whole.
        source: two lines that have the header's code compiled.
        self_test: a program that proves the code where it is to run.
    """

    header: Path
    source: Path
    self_test: Path


def export_c99(net: PatchNet, folder: Path, name: str = "ball", real: TestPatches | None = None) -> CFiles:
    """Writes a network as C99 that needs nothing but `expf`: weights inside, no allocation, no state.

    It compiles to SSE or NEON where the compiler's target has them. The outputs are those of the network's `decode`.

    Args:
        net: in any state of training; it is left alone.
        folder: where the files go.
        name: begins their names and every name that they export.
        real: patches that the self-test is to hold besides noise.

    Raises:
        CallError: the name is no lower-case C identifier.
        ArtifactError: a layer cannot be written as C, or a weight is not finite.
        StorageError: the folder cannot be written.
    """
    if NAME.fullmatch(name) is None:
        raise CallError(f"name '{name}': expected a lower-case C identifier of at most 31 characters, such as 'ball'")
    still = copy.deepcopy(net).to(device="cpu", dtype=torch.float32).eval()
    steps, signature = plan(still), signature_of(still, name)
    arena = sum(place.size for place in places(steps).values())
    files = CFiles(folder / f"{name}.h", folder / f"{name}.c", folder / f"{name}_test.c")
    texts = (
        header_code(still, signature, arena, source_code(still, steps, signature)),
        source_file(signature),
        self_test_code(still, signature, real),
    )
    for path, text in zip(files, texts, strict=True):
        write_text(path, text)
    return files
