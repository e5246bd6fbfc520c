"""`generate --on ray`: the same bytes as one machine, also when a node of two dies in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from meshsight.datasets.folder import RUN
from meshsight.specs.recipe import dump_recipe
from meshsight.specs.scene import SceneSpec
from meshsight.workflows.generate import generate
from meshsight.workflows.verify import verify

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray: pip install 'meshsight[cluster]'")

FRAMES = 120
RECIPE = {
    "frames": FRAMES,
    "image": {"size_hw": [48, 64], "format": "png"},
    "renderer": "raycast",
    "objects": [{"name": "mug", "mesh": "builtin:mug"}],
    "distractors": {"count": 0},
    "environment": {"source": {"kind": "procedural", "families": ["sky"], "seeds": [0, 0]}},
    "backgrounds": [{"kind": "plain"}],
}

# Two nodes of one core each, as two machines with a common folder would be; ended by the end of its input.
CLUSTER = """
import json
from ray.cluster_utils import Cluster
options = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 << 20}
cluster = Cluster(initialize_head=True, head_node_args=options)
node = cluster.add_node(**options)
raylet = node.all_processes["raylet"][0].process.pid
print(json.dumps({"address": cluster.address, "raylet": raylet}), flush=True)
input()
cluster.shutdown()
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[dict[str, str | int]]:
    """Address of the cluster, and the process that holds its second node."""
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0"}
    command = [sys.executable, "-c", CLUSTER]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=environment, text=True, **pipes) as process:
        assert process.stdout is not None
        line = next((line for line in process.stdout if line.startswith("{")), None)
        if line is None:
            pytest.skip("no Ray cluster starts here, as where /dev/shm or ports are missing")
        yield json.loads(line)
        process.communicate("\n", timeout=60)


def content(folder: Path) -> dict[str, bytes]:
    named = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in named.items() if not name.startswith(f"{RUN}/")}


def start(recipe: Path, out: Path, address: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "meshsight.cli", "generate", str(recipe), "--out", str(out), "--on", "ray"]
    environment = {**os.environ, "RAY_ADDRESS": str(address), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def kill_node(raylet: int) -> None:
    """Everything on the node is gone at once, as when a machine loses its power."""
    process = psutil.Process(raylet)
    for victim in [process, *process.children(recursive=True)]:
        os.kill(victim.pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_node_that_dies_costs_nothing(cluster: dict[str, str | int], tmp_path: Path) -> None:
    spec = SceneSpec.model_validate(RECIPE)
    (tmp_path / "scene.yaml").write_text(dump_recipe(spec))
    out = tmp_path / "set"
    process = start(tmp_path / "scene.yaml", out, cluster["address"])
    deadline = time.monotonic() + 60
    while sum(1 for _ in (out / "images").glob("[!.]*")) < FRAMES // 4:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline, "no images within a minute"
        time.sleep(0.01)
    kill_node(int(cluster["raylet"]))
    _, words = process.communicate(timeout=120)
    assert process.returncode == 0, words
    assert "a Ray cluster of 2 nodes" in words and "drawing with 2 processes" in words
    assert "a worker process died (its node was lost); starting anew" in words
    generate(spec, tmp_path / "alone", root=tmp_path, workers=1, progress=False)
    assert content(out) == content(tmp_path / "alone")
    assert verify(out).is_good
    assert not [path.name for path in (out / RUN).iterdir() if path.name.startswith("shared-")]
