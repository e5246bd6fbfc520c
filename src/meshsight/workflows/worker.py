"""What a worker process runs: `python -m meshsight.workflows.worker`, spoken to by `execution.Pool`."""

import sys

from meshsight.core.kinds import Kinds
from meshsight.execution.worker import serve

JOB_KINDS = Kinds("meshsight.workflows.jobs", "job")
# -P keeps files of the current folder, such as a user's own random.py, from being imported instead of real modules.
WORKER_COMMAND = (sys.executable, "-P", "-m", "meshsight.workflows.worker")

if __name__ == "__main__":
    serve(JOB_KINDS)
