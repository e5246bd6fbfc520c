"""Where metrics can go besides the run's own folder; one kind a file."""

import os

# MLflow decides about its telemetry when it is first imported, which is after this package.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
