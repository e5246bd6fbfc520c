"""`meshsight blender`: the path tracer's program."""

from typing import Any

import click

from meshsight.cli.options import examples
from meshsight.cli.output import Outcome
from meshsight.cli.running import is_talkative, verb_command, workflow

EXAMPLES = examples(
    "meshsight blender install",
    "meshsight blender install --version 4.5.15",
    "meshsight blender check",
    "meshsight blender check --blender /opt/blender/blender --json",
)


@click.group(short_help="Install and check Blender, which draws for `cycles`.", epilog=EXAMPLES)
def blender() -> None:
    """Looks after Blender, which draws for the renderer `cycles` and reads FBX, USD, Collada and .blend."""


@blender.command(short_help="Install Blender as a Python module of its own.", epilog=EXAMPLES)
@click.option("--version", default="5.0.1", show_default=True, help="Version; 4.5.15 and 4.2.23 are tested, too.")
@verb_command
def install(version: str) -> Outcome:
    """Installs Blender (375 MB to download, 1 GB on disk) in an environment of its own under MESHSIGHT_CACHE.

    Needs Python 3.11. Run again, it goes on where it was broken off.
    """
    done = workflow("blender_install", "install_blender")(version, progress=is_talkative())
    return Outcome(data=done, text=f"Blender {done.version}: {done.python}")


@blender.command(short_help="Draw a small frame, and compare its labels.", epilog=EXAMPLES)
@click.option("--blender", "program", help="A Blender program, or a Python that has bpy.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, optix, cuda, hip, metal or oneapi.")
@verb_command
def check(program: str | None, device: str) -> Outcome:
    """Draws a small frame and compares its labels with the rasteriser's; ends with 1 where they differ."""
    found = workflow("blender_check", "check_blender")(program, device=device)
    return Outcome(data=found, text=_text(found), exit_code=0 if found.is_good else 1)


def _text(found: Any) -> str:
    verdict = "agree" if found.is_good else "DIFFER"
    return "\n".join(
        [
            f"program:  {found.program}",
            f"draws by: {found.drawer}",
            f"a frame:  {found.seconds:.2f} s",
            f"labels:   {verdict} with {found.compared_with} (mask IoU {found.iou:.4f})",
        ]
    )
