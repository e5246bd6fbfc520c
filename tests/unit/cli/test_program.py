"""The program as a whole: its verbs, its help, its speed, and what it refuses."""

import resource
import subprocess
import sys

import pytest
from click.testing import CliRunner

import meshsight
from meshsight.cli.main import program

VERBS = [
    *("demo", "init", "preview", "generate", "cv-bench", "verify", "inspect", "show"),
    *("explain", "rerender", "fetch", "convert", "split", "merge", "patches"),
    *("train", "sweep", "evaluate", "leaderboard", "export", "predict", "weights"),
    *("assets", "blender", "list", "doctor"),
]
GROUPS = {"assets": "assets check", "blender": "blender check", "patches": "patches make", "weights": "weights import"}
HEAVY = {"torch", "numpy", "cv2", "matplotlib", "pydantic", "yaml", "onnxruntime", "PIL", "scipy", "trimesh"}


def test_help_lists_the_verbs_in_the_order_of_the_walk() -> None:
    done = CliRunner().invoke(program, ["--help"])
    assert done.exit_code == 0
    commands = done.stdout.split("Commands:")[1].split("Start here")[0]
    listed = [line.split()[0] for line in commands.splitlines() if line.strip()]
    assert listed == VERBS


@pytest.mark.parametrize("verb", [GROUPS.get(verb, verb) for verb in VERBS])
def test_the_help_of_a_verb_shows_examples_and_the_common_options(verb: str) -> None:
    done = CliRunner().invoke(program, [*verb.split(), "--help"])
    assert done.exit_code == 0
    assert f"\n    meshsight {verb}" in done.stdout.split("Examples:")[1]
    for option in ("--json", "-v, --verbose", "-q, --quiet"):
        assert option in done.stdout


@pytest.mark.parametrize("verb", ["preview", "generate", "train"])
def test_verbs_with_a_recipe_take_overrides(verb: str) -> None:
    assert "--set PATH=VALUE" in CliRunner().invoke(program, [verb, "--help"]).stdout


@pytest.mark.parametrize("verb", ["train", "evaluate", "predict"])
def test_verbs_with_a_network_take_a_device(verb: str) -> None:
    assert "--device DEVICE" in CliRunner().invoke(program, [verb, "--help"]).stdout


def test_version() -> None:
    done = CliRunner().invoke(program, ["--version"])
    assert done.stdout == f"meshsight, version {meshsight.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pradict"], "no verb 'pradict'; did you mean 'predict'?"),
        (["zzz"], "no verb 'zzz'; there are: demo, init,"),
        (["init"], "expected a preset"),
        (["list", "modles"], "'modles' is not one of"),
        (["doctor", "-v", "-q"], "-v and -q contradict each other"),
        (["generate", "scene.yaml"], "Missing option '--out'"),
    ],
)
def test_a_wrong_call_ends_with_2(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(program, arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys; import meshsight.cli.main; print(sorted({HEAVY!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_help_takes_less_than_half_a_second_of_processor_time() -> None:
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "meshsight.cli", "--help"], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(seconds() for _ in range(3)) < 0.5
