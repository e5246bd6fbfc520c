"""Compiles generated C with the compiler at hand, and asks the program: what it says, and how long it takes."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from meshsight.core.errors import ArtifactError
from meshsight.core.files import write_text
from meshsight.exporting.c99.export import CFiles
from meshsight.records.patches import PatchGuesses, PatchSignature, Pixels, Places

STANDARD = ("-std=c99", "-O2")
NATIVE = ("-std=c99", "-O3", "-march=native")
COMPILERS = ("cc", "gcc", "clang")
BATCH = 16384
TURNS = 7
TURN_CALLS = 10_000

PROGRAM = """\
#include "@NAME@.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* program COUNT TURNS: reads places and patches, answers all of them in each turn, writes the last answers to stdout
   and what the fastest turn took, in microseconds a patch, to stderr. */
int main(int argc, char **argv)
{
    const size_t size = @UPPER@_HEIGHT * @UPPER@_WIDTH * @UPPER@_CHANNELS;
    const size_t count = argc > 2 ? strtoul(argv[1], 0, 10) : 0, turns = argc > 2 ? strtoul(argv[2], 0, 10) : 0;
    float *places = malloc((count * 4 + 1) * sizeof *places);
    unsigned char *patches = malloc(count * size + 1);
    float *out = malloc((count * @UPPER@_NUM_OUTPUTS + 1) * sizeof *out);
    float *arena = malloc(@UPPER@_ARENA * sizeof *arena);
    double least = 0;
    size_t turn, i;
    if (!places || !patches || !out || !arena)
        return 3;
    if (fread(places, sizeof *places, count * 4, stdin) != count * 4 || fread(patches, size, count, stdin) != count)
        return 4;
    for (turn = 0; turn < turns; ++turn) {
        const clock_t started = clock();
        double took;
        for (i = 0; i < count; ++i)
            @NAME@_run_bytes(patches + i * size, @PLACE@out + i * @UPPER@_NUM_OUTPUTS, arena);
        took = (double)(clock() - started) / CLOCKS_PER_SEC;
        least = turn == 0 || took < least ? took : least;
    }
    fwrite(out, sizeof *out, count * @UPPER@_NUM_OUTPUTS, stdout);
    fprintf(stderr, "%.9g\\n", count ? 1e6 * least / count : 0.0);
    free(places); free(patches); free(out); free(arena);
    return 0;
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """A C compiler.

    Attributes:
        command: its path.
        version: the first line of what it says of itself.
    """

    command: str
    version: str


def compiler_at_hand() -> Compiler | None:
    """Returns the compiler that CC names, or else the first of cc, gcc and clang that is there."""
    for name in (os.environ.get("CC"), *COMPILERS):
        path = None if not name else shutil.which(name)
        if path is not None:
            done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            return Compiler(command=path, version=(done.stdout.splitlines() or [path])[0])
    return None


def native_flags() -> tuple[str, ...]:
    """Returns the flags by which speed is measured: those in CFLAGS, or else the best for this processor."""
    given = os.environ.get("CFLAGS", "").split()
    return ("-std=c99", *given) if given else NATIVE


class CompiledPatchModel:
    """Generated C, compiled, as a patch network.

    Attributes:
        signature: how it is fed and used.
    """

    def __init__(self, command: Sequence[str], signature: PatchSignature) -> None:
        self.signature = signature
        self._command = tuple(command)

    def look(self, pixels: Pixels, places: Places | None) -> PatchGuesses:
        """Looks at patches.

        Raises:
            ArtifactError: the program fails.
        """
        parts = [
            self._run(pixels[at : at + BATCH], None if places is None else places[at : at + BATCH], turns=1)[0]
            for at in range(0, len(pixels), BATCH)
        ]
        answers = np.concatenate(parts)
        says_score = "scores" in self.signature.outputs
        return PatchGuesses(
            scores=answers[:, 0] if says_score else None,
            circles=answers[:, int(says_score) :] if "circles" in self.signature.outputs else None,
        )

    def microseconds(self, pixels: Pixels, places: Places | None) -> float:
        """Returns what one patch takes on average: processor time of one thread, the fastest of a few turns.

        Raises:
            ArtifactError: the program fails.
        """
        rows = np.arange(TURN_CALLS) % len(pixels)
        return self._run(pixels[rows], None if places is None else places[rows], turns=TURNS)[1]

    def _run(self, pixels: Pixels, places: Places | None, turns: int) -> tuple[Float32[np.ndarray, "n k"], float]:
        where = np.zeros((len(pixels), 4), np.float32) if places is None else places.astype(np.float32)
        done = subprocess.run(
            [*self._command, str(len(pixels)), str(turns)],
            input=where.tobytes() + np.ascontiguousarray(pixels).tobytes(),
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise ArtifactError(
                f"{self._command[-1]}: ended with {done.returncode}: {done.stderr.decode(errors='replace')[-300:]}"
            )
        return np.frombuffer(done.stdout, np.float32).reshape(len(pixels), -1), float(done.stderr)


@contextmanager
def compiled(
    files: CFiles, signature: PatchSignature, compiler: Compiler, flags: Sequence[str] = STANDARD
) -> Iterator[CompiledPatchModel]:
    """Compiles a network's files into a program that is there until the end of the block.

    Raises:
        ArtifactError: they do not compile.
    """
    name = files.header.stem
    with tempfile.TemporaryDirectory(prefix="meshsight-c99-") as folder:
        main, program = Path(folder) / "main.c", Path(folder) / "program"
        text = PROGRAM.replace("@PLACE@", "places + i * 4, " if signature.has_position else "")
        write_text(main, text.replace("@NAME@", name).replace("@UPPER@", name.upper()))
        compile_program(compiler, (*flags, f"-I{files.header.parent}"), (files.source, main), program)
        yield CompiledPatchModel((str(program),), signature)


def compile_program(compiler: Compiler, flags: Sequence[str], sources: Sequence[Path], program: Path) -> None:
    """Compiles a program.

    Raises:
        ArtifactError: the compiler refuses.
    """
    command = [compiler.command, *flags, "-o", str(program), *map(str, sources), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if "error" in line] or done.stderr.splitlines()
        reason = said[0] if said else f"it ended with {done.returncode}"
        raise ArtifactError(
            f"{sources[0]}: {Path(compiler.command).name} refuses it: {reason}. "
            "Please report it with the run's recipe, or name another compiler: CC=..."
        )
