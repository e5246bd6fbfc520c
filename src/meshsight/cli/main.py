"""The program `meshsight`: a group of verbs, light enough that `--help` answers at once."""

import os

import click

import meshsight
from meshsight.cli.verbs.assets import assets
from meshsight.cli.verbs.blender import blender
from meshsight.cli.verbs.convert import convert
from meshsight.cli.verbs.cv_bench import cv_bench
from meshsight.cli.verbs.demo import demo
from meshsight.cli.verbs.doctor import doctor
from meshsight.cli.verbs.evaluate import evaluate
from meshsight.cli.verbs.explain import explain
from meshsight.cli.verbs.export import export
from meshsight.cli.verbs.fetch import fetch
from meshsight.cli.verbs.generate import generate
from meshsight.cli.verbs.init import init
from meshsight.cli.verbs.inspect import inspect
from meshsight.cli.verbs.leaderboard import leaderboard
from meshsight.cli.verbs.list import list_kinds
from meshsight.cli.verbs.merge import merge
from meshsight.cli.verbs.patches import patches
from meshsight.cli.verbs.predict import predict
from meshsight.cli.verbs.preview import preview
from meshsight.cli.verbs.rerender import rerender
from meshsight.cli.verbs.show import show
from meshsight.cli.verbs.split import split
from meshsight.cli.verbs.sweep import sweep
from meshsight.cli.verbs.train import train
from meshsight.cli.verbs.verify import verify
from meshsight.cli.verbs.weights import weights
from meshsight.core.kinds import did_you_mean

VERBS = (
    *(demo, init, preview, generate, cv_bench),
    *(verify, inspect, show, explain, rerender),
    *(fetch, convert, split, merge, patches),
    *(train, sweep, evaluate, leaderboard, export, predict, weights),
    *(assets, blender, list_kinds, doctor),
)

EXAMPLES = """\b
Start here:
  meshsight demo                                  the whole walk on built-in objects, in minutes
  meshsight init basic > scene.yaml               a recipe to put your own models in
  meshsight preview scene.yaml --out grid.png     look before you generate
\b
Exit codes: 0 done, 1 the data or the result is bad, 2 the call is wrong.
Every verb takes --json, -v and -q; `meshsight VERB --help` shows examples."""


class VerbGroup(click.Group):
    """Lists the verbs in the order of the walk, and suggests the nearest one to a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns the verbs in the order in which a user meets them."""
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Returns a verb, or refuses it with the nearest one."""
        if cmd_name not in self.commands:
            hint = did_you_mean(cmd_name, self.commands) or f"; there are: {', '.join(self.commands)}"
            ctx.fail(f"no verb '{cmd_name}'{hint}")
        return self.commands[cmd_name]


@click.group(cls=VerbGroup, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(meshsight.__version__, prog_name="meshsight")
def program() -> None:
    """Turns 3D models into object detectors that work on real photographs."""


for verb in VERBS:
    program.add_command(verb)


def main() -> None:
    """Runs the program; the entry point of the installed command."""
    # Threads that wait for each other sleep instead of spinning, which on a busy machine costs several times the work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    program(prog_name="meshsight")
